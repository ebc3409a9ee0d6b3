"""Selection at k against brute force: all ordered draws (ties go to the first seen), all subsets."""

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.problem import Answer
from passel.core.result import Candidate
from passel.estimators import selection, vote_exact, vote_resampled
from passel.estimators.chance import generator
from passel.estimators.selection import best_at_k, shortest_at_k, vote_at_k, weighted_vote_at_k
from passel.methods.parts.votes import first_of, tally

NAN = float("nan")


def brute(n: int, pick: Callable[[Sequence[int]], float]) -> list[float]:
    """Mean of `pick` over all ordered draws of k, for k = 1 … n."""
    return [float(np.mean([pick(order) for order in permutations(range(n), k)])) for k in range(1, n + 1)]


def method_vote(answers: Sequence[int], values: Sequence[float], weights: Sequence[float] | None = None):
    """What the methods `vote` and weighted `best_of` pick, by their own code."""

    def pick(drawn: Sequence[int]) -> float:
        score = [None if weights is None or weights[i] != weights[i] else weights[i] for i in drawn]
        texts = [None if answers[i] < 0 else Answer(str(answers[i]), str(answers[i])) for i in drawn]
        pool = [Candidate(str(i), text, s) for i, text, s in zip(drawn, texts, score, strict=True)]
        rated = [one for one in pool if one.score is not None and one.answer is not None]
        if weights is None or not rated:
            chosen = first_of(pool, tally(pool))
        else:
            chosen = first_of(rated, tally(rated, [one.score or 0.0 for one in rated]))
        return values[int(chosen.text)] if chosen else 0.0

    return pick


def worth(answers: Sequence[int]) -> list[float]:
    """A fractional value for each answer, equal for equal answers, 0 for none."""
    return [0.0 if a < 0 else (1.0, 0.0, 0.25, 0.7, 0.1, 0.9)[a] for a in answers]


pools = st.lists(st.integers(-1, 4), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(pools)
def test_exact_vote_equals_the_method_over_all_orders(answers: list[int]) -> None:
    values = worth(answers)
    voted = vote_at_k(np.array([answers]), np.array([values]), Key())
    curve, how = voted.value, voted.how
    assert how == "exact"
    assert curve[0] == pytest.approx(brute(len(answers), method_vote(answers, values)), abs=1e-12)


@pytest.mark.parametrize("answers", [[0, 0, 1, 1, 2, 2, 3, -1], [0, 1, 1, 1, 2, 2, -1, -1], [4, 3, 2, 1, 0, 0, 1, 5]])
def test_exact_vote_at_eight(answers: list[int]) -> None:
    values = worth(answers)
    truth = brute(8, method_vote(answers, values))
    assert vote_at_k(np.array([answers]), np.array([values]), Key()).value[0] == pytest.approx(truth, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(pools, st.data())
def test_weighted_vote_equals_the_method_over_all_orders(answers: list[int], data: st.DataObject) -> None:
    weight = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, NAN])
    weights = data.draw(st.lists(weight, min_size=len(answers), max_size=len(answers)))
    values = worth(answers)
    voted = weighted_vote_at_k(np.array([answers]), np.array([values]), np.array([weights]), Key())
    curve, how = voted.value, voted.how
    assert how == "exact"
    truth = brute(len(answers), method_vote(answers, values, weights))
    assert curve[0] == pytest.approx(truth, abs=1e-12)


def random_pools(problems: int, n: int, seed: int):
    rng = generator(Key(seed))
    shares = rng.dirichlet(np.full(6, 0.7), problems)
    answers = np.stack([rng.choice(6, n, p=share) for share in shares]) - 1
    return answers, np.vectorize(lambda a: worth([a])[0])(answers)


@pytest.mark.parametrize("n", [8, 33, 60])
def test_resampled_vote_is_within_its_error_of_the_exact_one(n: int) -> None:
    """Errors of problems are uncorrelated, so their mean has the error that their scatter says; seed fixed."""
    answers, values = random_pools(300, n, n)
    gap = vote_resampled.resampled_vote_at_k(
        answers, values, None, Key(2), np.arange(300), 100
    ) - vote_exact.exact_vote_at_k(answers, values)
    error = gap.std(axis=0) / 300**0.5
    assert np.all(np.abs(gap.mean(axis=0)) <= 4.5 * error + 1e-12)
    assert np.abs(gap).max() < 0.3  # a curve of 100 orders has a standard error of at most 0.05
    assert np.abs(gap[:, -1]).max() <= 0.3
    assert error.max() < 0.005


def test_equal_weights_vote_as_no_weights() -> None:
    answers, values = random_pools(20, 50, 4)
    voted = vote_at_k(answers, values, Key(5), permutations=30)
    plain, how = voted.value, voted.how
    assert how == "resampled (30 permutations)"
    heavy = weighted_vote_at_k(answers, values, np.full(values.shape, 0.3), Key(5), permutations=30).value
    assert heavy == pytest.approx(plain)
    silent = weighted_vote_at_k(answers, values, np.full(values.shape, NAN), Key(5), permutations=30).value
    assert silent == pytest.approx(plain)


