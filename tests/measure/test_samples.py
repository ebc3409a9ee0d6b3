"""The samples of a method as matrices, and the curves that they give."""

from __future__ import annotations

import numpy as np
import pytest

from passel.core.key import Key
from passel.core.problem import Answer
from passel.core.result import Candidate
from passel.measure.samples import MethodSamples, curves, deepest

ROW = [
    Candidate("a", Answer("4", "4"), 0.5, tokens=7),
    Candidate("b", None, stop="length", tokens=9),
    Candidate("c", Answer("5", "5"), 0.7),
]


def test_the_curves_of_a_comparison_can_be_drawn() -> None:
    """`vote_at_k` and `best_at_k` once changed under `curves`, which then raised for every comparison."""
    samples = MethodSamples("best_of", [ROW] * 3, [[1.0, 0.0, 0.0]] * 3)
    found = {curve.name: curve for curve in curves([samples], Key())}
    assert found["coverage"].value == pytest.approx((1 / 3, 2 / 3, 1.0))
    assert found["vote"].value == pytest.approx((1 / 3, 1 / 2, 1 / 2))
    assert found["best_of"].value == pytest.approx((1 / 3, 1 / 3, 0.0))


def test_matrices_end_where_a_scored_problem_has_no_more_samples() -> None:
    """The third problem has a sample of unknown value, the fourth has none: neither is in the matrices."""
    rows, values = [ROW, ROW[:2], ROW, []], [[1.0, 0.0, 0.0], [0.0, 1.0], [1.0, None, 0.0], []]
    samples = MethodSamples("vote", rows, values)
    matrices = samples.matrices()
    assert (samples.depth, samples.judged) == (2, True)
    assert matrices.values.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert matrices.answers.tolist() == [[0, -1], [0, -1]]
    assert np.array_equal(matrices.scores, [[0.5, np.nan]] * 2, equal_nan=True)
    assert np.array_equal(matrices.tokens, [[7, np.nan]] * 2, equal_nan=True)


def test_the_method_with_the_most_samples_of_every_problem_gives_the_curves() -> None:
    short, long = MethodSamples("single", [ROW[:1]], [[1.0]]), MethodSamples("vote", [ROW], [[1.0, 0.0, 0.0]])
    assert deepest([short, long]) is long
    assert deepest([]) is None
    unjudged = MethodSamples("single", [[Candidate("b", None)]], [[0.0]])
    assert list(curves([unjudged], Key())) == []
