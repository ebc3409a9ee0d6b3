"""`passel forecast` as a user meets it."""

from __future__ import annotations

import json
import re

import pytest

import passel

WORDS = ("--steps", 3, "--branches", 3, "--problems", 6)


def test_a_plan_shows_what_budgets_buy_and_what_half_costs(cli):
    said = cli("forecast", "--methods", "step_best_of,beam", "--rho", 1, "--budgets", "50,500", *WORDS)
    assert said.code == 0
    assert said.err == ""
    rows = [line for line in said.out.splitlines() if re.match(r"(step_best_of|beam) +\d", line)]
    assert len(rows) == 4, "each method in both tables"
    assert max(map(len, rows)) <= 100
    assert all(re.search(r"\d+ \[\d+,\d+\]", row) for row in rows)
    assert "6 planted trees, seed 0: chance 0.6, steps 3, branches 3, tokens 10, rho 1" in said.out
    headline = r"^(step_best_of|beam) reaches 50 % accuracy with the fewest tokens: \d+\.$"
    assert re.search(headline, said.out, re.MULTILINE)


def test_json_is_that_of_the_python_api(cli):
    said = cli("forecast", "--methods", "vote:n=3,best_of:n=2", "--seed", 3, "--target", 0.75, "--json", *WORDS)
    made = passel.forecast("vote:n=3,best_of:n=2", steps=3, branches=3, problems=6, seed=3, target=0.75)
    assert json.loads(said.out) == json.loads(json.dumps(made.to_json()))


def test_a_pilot_is_told_of(cli, tmp_path):
    run = ("compare", "--model", "planted:chance=0.9", "--task", "planted:depth=2", "--limit", 8, "--out", tmp_path)
    assert cli(*run, "--methods", "vote:n=4").code == 0
    said = cli("forecast", "--methods", "best_of:n=2", "--pilot", tmp_path, "--steps", 2, "--problems", 5)
    assert said.code == 0
    assert "of the pilot's plain samples are right" in said.out
    assert "tokens 10: a plain sample of the pilot takes 20" in said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--methods", "beem"), "--methods: unknown method"),
        (("--methods", ","), "--methods: no method given"),
        (("--methods", "reflexion"), "--methods: method reflexion has no option n"),
        (("--methods", "fuse"), "--methods: method fuse needs a fuser, which is not simulated"),
        (("--chance", 2), "--chance"),
        (("--branches", 27), "--branches"),
        (("--budgets", "10,x"), "--budgets: expected numbers"),
        (("--budgets", "0"), "--budgets: expected numbers"),
        (("--target", 0), "--target"),
        (("--pilot", "nowhere"), "--pilot: no run in nowhere"),
        (("--pilots", "nowhere"), "--pilot"),
    ],
)
def test_a_usage_error_names_the_flag(words, says, cli):
    said = cli("forecast", *words)
    assert said.code == 2
    assert says in said.message
