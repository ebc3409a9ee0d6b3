"""A pool of samples with what each is worth and what the verifier gave it, as arrays."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError

__all__ = ["Samples", "Verified", "verified"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples with an answer in one line, for ranks and shares.

    Args:
        problem: row of its problem [samples].
        score: [samples]; -inf where the verifier gave none, so that it ranks last and is accepted at no threshold.
        right: [samples].
    """

    problem: Ints
    score: Floats
    right: Bools


@dataclass(frozen=True, slots=True)
class Verified:
    """Samples by problem; rows shorter than the longest are padded on the right.

    Args:
        ids: of the problems [problems].
        worth: in [0, 1]; NaN in padding [problems, n].
        score: the verifier's; NaN for a sample without an answer or a score, and in padding [problems, n].
        answer: equal numbers for equal answers, -1 for none and in padding [problems, n].
        samples: each problem's own n [problems].
        left_out: problems without a sample, or with one of unknown worth.
    """

    ids: tuple[str, ...]
    worth: Floats
    score: Floats
    answer: Ints
    samples: Ints
    left_out: int

    @property
    def depth(self) -> int:
        """Samples that every problem has."""
        return int(self.samples.min()) if len(self.samples) else 0

    @property
    def answered(self) -> Bools:
        """Samples that hold an answer [problems, n]."""
        return self.answer >= 0

    @property
    def right(self) -> Bools:
        """Samples whose answer is worth 1 [problems, n]."""
        return self.answered & (self.worth == 1.0)

    def line(self) -> Samples:
        """The samples with an answer."""
        kept = self.answered
        score = self.score[kept]
        return Samples(
            np.nonzero(kept)[0].astype(np.int64), np.where(np.isnan(score), -np.inf, score), self.right[kept]
        )


def verified(
    values: Sequence[Sequence[float | None]],
    scores: Sequence[Sequence[float | None]],
    problem_ids: Sequence[str],
    answers: Sequence[Sequence[Hashable | None]] | None = None,
) -> Verified:
    """The arrays of a pool.

    Args:
        values: what each sample is worth, [problem][sample]; None where it cannot be told.
        scores: what the verifier gave it; None (or a number that is not finite): nothing.
        answers: equal for equal answers, None for none; left out: every sample holds one.

    Raises:
        UsageError: lists of different lengths.
    """
    answers = [[0] * len(row) for row in values] if answers is None else answers
    shapes = [[len(row) for row in lists] for lists in (values, scores, answers)]
    if shapes[0] != shapes[1] or shapes[0] != shapes[2] or len(values) != len(problem_ids):
        raise UsageError("a pool's values, scores, answers and problems must be lists of the same lengths")
    kept = [i for i, row in enumerate(values) if row and None not in row]
    samples = np.array([len(values[i]) for i in kept], dtype=np.int64)
    shape = (len(kept), int(samples.max(initial=0)))
    worth, score, answer = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    for row, i in enumerate(kept):
        numbers: dict[Hashable, int] = {}
        own = range(len(values[i]))
        worth[row, own] = [v or 0.0 for v in values[i]]
        answer[row, own] = [-1 if a is None else numbers.setdefault(a, len(numbers)) for a in answers[i]]
        score[row, own] = [np.nan if s is None or not math.isfinite(s) else s for s in scores[i]]
    score[answer < 0] = np.nan
    ids = tuple(problem_ids[i] for i in kept)
    return Verified(ids, worth, score, answer, samples, len(values) - len(kept))
