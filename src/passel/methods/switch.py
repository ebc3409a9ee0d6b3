"""Switching: whether to think step by step, by a pilot's figures or by the model's own judgement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, cast

from passel.core.ask import Message, Sampling
from passel.core.errors import UsageError
from passel.core.flow import Flow, call, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.cot import cot
from passel.methods.direct import direct
from passel.methods.parts.arms import arm_of, pays
from passel.methods.parts.endings import paid_for

__all__ = ["switch"]

By = Literal["auto", "pilot", "model"]
Figures = Mapping[str, Mapping[str, Any]]

PROMPT = """Would writing out steps help you to answer the question below?
Steps help with calculations, with deductions and plans of several stages, and with most exams. They do not help, or do
harm, where a pattern is felt rather than followed by a rule, where exceptions have to be known by heart, and where one
fact or one look is enough.

[Question]
{question}
[End of the question]

Do not answer the question. Reply with one word: steps or direct."""

_WORD = re.compile(r"\b(steps|direct)\b", re.IGNORECASE)


def _pilot_needed(options: Mapping[str, Any]) -> Mapping[str, str]:
    return {"tool": "pilot"} if options["by"] == "pilot" else {}


@needs(generator="text", also=_pilot_needed)
def switch(
    problem: Problem,
    *,
    key: Key,
    fast: Inner = direct,
    slow: Inner = cot,
    by: By = "auto",
    z: Annotated[float, Linear(0.0, 4.0)] = 1.0,
) -> Flow[Result]:
    """Decides whether to reason before the answer, and answers in that way.

    Reasoning raises accuracy on most tasks and lowers it on some. pilot: an earlier comparison on the task, with both
    ways among its methods, decides for all its problems: the way that was more accurate there, or the cheaper where the
    two cannot be told apart. model: the model is asked for a single word, for each problem, on whether steps help; the
    prompt lists the kinds of task that are known to profit. auto: the pilot if there is one that holds both, else the
    model.

    Source: Liu et al. 2024, Mind Your Step (by Step) (2410.21333), where reasoning hurts: patterns learnt without a
    rule, classes with exceptions; Fu et al. 2025, Multiple Choice Questions (2501.09775), where it helps: accuracy
    rises on exams (and confidence in wrong answers too). The decision itself is ours.

    Args:
        fast: the method that answers at once.
        slow: the method that answers with steps.
        by: pilot, model or auto. The pilot must hold `fast` and `slow` with the same options.
        z: standard errors by which accuracies must differ to be told apart; 1 is ours, 0 takes the more accurate way.

    Cost: call <= 1, generate <= 1, fast <= 1, slow <= 1

    Guarantees: heuristic. By a pilot on n problems, the probability of a wrong choice falls with n and with the
    difference between the two ways; by the model, the choice is as good as the model's knowledge of itself.

    Deviations: the papers compare, they do not switch. If the model says neither of the two words, steps are taken.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> measured = {"direct": (0.71, 12.0), "cot": (0.64, 96.0)}
    >>> table = {name: {"accuracy": a, "stderr": 0.02, "tokens": t} for name, (a, t) in measured.items()}
    >>> flow = switch(Problem("1", "Does XXVJ fit the grammar?"), key=Key())
    >>> play(flow, [Reply(value={"methods": table}), "Yes"]).value.info
    {'thought': False, 'decided_by': 'pilot'}
    """
    figures: Figures | None = None
    if by != "model":
        figures = yield from _pilot(required=by == "pilot")
    flow = _decided(problem, key, fast, slow, by, z, figures)
    return (yield from (flow if figures is None else paid_for(flow)))


def _pilot(*, required: bool) -> Flow[Figures | None]:
    try:
        reply = yield from call("pilot")
    except UsageError:  # there is no such tool where no pilot was given
        if required:
            raise
        return None
    return cast(Figures, reply.value["methods"]) if reply.ok else {}


def _decided(
    problem: Problem, key: Key, fast: Inner, slow: Inner, by: By, z: float, figures: Figures | None
) -> Flow[Result]:
    quick, thorough = (arm_of(figures or {}, way) for way in (fast, slow))
    if quick is not None and thorough is not None:
        thinks = pays(thorough, quick, z)
        result = yield from (slow if thinks else fast)(problem, key=key)
        return _noted(result, thinks, "pilot")
    if by == "pilot" and figures:
        missing = getattr(fast if quick is None else slow, "__name__", "such method")
        raise UsageError(
            f"switch: the pilot holds no {missing} with these options (it holds {', '.join(figures)}): compare both "
            "ways there, or decide by=model"
        )
    thinks = yield from _steps_help(problem, key)
    result = yield from paid_for((slow if thinks else fast)(problem, key=key))
    return _noted(result, thinks, "model")


def _steps_help(problem: Problem, key: Key) -> Flow[bool]:
    """Whether the model says that steps help; true if it says neither word."""
    prompt = (Message("user", PROMPT.format(question=problem.question)),)
    (reply,) = yield from sample(prompt, key=key, sampling=Sampling(max_tokens=16), label="switch")
    words = _WORD.findall(reply.text)
    return not words or words[0].lower() == "steps"


def _noted(result: Result, thinks: bool, decided_by: str) -> Result:
    return replace(result, info={**result.info, "thought": thinks, "decided_by": decided_by})
