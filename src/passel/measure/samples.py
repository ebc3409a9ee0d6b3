"""The samples of each method of a run, and the curves that they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from passel.core.key import Key
from passel.core.result import Candidate
from passel.estimators.curves import best_of_curve, sample_curves
from passel.estimators.estimate import Curve
from passel.estimators.samples import Samples
from passel.runs.trials import Trials

__all__ = ["MethodSamples", "completed", "curves", "deepest", "samples_of"]


@dataclass(frozen=True, slots=True)
class MethodSamples:
    """The samples of one method.

    Args:
        method: its name.
        candidates: [problem][sample], in the order in which they were drawn.
        values: worth of each candidate's answer; None where it cannot be scored.
        weighted: whether the method adds scores up by answer.
    """

    method: str
    candidates: Sequence[Sequence[Candidate]]
    values: Sequence[Sequence[float | None]]
    weighted: bool = False

    @property
    def depth(self) -> int:
        """The number of samples that every scored problem has."""
        return min((len(row) for row, _ in self._scored_problems()), default=0)

    @property
    def judged(self) -> bool:
        """Whether a verifier scored any of the samples."""
        return any(candidate.score is not None for row in self.candidates for candidate in row)

    def matrices(self) -> Samples:
        """The first `depth` samples of each scored problem."""
        depth = self.depth
        values: list[list[float]] = []
        answers: list[list[int]] = []
        scores: list[list[float]] = []
        tokens: list[list[float]] = []
        for candidates, worth in self._scored_problems():
            numbers: dict[str, int] = {}
            row = candidates[:depth]
            values.append(worth[:depth])
            answers.append([numbers.setdefault(c.answer.key, len(numbers)) if c.answer else -1 for c in row])
            scores.append([np.nan if c.score is None else c.score for c in row])
            tokens.append([c.tokens if c.stop == "end" else np.nan for c in row])
        shape = (len(values), depth)
        return Samples(
            np.array(values, dtype=np.float64).reshape(shape),
            np.array(answers, dtype=np.int64).reshape(shape),
            np.array(scores, dtype=np.float64).reshape(shape),
            np.array(tokens, dtype=np.float64).reshape(shape),
        )

    def _scored_problems(self) -> list[tuple[Sequence[Candidate], list[float]]]:
        """Problems with samples, all of which can be scored."""
        rows = zip(self.candidates, self.values, strict=True)
        return [(row, [v or 0.0 for v in values]) for row, values in rows if row and None not in values]


def samples_of(trials: Trials) -> list[MethodSamples]:
    """The samples of each method whose number of samples does not depend on what they say.

    A method that knows the gold answer, or that cancelled a sample, is left out: its samples are a biased choice.
    """
    found: list[MethodSamples] = []
    for method in trials.methods:
        candidates = [trials.outcomes[problem.id, method.name].result.candidates for problem in trials.problems]
        if method.uses_gold or any(candidate.stop == "cancelled" for row in candidates for candidate in row):
            continue
        pairs = zip(trials.problems, candidates, strict=True)
        values = [[trials.score(problem.id, candidate.answer) for candidate in row] for problem, row in pairs]
        found.append(MethodSamples(method.name, candidates, values, weighted=bool(method.options.get("weighted"))))
    return found


def completed(trials: Trials, samples: Sequence[MethodSamples]) -> list[MethodSamples]:
    """The same without problems that the budget or an error ended: samples may lack their score there."""
    found: list[MethodSamples] = []
    for one in samples:
        outcomes = [trials.outcomes[problem.id, one.method] for problem in trials.problems]
        whole = [outcome.error is None and outcome.result.stop == "done" for outcome in outcomes]
        candidates = [row if ok else () for row, ok in zip(one.candidates, whole, strict=True)]
        values = [row if ok else () for row, ok in zip(one.values, whole, strict=True)]
        found.append(replace(one, candidates=candidates, values=values))
    return found


def deepest(samples: Sequence[MethodSamples]) -> MethodSamples | None:
    """The method with the most samples of every problem; the first of several."""
    return max(samples, key=lambda one: one.depth, default=None)


def curves(samples: Sequence[MethodSamples], key: Key) -> Iterator[Curve]:
    """Coverage, vote and shortest of the method with the most samples; best of k of every method with a verifier."""
    most = deepest(samples)
    if most is not None and most.depth > 1:
        yield from sample_curves(most.matrices(), key)
    for one in samples:
        if one.judged and one.depth > 1:
            yield best_of_curve(one.method, one.matrices(), key, weighted=one.weighted)
