"""Confidence injection with early stopping: no step that doubts, and no step after a confident answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from passel.core.flow import Flow, affordable
from passel.core.judgement import UNJUDGED, Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.doubts import doubts, reassurance
from passel.methods.parts.paths import START, Path, StepUnit, as_candidate, next_steps
from passel.verifiers import Chosen, judged
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
    """Samples step by step, puts a confident phrase where a step would doubt, and stops at a confident answer.

    Confidence injection: a step that opens as a reflection ("Wait, …") is dropped and sampled again behind a phrase of
    confidence. Early stopping: when the text has an answer, a detector scores how confident the model can be of it, and
    at `threshold` the text ends.

    Source: Qiao et al. 2025, ConCISE: Confidence-guided Compression in Step-by-step Efficient Reasoning (2505.04881):
    how its training chains are made, as a method of answering.

    Symbols: c_i, the confidence after step i -> the verifier's score; its threshold -> threshold.

    Args:
        depth: steps at most, the last of which goes to the text's end; ours.
        verifier: the detector of confidence. A verifier that returns a probability fits the threshold.
        threshold: the score at which it stops; about one half in the paper, as far as is known. Above 1 it never stops.
        step: what a step is: a paragraph, or a line for models that write one step per line.

    Cost: generate <= 2 * depth, verifier <= depth

    Guarantees: heuristic. Wrong steps are reassured like right ones: it shortens right reasoning more often than not,
    and keeps a model from correcting wrong reasoning.

    Deviations: the paper's detector reads the model's own signal by a probe, and its phrases and threshold are not
    published; here a verifier judges and the phrases are ours. A reflection is recognised by its opening words, in
    English. The first step is never taken for a reflection. The paper then fine-tunes on the chains; nothing is trained
    here.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> steps = [Reply(text=text, stop_text="\\n\\n") for text in ("2+2=4", "Wait, is that so?", "It is 4.")]
    >>> no, yes = Reply(scores=(-9.0, -0.1)), Reply(scores=(-0.1, -9.0))
    >>> played = play(confidence_inject(Problem("1", "2 + 2?"), key=Key()), [steps[0], no, *steps[1:], yes])
    >>> played.value.info
    {'injected': [1], 'stopped_early': True, 'steps': 2}
    """
    trace = _Trace()
    while not trace.over and trace.path.steps < depth:
        trace = yield from _next_step(problem, trace, key, step, depth)
        if not trace.over and problem.read(trace.path.text) is not None:
            trace = yield from _with_judgement(problem, trace, key, verifier, threshold)
    only = as_candidate(problem, trace.path, trace.judgement.value, trace.judgement.explanation)
    return Result.of(only if only.answer else None, [only], whole=not trace.short, info=trace.info)


@dataclass(frozen=True, slots=True)
class _Trace:
    """A text as far as it goes.

    Args:
        path: its steps. judgement: of its answer.
        injected: indices of the steps that were sampled behind a phrase.
        sure: whether it stopped because the answer is confident enough.
        short: whether the budget fell short. broke: whether it fell so short that nothing more can be sampled.
    """

    path: Path = START
    judgement: Judgement = UNJUDGED
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


def _next_step(problem: Problem, trace: _Trace, key: Key, unit: StepUnit, depth: int) -> Flow[_Trace]:
    """The trace with one more step, which is sampled again behind a phrase if it doubts."""
    start = trace.path
    first_try = next_steps(problem, start, key=key, unit=unit, depth=depth)
    paths = yield from affordable(first_try, or_raise=start is START)
    if paths is None:
        return replace(trace, short=True, broke=True)
    (path,) = paths
    longer = replace(trace, path=path, judgement=UNJUDGED)
    if start.steps == 0 or path.dead or not doubts(path.text[len(start.text) :]):
        return longer
    begun = replace(start, text=start.text + reassurance(key / start.steps), tokens=path.tokens)
    reassured = yield from affordable(next_steps(problem, begun, key=key, unit=unit, depth=depth))
    if reassured is None:  # the doubting step is paid for, and the trace continues from there if it can
        return replace(longer, short=True)
    if reassured[0].dead:
        return longer
    return replace(longer, path=reassured[0], injected=(*trace.injected, start.steps))


def _with_judgement(problem: Problem, trace: _Trace, key: Key, verifier: Chosen, threshold: float) -> Flow[_Trace]:
    """The trace with the judgement of its answer, ended if the score is high enough."""
    path = trace.path
    judgements, paid = yield from judged(verifier, problem, {path.steps: path.text.rstrip()}, key=key)
    judgement = judgements.get(path.steps, UNJUDGED)
    trace = replace(trace, judgement=judgement, short=trace.short or not paid)
    if judgement.value is None or judgement.value < threshold:
        return trace
    return replace(trace, path=replace(path, text=path.text.rstrip("\n"), done=True), sure=True)
