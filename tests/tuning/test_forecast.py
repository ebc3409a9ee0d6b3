"""Forecasts: what is measured on planted trees, read off ladders, and assumed from a pilot."""

from __future__ import annotations

import json
import math
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import passel
from passel.core.driver import run_sync
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.plant import LETTERS, Plant
from passel.estimators.estimate import Estimate
from passel.estimators.verifiers.roc import auc
from passel.methods import load
from passel.models import load as load_model
from passel.tuning import (
    LADDERS,
    METHODS,
    Assumptions,
    Measured,
    MethodForecast,
    Rung,
    ladder,
    measured,
    reach,
    tokens_to_reach,
)
from passel.tuning.from_pilot import from_pilot, rho_of

SMALL = {"steps": 3, "branches": 3, "problems": 12}


def of(rungs):
    """Measured rungs from (scores, tokens) pairs."""
    return [Measured(np.array(s, float), np.array(t, float), np.ones(len(s))) for s, t in rungs]


# tokens to reach an accuracy


def test_between_two_rungs_accuracy_is_linear_in_the_logarithm():
    assert tokens_to_reach(0.5, [0.25, 0.75], [10.0, 1000.0]) == pytest.approx(100.0)
    assert tokens_to_reach(0.25, [0.25, 0.75], [10.0, 1000.0]) == 10.0
    assert tokens_to_reach(0.1, [0.25, 0.75], [10.0, 1000.0]) == 10.0, "the smallest size is more than enough"
    assert tokens_to_reach(0.8, [0.25, 0.75], [10.0, 1000.0]) is None


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0.05, 0.95))
def test_what_is_reached_lies_between_the_rungs_around_it(accuracies, target):
    tokens = [10.0 * 2**place for place in range(len(accuracies))]
    found = tokens_to_reach(target, accuracies, tokens)
    if found is None:
        assert max(accuracies) < target
    else:
        first = next(place for place, one in enumerate(accuracies) if one >= target)
        assert tokens[max(0, first - 1)] * (1 - 1e-9) <= found <= tokens[first] * (1 + 1e-9)


def test_the_interval_of_a_certain_ladder_is_a_point_and_never_is_none():
    sure = reach(0.5, of([([0] * 8, [10] * 8), ([1] * 8, [1000] * 8)]), Key(0))
    assert (sure.value, sure.low, sure.high) == pytest.approx((100.0, 100.0, 100.0))
    assert reach(0.5, of([([0] * 8, [10] * 8)]), Key(0)) == Estimate(None, None, None)


def test_an_end_that_only_some_resamples_reach_is_never():
    found = reach(0.5, of([([0] * 10, [10] * 10), ([1] * 5 + [0] * 5, [100] * 10)]), Key(0))
    assert found.value == pytest.approx(100.0)
    assert (found.low is not None, found.high) == (True, None)


# ladders


@pytest.mark.parametrize("method", sorted({*METHODS, *LADDERS, "vote", "particle_gibbs", "diverse_beam"}))
def test_every_rung_is_a_method_the_larger_the_later(method):
    specs = ladder(method)
    assert len(set(specs)) == len(specs) > 1
    options = [load(spec).options for spec in specs]
    size = LADDERS.get(method, ("n", ()))[0]
    assert [one[size] for one in options] == sorted(one[size] for one in options)


def test_who_judges_depends_on_what_there_is_to_judge():
    assert ladder("best_of:n=2") == ("best_of:n=2:verifier=orm",)
    assert ladder("beam:n=2") == ("beam:n=2:verifier=prm:verifier.aggregate=last",)
    assert ladder("vote:n=2") == ("vote:n=2",)
    assert ladder("best_of:n=2:verifier=prm") == ("best_of:n=2:verifier=prm",)
    assert "width=3" in ladder("beam:width=3")[0]
    assert all(spec.count("width") == 1 for spec in ladder("beam:width=3"))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("cot", "no option n"),
        ("debate:rounds=2:verfier=1", "verfier"),
        ("feedback_scaling", "critic"),
        ("beem", "beam"),
    ],
)
def test_what_cannot_be_simulated_is_refused(spec, says):
    with pytest.raises(UsageError, match=says):
        ladder(spec)


