"""SPARE: every step of a solution is judged against a reference solution, in one reply."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, call, sample
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.records import records
from passel.verifiers.parts.steps import Aggregate, Step, Unit, judged_steps, split
from passel.verifiers.step_judge import numbered

__all__ = ["Annotation", "Missing", "annotate", "labelled", "spare"]

Missing = Literal["incorrect", "outcome"]
"""What a step is that the judge left out or garbled: incorrect (strict), or as right as the final answer is."""

PROMPT = """A student solved the question below. Compare the student's steps with the reference solution, which is
right. For every step of the student find the steps of the reference that it corresponds to (several, or none), then
decide whether it is right given the question and the student's steps before it. Another way than the reference's is
right too if it is sound. Write one record for each step of the student, in order, as a JSON list and nothing else:

[{{"student_step": 1, "reference_steps": [1, 2], "reasoning": "one or two sentences", "label": "CORRECT", \
"error_type": "none"}}]

label is CORRECT or INCORRECT. error_type is one of: none, calculation, wrong_operation, misread_question, \
missing_premise, unsupported_claim, other.

[Question]
{question}

[Reference solution]
{reference}

[Student solution]
{steps}
[End of the student solution]"""

_FIELDS = ("student_step", "reference_steps", "reasoning", "label", "error_type")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A solution with a label for each step.

    Args:
        steps: with score 1 (right) or 0; None throughout where there was no reference or no reply.
        outcome: the score of the final answer by the task's own check, or None.
    """

    steps: tuple[Step, ...]
    outcome: float | None = None


@needs(judge="text", tool="reference check")
def spare(
    problem: Problem,
    text: str,
    *,
    key: Key,
    aggregate: Aggregate = "mean",
    missing: Missing = "incorrect",
    unit: Unit = "auto",
) -> Flow[Judgement]:
    """Single-pass annotation with reference-guided evaluation: the share of steps that are right by the reference.

    The judge sees the question, the numbered steps of the reference and of the solution, and answers with one record a
    step: the reference's steps that match, the reasoning, a label and the kind of error. The last step's label is then
    overwritten by the check of the final answer. It knows the gold answer, so it is an upper bound for verifiers, and
    made for `annotate`: labels to train a process reward model with.

    One reply labels S steps. Labels by rollouts take S * m continuations: with r tokens left to write from a step on
    average and L tokens in the reply, S * m * r / L times the tokens.

    Source: Rizvi et al. 2025 (2506.15498), SPARE; labels from records as in its public code, data/rm_utils.py,
    prepare_step_tag_and_scores.

    Symbols: S student steps, R reference steps, O the final answer's check -> the records.

    Args:
        aggregate: how the labels become one number. mean as in the paper's ranking of solutions.
        missing: a step that the judge left out or garbled is incorrect (the paper's default), or takes the outcome's
            label.
        unit: where a step ends, in the solution and in the reference; "auto" takes "Step 1:" marks, else paragraphs,
            lines or sentences.

    Returns: score; in [0, 1]; None if the text is blank, there is no reference, or the judge's pass failed.

    Cost: generate <= 1, call <= 2

    Guarantees: heuristic; no better than the judge, but for the last step, whose label is the check's.

    Deviations: the paper's prompt and error categories are not in its public code, so wording and categories are ours.
    Where a text holds no answer (a partial solution), the last step keeps the judge's label.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> script = [Reply(value="2+2=4"), Reply(value=0.0), '[{"student_step": 1, "label": "CORRECT"}]']
    >>> play(spare(Problem("1", "2 + 2?"), "2+2=4\\nSo 5.", key=Key()), script).value.value
    0.5
    """
    annotation = yield from annotate(problem, text, key=key, missing=missing, unit=unit)
    return judged_steps(annotation.steps, aggregate)


def annotate(
    problem: Problem, text: str, *, key: Key, missing: Missing = "incorrect", unit: Unit = "auto"
) -> Flow[Annotation]:
    """The solution's steps with their labels. Cost: generate <= 1, call <= 2; see `spare`."""
    steps = tuple(map(Step, split(text, unit)))
    if not text.strip():
        return Annotation(steps)
    told = yield from call("reference", label="spare")
    reference = split(told.value, unit) if told.ok and isinstance(told.value, str) else ()
    if not reference:
        return Annotation(steps)
    answer, outcome = problem.read(text), None
    if answer is not None:
        checked = yield from call("check", label="spare", text=answer.text, key=answer.key)
        outcome = checked.value if checked.ok else None
    student = numbered([step.text for step in steps])
    prompt = PROMPT.format(question=problem.question, reference=numbered(reference), steps=student)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample((Message("user", prompt),), key=key, sampling=greedy, role="judge", label="spare")
    if reply.stop not in ("end", "length"):
        return Annotation(steps, outcome)
    return Annotation(labelled(steps, reply.text, outcome=outcome, missing=missing), outcome)


def labelled(
    steps: Sequence[Step], reply: str, *, outcome: float | None, missing: Missing = "incorrect"
) -> tuple[Step, ...]:
    """The steps with the labels of a judge's reply.

    A step without a record, or with a label that is neither CORRECT nor INCORRECT, is 0, or with missing="outcome" as
    the outcome is. Of two records for a step the later holds. The last step's label is the outcome's where that is
    known: 1 only for an outcome of 1.
    """
    final = None if outcome is None else float(outcome >= 1.0)
    default = final if missing == "outcome" and final is not None else 0.0
    found = [replace(step, score=default) for step in steps]
    for record in records(reply, _FIELDS):
        number = _whole(record["student_step"])
        if 1 <= number <= len(found):
            found[number - 1] = _judged(steps[number - 1], record, default)
    if found and final is not None:
        found[-1] = replace(found[-1], score=final)
    return tuple(found)


def _judged(step: Step, record: Mapping[str, Any], default: float) -> Step:
    score = {"correct": 1.0, "incorrect": 0.0}.get(str(record.get("label")).strip().lower(), default)
    error = str(record.get("error_type") or "").strip()
    references = tuple(int(number) for number in re.findall(r"\d{1,4}", str(record.get("reference_steps", ""))))
    reason = str(record.get("reasoning") or "").strip()
    return replace(step, score=score, reason=reason, error="" if error == "none" else error, references=references)


def _whole(value: object) -> int:
    digits = re.fullmatch(r"\W*(\d{1,4})\W*", str(value))
    return int(digits[1]) if digits else 0