def test_a_problem_does_not_depend_on_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, values = random_pools(40, 40, 6)
    whole = vote_at_k(answers, values, Key(1), permutations=20).value
    assert np.array_equal(whole[:7], vote_at_k(answers[:7], values[:7], Key(1), permutations=20).value)
    monkeypatch.setattr(vote_resampled, "MAX_CELLS", 1)
    assert np.array_equal(whole, vote_at_k(answers, values, Key(1), permutations=20).value)
    assert not np.array_equal(whole, vote_at_k(answers, values, Key(2), permutations=20).value)


def test_vote_tends_to_the_mode_while_coverage_goes_on() -> None:
    answers = np.array([[0] * 45 + [1] * 55, [0] * 55 + [1] * 45, [0] * 5 + [-1] * 95])
    values = (answers == 0).astype(float)
    curve = vote_at_k(answers, values, Key(), permutations=400).value
    assert curve[:, -1].tolist() == [0.0, 1.0, 1.0]
    assert curve[0, 0] == pytest.approx(0.45, abs=0.1)
    assert curve[0, 60] < curve[0, 4] < curve[0, 0] + 0.1


def test_shares_of_many_distinct_answers() -> None:
    """All answers distinct: the first seen wins, whatever k."""
    answers = np.arange(32)[None]
    assert vote_at_k(answers, (answers == 3).astype(float), Key()).value[0] == pytest.approx([1 / 32] * 32)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([0.1, 0.5, NAN, -np.inf])), max_size=6))
def test_best_equals_all_orders_with_ties_to_the_first(samples: list[tuple[float, float]]) -> None:
    def pick(drawn: Sequence[int]) -> float:
        rated = [i for i in drawn if not np.isnan(samples[i][1])]
        return samples[max(rated, key=lambda i: samples[i][1]) if rated else drawn[0]][0]

    values, scores = np.array(samples).reshape(-1, 2).T
    assert best_at_k(values[None], scores[None]).value[0] == pytest.approx(brute(len(samples), pick), abs=1e-12)


def test_best_at_eight_and_beyond_a_block() -> None:
    values, scores = generator(Key(1)).random((2, 8))
    truth = brute(8, lambda drawn: float(values[max(drawn, key=lambda i: scores[i])]))
    assert best_at_k(values[None], scores[None]).value[0] == pytest.approx(truth, abs=1e-12)
    values, scores = generator(Key(2)).random((2, 700))
    curve = best_at_k(values[None], scores[None]).value[0]
    assert curve[0] == pytest.approx(values.mean())
    assert curve[-1] == pytest.approx(values[scores.argmax()])
    assert best_at_k(np.ones((1, 700)), scores[None]).value[0] == pytest.approx(np.ones(700), abs=1e-11)


def test_shortest_takes_the_fewest_tokens_and_unfinished_last() -> None:
    curve = shortest_at_k(np.array([[1.0, 0.0, 0.0]]), np.array([[50.0, 80.0, NAN]])).value
    assert curve[0] == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_a_short_pool_is_a_pool_of_its_own_and_an_unscored_one_says_nothing() -> None:
    answers, values = random_pools(3, 40, 8)
    values[1, 3] = NAN
    samples = np.array([40, 40, 9])
    for curve, alone in (
        (
            vote_at_k(answers, values, Key(), sizes=samples).value,
            vote_at_k(answers[2:, :9], values[2:, :9], Key()).value,
        ),
        (best_at_k(values, -values, sizes=samples).value, best_at_k(values[2:, :9], -values[2:, :9]).value),
    ):
        assert np.isfinite(curve[0]).all()
        assert np.isnan(curve[1]).all()
        assert np.isnan(curve[2, 9:]).all()
        assert np.array_equal(curve[2, :9], alone[0])


def test_empty_pools() -> None:
    answers, values = np.zeros((0, 5), np.int64), np.zeros((0, 5))
    assert vote_at_k(answers, values, Key()).value.shape == (0, 0)
    assert best_at_k(values, values).value.shape == (0, 0)
    assert vote_at_k(np.full((2, 3), -1), np.ones((2, 3)), Key()).value.tolist() == [[0.0] * 3] * 2
    large = np.full((2, selection.MAX_EXACT + 1), -1)
    assert not vote_at_k(large, np.ones(large.shape), Key()).value.any()


@pytest.mark.parametrize("weight", [-0.1, np.inf])
def test_bad_weights_are_refused(weight: float) -> None:
    with pytest.raises(UsageError):
        weighted_vote_at_k(np.array([[0]]), np.ones((1, 1)), np.array([[weight]]), Key())


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(UsageError):
        best_at_k(np.ones((1, 2)), np.ones((1, 3)))
    with pytest.raises(UsageError):
        vote_at_k(np.zeros((1, 2), np.int64), np.ones((1, 2)), Key(), sizes=np.array([3]))