# assumptions


def test_assumptions_are_those_of_the_model_and_the_task():
    one = Assumptions(chance=0.7, steps=4, branches=3, tokens=7, rho=0.5, scale=1.0, bias=2.0, trap=2)
    model = load_model(one.model(5))
    assert (model.chance, model.tokens, model.rho, model.scale) == (0.7, 7, 0.5, 1.0)
    assert (model.bias, model.trap, model.seed) == (2.0, 2, 5)
    assert one.task == "planted:depth=4:branching=3"


@pytest.mark.parametrize("wrong", [{"chance": 1.5}, {"rho": -0.1}, {"branches": 40}, {"steps": 0}, {"trap": -1}])
def test_assumptions_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        Assumptions(**wrong)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.9])
def test_rho_is_read_off_the_chance_to_rank_right_above_wrong(rho):
    """Of the model's own values: one right and one wrong letter of many trees."""
    model = load_model(Assumptions(rho=rho).model())
    pairs = []
    for tree in range(1500):
        plant = Plant(tree, 2, 4)
        wrong = next(letter for letter in LETTERS if letter != plant.path[0])
        pairs += [(model.value(plant, plant.path[0]), True), (model.value(plant, wrong), False)]
    values, right = zip(*pairs, strict=True)
    assert rho_of(auc(np.array(values), np.array(right))) == pytest.approx(rho, abs=0.04)
    assert rho_of(0.2) == 0.0


# forecasts


def test_what_a_budget_buys_is_the_largest_size_that_fits():
    rungs = tuple(Rung(f"m:n={n}", Estimate(n / 10), 10.0 * n, n) for n in (1, 2, 4))
    one = MethodForecast("m", rungs, Estimate(None))
    assert [rung and rung.spec for rung in map(one.within, (9, 10, 39.9, 40, 1e9))] == [
        None,
        "m:n=1",
        "m:n=2",
        "m:n=4",
        "m:n=4",
    ]


def test_a_sure_generator_needs_the_smallest_size_and_a_hopeless_one_never_gets_there():
    sure = passel.forecast("best_of,step_best_of", chance=1.0, tokens=7, steps=3, branches=3, problems=4)
    for one in sure.methods:
        assert one.reach == Estimate(21.0, 21.0, 21.0)
        assert [rung.accuracy.value for rung in one.rungs] == [1.0] * len(one.rungs)
    assert [rung.tokens for rung in sure.methods[0].rungs] == [21.0 * n for n in (1, 2, 4, 8, 16, 32, 64)]
    hopeless = passel.forecast("best_of:n=4", chance=0.0, **SMALL)
    assert hopeless.methods[0].reach.value is None
    assert hopeless.cheapest() is None
    assert "never" in passel.as_text(hopeless)


def test_best_of_under_a_perfect_verifier_is_coverage_and_the_forecast_says_so():
    """A right solution of two steps has a chance of 1/4; the estimate is within four standard errors of the formula."""
    sizes = (1, 2, 4, 8)
    specs = [f"best_of:n={n}" for n in sizes]
    found = passel.forecast(specs, chance=0.5, steps=2, branches=2, rho=1.0, problems=80, seed=4)
    for n, one in zip(sizes, found.methods, strict=True):
        (rung,) = one.rungs
        expected = 1 - 0.75**n
        assert rung.accuracy.value == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 80))
        assert rung.tokens == 20.0 * n


def test_the_same_seed_gives_the_same_forecast_and_another_seed_another():
    one, same, other = (passel.forecast("beam:n=4", seed=seed, rho=0.5, **SMALL) for seed in (1, 1, 2))
    assert one == same
    assert one.methods != other.methods


