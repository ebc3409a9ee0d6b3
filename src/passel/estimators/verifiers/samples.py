"""The samples that a verifier scored, as matrices."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError

__all__ = ["ScoredAnswers", "VerifierSamples", "verifier_samples"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ScoredAnswers:
    """The samples that hold an answer, of all problems in one row, for ranks and shares.

    Args:
        problem: number of the sample's problem [samples].
        score: [samples]; -inf for a sample without a score, which ranks last and is accepted at no threshold.
        right: [samples].
    """

    problem: Ints
    score: Floats
    right: Bools


@dataclass(frozen=True, slots=True)
class VerifierSamples:
    """Samples by problem; rows shorter than the longest are padded on the right.

    Args:
        ids: of the problems [problems].
        values: worth of each sample, in [0, 1]; NaN in padding [problems, n].
        scores: the verifier's; NaN for a sample without an answer or a score, and in padding [problems, n].
        answers: equal numbers for equal answers, -1 for no answer and in padding [problems, n].
        sizes: number of samples of each problem [problems].
        left_out: number of problems without a sample, or with a sample of unknown worth.
    """

    ids: tuple[str, ...]
    values: Floats
    scores: Floats
    answers: Ints
    sizes: Ints
    left_out: int

    @property
    def depth(self) -> int:
        """The number of samples that every problem has."""
        return int(self.sizes.min()) if len(self.sizes) else 0

    @property
    def answered(self) -> Bools:
        """Which samples hold an answer [problems, n]."""
        return self.answers >= 0

    @property
    def right(self) -> Bools:
        """Which samples hold an answer that is worth 1 [problems, n]."""
        return self.answered & (self.values == 1.0)

    def scored_answers(self) -> ScoredAnswers:
        """The samples that hold an answer, in one row."""
        answered = self.answered
        score = self.scores[answered]
        return ScoredAnswers(
            np.nonzero(answered)[0].astype(np.int64), np.where(np.isnan(score), -np.inf, score), self.right[answered]
        )


def verifier_samples(
    values: Sequence[Sequence[float | None]],
    scores: Sequence[Sequence[float | None]],
    problem_ids: Sequence[str],
    answers: Sequence[Sequence[Hashable | None]] | None = None,
) -> VerifierSamples:
    """Builds the matrices.

    Args:
        values: worth of each sample, [problem][sample]; None where it is unknown.
        scores: the verifier's; None (or a number that is not finite) for no score.
        answers: equal for equal answers, None for no answer. Default: every sample holds an answer.

    Raises:
        UsageError: lists of different lengths.
    """
    answers = [[0] * len(row) for row in values] if answers is None else answers
    shapes = [[len(row) for row in lists] for lists in (values, scores, answers)]
    if shapes[0] != shapes[1] or shapes[0] != shapes[2] or len(values) != len(problem_ids):
        raise UsageError("values, scores, answers and problem ids must be lists of the same lengths")
    known = [i for i, row in enumerate(values) if row and None not in row]
    sizes = np.array([len(values[i]) for i in known], dtype=np.int64)
    shape = (len(known), int(sizes.max(initial=0)))
    value, score, answer = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    for row, i in enumerate(known):
        numbers: dict[Hashable, int] = {}
        columns = range(len(values[i]))
        value[row, columns] = [v or 0.0 for v in values[i]]
        answer[row, columns] = [-1 if a is None else numbers.setdefault(a, len(numbers)) for a in answers[i]]
        score[row, columns] = [np.nan if s is None or not math.isfinite(s) else s for s in scores[i]]
    score[answer < 0] = np.nan
    ids = tuple(problem_ids[i] for i in known)
    return VerifierSamples(ids, value, score, answer, sizes, len(values) - len(known))
