"""Confidence injection with early stopping: no step that doubts, and no step after a sure answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.doubts import doubts, reassurance
from passel.methods.parts.paths import START, Path, StepUnit, as_candidate, next_steps
from passel.verifiers import Chosen, scores_of
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["confidence_inject"]


@needs(generator="text prefix")
def confidence_inject(
    problem: Problem,
    *,
    key: Key,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.5,
    step: StepUnit = "paragraph",
) -> Flow[Result]:
    """Draws step by step, puts a confident phrase where a step would doubt, and stops once it is sure of an answer.

    Confidence injection: a step that opens as a reflection ("Wait, …") is thrown away and drawn again behind a phrase
    of confidence. Early stopping: when the text holds an answer, a detector says how sure one can be of it, and at
    `threshold` the text ends.

    Source: Qiao et al. 2025, ConCISE: Confidence-guided Compression in Step-by-step Efficient Reasoning (2505.04881):
    how its training chains are made, as a method of answering.

    Symbols: c_i, the confidence after step i -> the verifier's score; its threshold -> threshold.

    Args:
        depth: steps at most, the last of which is drawn to the text's end; ours.
        verifier: the detector of confidence. One that returns a probability fits the threshold.
        threshold: the score at which it stops; about one half in the paper, as far as is known. Above 1 it never stops.
        step: what a step is: a paragraph, or a line for models that write one step a line.

    Cost: generate <= 2 * depth, verifier <= depth

    Guarantees: heuristic. Wrong steps are reassured like right ones: it shortens what is right more often than not,
    and keeps a model from mending what is wrong.

    Deviations: the paper's detector reads the model's own signal by a probe, and its phrases and threshold are not
    published; here a verifier judges and phrases are ours. A reflection is known by its opening words, in English. The
    first step is never taken for one. The paper goes on to fine-tune on the chains; nothing is trained here.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> steps = [Reply(text=text, stop_text="\\n\\n") for text in ("2+2=4", "Wait, is that so?", "It is 4.")]
    >>> no, yes = Reply(scores=(-9.0, -0.1)), Reply(scores=(-0.1, -9.0))
    >>> played = play(confidence_inject(Problem("1", "2 + 2?"), key=Key()), [steps[0], no, *steps[1:], yes])
    >>> played.value.info
    {'injected': [1], 'stopped_early': True, 'steps': 2}
    """
    so_far = _Trace()
    while not so_far.over and so_far.path.steps < depth:
        so_far = yield from _one_more(problem, so_far, key, step, depth)
        if not so_far.over and problem.read(so_far.path.text) is not None:
            so_far = yield from _judged(problem, so_far, key, verifier, threshold)
    one = as_candidate(problem, so_far.path, so_far.score)
    stop = "budget" if so_far.short else "done"
    return Result(one.answer, one.text if one.answer else "", None, (one,), stop, so_far.info)


@dataclass(frozen=True, slots=True)
class _Trace:
    """A path, the score of its answer, the steps that were drawn behind a phrase, whether it stopped because it was
    sure, and whether the budget fell short."""

    path: Path = START
    score: float | None = None
    injected: tuple[int, ...] = ()
    sure: bool = False
    short: bool = False
    broke: bool = False

    @property
    def over(self) -> bool:
        return self.path.done or self.broke

    @property
    def info(self) -> Mapping[str, Any]:
        return {"injected": list(self.injected), "stopped_early": self.sure, "steps": self.path.steps}


def _one_more(problem: Problem, trace: _Trace, key: Key, unit: StepUnit, depth: int) -> Flow[_Trace]:
    """The trace with a step more, drawn again behind a phrase if it doubts."""
    start = trace.path
    try:
        (path,) = yield from next_steps(problem, start, key=key, unit=unit, depth=depth)
    except OutOfBudget:
        if start is START:
            raise
        return replace(trace, short=True, broke=True)
    if start.steps == 0 or path.dead or not doubts(path.text[len(start.text) :]):
        return replace(trace, path=path, score=None)
    begun = replace(start, text=start.text + reassurance(key / start.steps), tokens=path.tokens)
    try:
        (again,) = yield from next_steps(problem, begun, key=key, unit=unit, depth=depth)
    except OutOfBudget:  # the doubting step is paid for, and it goes on from there if it can
        return replace(trace, path=path, score=None, short=True)
    if again.dead:
        return replace(trace, path=path, score=None)
    return replace(trace, path=again, score=None, injected=(*trace.injected, start.steps))


def _judged(problem: Problem, trace: _Trace, key: Key, verifier: Chosen, threshold: float) -> Flow[_Trace]:
    """The trace with its answer's score, ended if that is high enough."""
    path = trace.path
    scores, paid = yield from scores_of(verifier, problem, {path.steps: path.text.rstrip()}, key=key)
    score = scores.get(path.steps)
    trace = replace(trace, score=score, short=trace.short or not paid)
    if score is None or score < threshold:
        return trace
    return replace(trace, path=replace(path, text=path.text.rstrip("\n"), done=True), sure=True)