def test_json_holds_assumptions_rungs_and_what_each_budget_buys():
    found = passel.forecast("best_of", budgets=(1, 100), target=0.25, steps=3, branches=3, problems=3)
    data = json.loads(json.dumps(found.to_json()))
    assert data["assumptions"]["steps"] == 3
    assert data["methods"][0]["within"] == [
        {"budget": 1, "spec": None},
        {"budget": 100, "spec": "best_of:n=2:verifier=orm"},
    ]
    assert data["methods"][0]["rungs"][1]["tokens"] == 60.0


@pytest.mark.parametrize("wrong", [{"problems": 0}, {"target": 0.0}, {"target": 1.1}, {"budgets": [0]}, {"chanse": 1}])
def test_a_plan_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError):
        passel.forecast("best_of:n=1", **wrong)


def test_a_method_that_breaks_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "def broken(problem, *, key, n: int = 1):\n    yield from ()\n    raise ZeroDivisionError('mine')\n"
    )
    with pytest.raises(UsageError, match=r"mine.py:broken:n=1 fails .*ZeroDivisionError"):
        passel.forecast("mine.py:broken:n=1", **SMALL)


# A* and beam search, where the verifier is sure: the claim of its paper


def test_a_star_needs_fewer_tokens_than_a_beam_where_the_verifier_is_never_wrong():
    sizes = {"beam": ladder("beam")[1:3], "a_star": ladder("a_star")[:3]}
    one = Assumptions(rho=1.0)
    specs = [spec for rungs in sizes.values() for spec in rungs]
    found = run_sync(measured(specs, model=one.model(), task=one.task, problems=30))
    prices = {name: reach(0.5, [found[spec] for spec in rungs], Key(0)) for name, rungs in sizes.items()}
    assert prices["a_star"].high < prices["beam"].low


# from a pilot


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """A comparison on planted trees, so that what it should tell is known."""
    folder = tmp_path_factory.mktemp("pilot") / "run"
    model = "planted:chance=0.8:rho=0.7:tokens=9"
    methods = ["single", "best_of:verifier=orm"]
    passel.compare(model=model, task="planted:depth=3", methods=methods, n=8, limit=30, out=folder)
    return folder


def test_a_pilot_tells_chance_tokens_and_rho(pilot):
    found, notes = run_sync(from_pilot(pilot, {"steps": 3}))
    assert found.chance == pytest.approx(0.8, abs=0.05)
    assert found.tokens == 9
    assert found.rho == pytest.approx(0.7, abs=0.15)
    assert [note.split()[0] for note in notes] == ["chance", "tokens", "rho"]
    assert (found.branches, found.bias) == (Assumptions().branches, 0.0), "what it cannot tell is the default"


def test_what_is_given_stands_against_the_pilot(pilot):
    found, notes = run_sync(from_pilot(pilot, {"steps": 1, "rho": 0.1, "tokens": 4}))
    assert (found.rho, found.tokens) == (0.1, 4)
    assert found.chance == pytest.approx(0.8**3, abs=0.08), "in one step, all of it"
    assert len(notes) == 1


def test_a_forecast_from_a_pilot_is_as_right_as_the_pilot_was(pilot):
    """At the size that the pilot had."""
    made = passel.forecast("best_of:n=8", pilot=pilot, steps=3, problems=30)
    (rung,) = made.methods[0].rungs
    best = next(row for row in passel.Run.open(pilot).plan.methods if row.startswith("best_of"))
    assert best == "best_of:verifier=orm"
    assert rung.accuracy.value == pytest.approx(_accuracy(pilot, best), abs=0.2)
    assert made.notes


def _accuracy(folder, name):
    data = json.loads((folder / "comparison.json").read_text())
    return fmean(row["trials"][name]["score"] for row in data["problems"])


def test_a_pilot_that_is_never_right_tells_no_chance(tmp_path):
    passel.compare(model="planted:chance=0", task="planted:depth=3", methods=["single"], limit=5, out=tmp_path / "run")
    with pytest.raises(UsageError, match="no plain sample"):
        passel.forecast("best_of:n=1", pilot=tmp_path / "run")
    assert passel.forecast("best_of:n=1", pilot=tmp_path / "run", chance=0.5, problems=3).assumptions.chance == 0.5
