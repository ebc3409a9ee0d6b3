"""A sweep: one option at a time, all at the cost of the base."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import passel
from passel.cli import commands
from passel.core.errors import UsageError
from passel.models.toy import toy
from passel.tuning.sweep import Arm, arms, levelled

VARY = {"sampling.temperature": ["0.3", "1.0"], "n": ["2", "4"]}


def test_an_arm_differs_from_the_base_in_one_option():
    found = arms("vote:n=4", VARY)
    assert found[0] == Arm("", "", "vote:n=4")
    assert [arm.spec for arm in found[1:]] == [
        "vote:n=4:sampling.temperature=0.3",
        "vote:n=4:sampling.temperature=1.0",
        "vote:n=2",
    ]


@pytest.mark.parametrize(
    ("base", "vary", "match"),
    [
        ("vote", {}, "nothing to vary"),
        ("vote", {"samples": ["3"]}, "unknown option of method vote: 'samples'"),
        ("vote", {"sampling.temprature": ["3"]}, "temprature.*did you mean temperature"),
        ("vote", {"sampling.temperature": ["hot"]}, "must be a number, got 'hot'"),
        ("vote", {"n": ["0"]}, "at least 1"),
        ("best_of", {"verifier": ["arithmetik"]}, "did you mean arithmetic"),
        ("vote", {"prompt": ["best_of"]}, "not a prompting method"),
    ],
)
def test_what_cannot_be_varied_is_refused_by_name(base, vary, match):
    with pytest.raises(UsageError, match=match):
        arms(base, vary)


def costing(**tokens: int) -> passel.Comparison:
    """A comparison of vote arms that takes these completion tokens a problem, by n."""
    found = passel.compare(model="toy", task="rg:chain_sum", methods=list(tokens), limit=2)
    rows = []
    for row in found.methods:
        cost = type(row.cost)(completion_tokens=2 * tokens[row.name])
        rows.append(type(row)(**{f: getattr(row, f) for f in row.__slots__} | {"cost": cost}))
    return type(found)(**{f: getattr(found, f) for f in found.__slots__} | {"methods": tuple(rows)})


def test_an_arm_that_takes_twice_as_much_gets_half_of_n():
    found = arms("vote:n=8", {"sampling.temperature": ["0.3", "0.6"], "n": ["2"]})
    specs = [arm.spec for arm in found]
    level = levelled(found, costing(**dict(zip(specs, [400, 800, 100, 100], strict=True))))
    assert [arm.spec for arm in level] == [
        "vote:n=8",
        "vote:n=4:sampling.temperature=0.3",
        "vote:n=32:sampling.temperature=0.6",
        "vote:n=2",
    ]


def test_a_method_without_n_stays_as_it_is():
    found = arms("single", {"sampling.temperature": ["0.3"]})
    assert levelled(found, costing(**{arm.spec: 5 * i + 1 for i, arm in enumerate(found)})) == found


def test_temperature_reaches_the_draws():
    seen = []

    class Spy(type(toy())):
        def reply(self, ask):
            seen.append(ask.sampling.temperature)
            return super().reply(ask)

    model = Spy(toy().distribution, toy().info)
    passel.solve("2 + 2?", model=model, method="vote:n=3:sampling.temperature=0.25")
    assert seen == [0.25] * 3


def test_the_command_compares_the_arms_and_says_what_each_option_is_worth(tmp_path):
    words = ["sweep", "--model", "toy", "--task", "rg:chain_sum", "--limit", "30", "--method", "vote:n=4"]
    words += ["--vary", "n=1,8", "--vary", "sampling.top_p=0.5", "--out", str(tmp_path)]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0, result.output
    assert "n: best with 8 (83 %" in result.output
    assert "sampling.top_p: no value was better than the base" in result.output
    names = [row["name"] for row in json.loads((tmp_path / "comparison.json").read_text())["methods"]]
    assert names == ["vote:n=4", "vote:n=1", "vote:n=8", "vote:n=4:sampling.top_p=0.5"]


@pytest.mark.parametrize("vary", ["prompt", "=cot", "prompt="])
def test_a_vary_without_values_is_one_line(vary):
    result = CliRunner().invoke(commands, ["sweep", "--task", "rg:chain_sum", "--vary", vary])
    assert "--vary: expected OPTION=VALUE" in str(result.exception)


def test_a_verifier_can_be_varied():
    found = passel.sweep("best_of:n=2", {"verifier": ["arithmetic"]}, model="toy", task="rg:chain_sum", limit=3)
    assert found.arms[0].spec == "best_of:n=2"
    assert found.arms[1].spec.endswith(":verifier=arithmetic")
    assert len(found.comparison.methods) == 2
