"""The measures of a verifier: rates by hand, curves equal to those of `selection`, undefined values."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.estimators.selection import best_at_k, vote_at_k
from passel.measure.evaluate_verifier import evaluate_verifier

VALUES = [[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]]
SCORES = [[0.9, 0.6, 0.2, None], [0.7, 0.1, 0.1, 0.8], [0.4, 0.5, 0.3, 0.9]]
ANSWERS = [["a", "b", "c", "a"], ["x", "y", "y", None], ["q", "q", "r", "q"]]
IDS = ["one", "two", "three"]


def test_counts_and_rates_by_hand() -> None:
    row = evaluate_verifier("v", "probability", VALUES, SCORES, IDS, Key(), ANSWERS)
    one, two, three = row.problems
    assert (one.right, one.unscored, one.accepted_right, one.accepted_wrong, one.wrong) == (2, 1, 1, 1, 2)
    assert (two.right, two.unanswered, two.accepted_right, two.accepted_wrong, two.wrong) == (0, 1, 0, 1, 3)
    assert (three.right, three.accepted_right, three.accepted_wrong) == (3, 2, 0)
    assert [p.false_positive_rate for p in row.problems] == pytest.approx([1 / 2, 1 / 3, 0])
    assert [p.precision for p in row.problems] == [0.5, 0.0, 1.0]
    assert row.false_positive_rate.value == pytest.approx(2 / 6)
    assert row.false_negative_rate.value == pytest.approx(2 / 5)
    assert row.precision.value == pytest.approx(3 / 5)
    assert row.accepted.value == pytest.approx(5 / 12)
    assert (row.samples, row.unanswered, row.unscored, row.left_out, row.depth) == (12, 1, 1, 0, 4)
    assert row.mean.value == pytest.approx(5 / 12)
    assert row.resampling.ceiling.value == pytest.approx((0.5 + 0 + 1) / 3)


@pytest.mark.parametrize(
    ("kind", "threshold", "accepted"), [("probability", 0.5, 5), ("verdict", 1.0, 0), ("score", 0.4, 6)]
)
def test_the_kind_sets_the_threshold(kind: str, threshold: float, accepted: int) -> None:
    """Of the score's thresholds, 0.4 has the largest gap: four of five right answers, two of six wrong ones."""
    row = evaluate_verifier("v", kind, VALUES, SCORES, IDS, Key(), ANSWERS)
    assert row.threshold == threshold
    assert sum(p.accepted_right + p.accepted_wrong for p in row.problems) == accepted


def test_a_threshold_can_be_given() -> None:
    row = evaluate_verifier(
        "v", "score", VALUES, SCORES, IDS, Key(), ANSWERS, threshold=0.35, costs=(3.0,), sample_cost=0.5
    )
    assert (row.threshold, row.threshold_rule) == (0.35, "given")
    assert [one.cost for one in row.resampling.values] == [3.0]
    assert row.resampling.sample_cost == 0.5


def test_a_sample_without_an_answer_is_rejected_whatever_its_score() -> None:
    row = evaluate_verifier("v", "verdict", [[0.0, 1.0]], [[1.0, 1.0]], ["one"], Key(), [[None, "a"]])
    assert row.problems[0].accepted_wrong == 0
    assert row.resampling.ceiling.value == 1.0


def test_curves_are_those_of_selection() -> None:
    row = evaluate_verifier("v", "probability", VALUES, SCORES, IDS, Key(), ANSWERS)
    values = np.array(VALUES)
    scores = np.array([[np.nan if s is None else s for s in line] for line in SCORES])
    scores[1, 3] = np.nan  # no answer
    answers = np.array([[0, 1, 2, 0], [0, 1, 1, -1], [0, 0, 1, 0]])
    assert row.curve("best_of").value == pytest.approx(best_at_k(values, scores).value.mean(axis=0))
    assert row.curve("vote").value == pytest.approx(vote_at_k(answers, values, Key()).value.mean(axis=0))
    assert [c.name for c in row.curves] == ["best_of", "vote", "weighted vote", "coverage", "resampling"]
    assert row.curve("coverage").value == pytest.approx([5 / 12, 11 / 18, 2 / 3, 2 / 3])
    assert all(c.k == (1, 2, 3, 4) for c in row.curves)


