"""A prompted judge of steps: one reply goes through a solution step by step and says which are right."""

from __future__ import annotations

import re
from collections.abc import Sequence

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, sample
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.steps import Aggregate, Step, Unit, judged_steps, split

__all__ = ["labels", "numbered", "step_judge"]

PROMPT = """Below are a question and the steps of a solution, which may not be finished. Go through the steps in order.
Judge each one on its own: is what it says right, and does it follow from the question and the steps before it? What is
missing at the end is no error. Write one line for each step in this form, and nothing else:

Step 1: (why, in one sentence) Verdict: correct
Step 2: (why, in one sentence) Verdict: incorrect

[Question]
{question}

[Steps]
{steps}
[End of the steps]"""

_BEGINS = re.compile(r"^\W*step\W*(\d{1,4})\b\W*", re.IGNORECASE | re.MULTILINE)
_VERDICT = re.compile(r"verdict\W{0,5}(\w+(?: \w+)?)", re.IGNORECASE)
_WORD = re.compile(r"\b(not correct|not right|incorrect|wrong|invalid|correct|right|valid)\b", re.IGNORECASE)
_RIGHT = {"correct", "right", "valid"}


@needs(judge="text")
def step_judge(
    problem: Problem, text: str, *, key: Key, aggregate: Aggregate = "min", unit: Unit = "auto"
) -> Flow[Judgement]:
    """A language model's verdict on every step, asked for in one reply with greedy decoding.

    A partial solution is judged as far as it goes, so it also gives the value of a node in a search.

    Source: Zheng et al. 2024, ProcessBench (2412.06559), prompted critics; ways to aggregate: Lightman et al. 2023
    (2305.20050), Snell et al. 2024 (2408.03314).

    Args:
        aggregate: how the verdicts, 1 and 0, become one number: min (1 if no step is wrong), product (the same here),
            last (the state reached), mean (the share of right steps); min is our default.
        unit: where a step ends; "auto" takes "Step 1:" marks, else paragraphs, lines or sentences. A search that
            extends texts by lines should say lines.

    Returns: score; in [0, 1]; None if the text is blank or the reply holds no verdict.

    Cost: generate <= 1

    Guarantees: heuristic; no better than the judge.

    Deviations: our own wording; a verdict for every step in place of the number of the first wrong one. A step that the
    reply leaves out counts as wrong, as in SPARE (2506.15498), but is not judged where the reply was cut before it.

    >>> from passel.core.play import play
    >>> text = "Step 1: Fine. Verdict: correct\\nStep 2: It is 4. Verdict: incorrect"
    >>> play(step_judge(Problem("1", "2 + 2?"), "2+2=5\\nSo 5.", key=Key(), aggregate="mean"), [text]).value.explanation
    'step 2 of 2 is the weakest, 0: So 5. (It is 4.)'
    """
    steps = yield from labels(problem, text, key=key, unit=unit)
    return judged_steps(steps, aggregate)


def labels(problem: Problem, text: str, *, key: Key, unit: Unit = "auto") -> Flow[tuple[Step, ...]]:
    """The steps of a text with the judge's verdicts (1 right, 0 wrong) and reasons. All scores are None where there is
    no verdict at all. Cost: generate <= 1."""
    steps = split(text, unit)
    if not text.strip():
        return tuple(map(Step, steps))
    prompt = PROMPT.format(question=problem.question, steps=numbered(steps))
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample((Message("user", prompt),), key=key, sampling=greedy, role="judge", label="step_judge")
    found = _verdicts(reply.text) if reply.stop in ("end", "length") else {}
    left_out = 0.0 if found and reply.ok else None
    missing = (left_out, "")
    return tuple([Step(step, *found.get(number, missing)) for number, step in enumerate(steps, 1)])


def numbered(steps: Sequence[str]) -> str:
    """Steps for a prompt, each under its number: "[1] ..."."""
    return "\n".join([f"[{number}] {step.strip()}" for number, step in enumerate(steps, 1)])


def _verdicts(text: str) -> dict[int, tuple[float, str]]:
    """Number of the step -> verdict and reason. The last word on a step holds; a step without a verdict is left out."""
    found: dict[int, tuple[float, str]] = {}
    begins = list(_BEGINS.finditer(text))
    ends = [*(begin.start() for begin in begins), len(text)][1:]
    for begin, end in zip(begins, ends, strict=True):
        said = text[begin.end() : end]
        named = _VERDICT.findall(said)
        words = _WORD.findall(named[-1] if named else said)
        if words:
            reason = _VERDICT.split(said)[0].strip(" \n-*()")
            found[int(begin[1])] = (float(words[-1].lower() in _RIGHT), reason)
    return found