def test_negative_scores_cast_no_votes_and_without_answers_there_is_no_vote() -> None:
    below = [[s and s - 1 for s in line] for line in SCORES]
    assert evaluate_verifier("v", "score", VALUES, below, IDS, Key(), ANSWERS).curve("weighted vote") is None
    row = evaluate_verifier("v", "score", VALUES, SCORES, IDS, Key())
    assert [c.name for c in row.curves] == ["best_of", "coverage", "resampling"]
    assert row.unanswered == 0


def test_problems_of_unknown_worth_are_left_out_and_short_ones_end_the_curves() -> None:
    values = [[1.0, None], [], [1.0, 0.0, 0.0], [0.0, 1.0]]
    scores = [[0.5, 0.5], [], [0.9, 0.4, 0.1], [0.2, 0.7]]
    row = evaluate_verifier("v", "probability", values, scores, ["a", "b", "c", "d"], Key())
    assert (row.left_out, row.depth) == (2, 2)
    assert [p.id for p in row.problems] == ["c", "d"]
    best = row.curve("best_of")
    assert best.k == (1, 2)
    picks = [
        [scores[i][max(order[:2], key=lambda at: scores[i][at])] for order in permutations(range(len(values[i])))]
        for i in (2, 3)
    ]
    right = [np.mean([values[i][scores[i].index(s)] for s in line]) for i, line in zip((2, 3), picks, strict=True)]
    assert best.value[1] == pytest.approx(np.mean(right))


def test_a_ranker_is_not_resampled() -> None:
    row = evaluate_verifier("v", "score", VALUES, SCORES, IDS, Key(), ANSWERS, compares=True)
    assert row.resampling is None
    assert row.curve("resampling") is None
    assert row.curve("best_of") is not None


@pytest.mark.parametrize("kind", ["probability", "score", "verdict"])
@pytest.mark.parametrize(
    ("values", "scores"),
    [
        ([], []),
        ([[]], [[]]),
        ([[None]], [[0.5]]),
        ([[1.0]], [[None]]),
        ([[0.0, 0.0]], [[0.5, float("nan")]]),
        ([[1.0, 1.0]], [[float("inf"), -1e300]]),
        ([[0.4, 0.6]], [[0.1, 0.2]]),
    ],
)
def test_what_cannot_be_told_is_none_and_never_nan(kind: str, values: list, scores: list) -> None:
    row = evaluate_verifier("v", kind, values, scores, [str(i) for i in range(len(values))], Key())
    assert row.auc.value is None
    assert row.auc_within.value is None
    json.dumps(asdict(row), allow_nan=False)


def test_lists_that_do_not_fit_are_refused() -> None:
    for bad in ([[0.1]], [[0.1, 0.2], [0.3]]):
        with pytest.raises(UsageError, match="same lengths"):
            evaluate_verifier("v", "score", [[1.0, 0.0]], bad, ["a"], Key())
    with pytest.raises(UsageError, match="same lengths"):
        evaluate_verifier("v", "score", [[1.0]], [[0.1]], [], Key())


pools = st.lists(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([None, 0.0, 0.3, 0.5, 1.0])), max_size=5),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(pools, st.sampled_from(["probability", "score", "verdict"]), st.randoms())
def test_the_order_of_samples_and_problems_does_not_matter(pool: list, kind: str, chance: object) -> None:
    """Nor does anything ever pass coverage."""
    mixed = [sorted(line, key=lambda _: chance.random()) for line in pool]  # type: ignore[attr-defined]
    rows = [
        evaluate_verifier(
            "v",
            kind,
            [[v for v, _ in line] for line in p],
            [[s for _, s in line] for line in p],
            list("abcd")[: len(p)],
            Key(),
        )
        for p in (pool, mixed)
    ]
    for name in ("auc", "auc_within", "false_positive_rate", "false_negative_rate", "precision", "mean"):
        a, b = (getattr(row, name).value for row in rows)
        assert a == (None if b is None else pytest.approx(b))
    assert rows[0].problems == rows[1].problems
    for a, b in zip(rows[0].curves, rows[1].curves, strict=True):
        assert a.value == pytest.approx(b.value)
    coverage, tried = rows[0].curve("coverage"), rows[0].curve("resampling")
    if coverage and tried:
        assert all(a <= b + 1e-9 for a, b in zip(tried.value, coverage.value, strict=True))
