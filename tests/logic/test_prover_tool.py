"""The tool `prover`."""

from __future__ import annotations

import asyncio
import json

import pytest

from passel.tools.prover import prover

pytest.importorskip("cvc5", reason="needs the extra logic")


def run(**arguments):
    value = asyncio.run(prover(**arguments))
    assert json.loads(json.dumps(value)) == value
    return value


def test_it_says_what_follows_and_what_was_repaired():
    value = run(premises=["all x. (Cat(x) -> Pet(x))", "Cat(tom))"], conclusion="Pet(tom)")
    assert (value["label"], value["stop"], value["contradictory"]) == ("True", "decided", False)
    assert value["repairs"] == ["premise 2: ')' without '(' left out"]


def test_a_syntax_error_is_data():
    value = run(premises=["Cat(tom)"], conclusion="Cat(tom) →")
    assert (value["label"], value["stop"]) == ("Error", "syntax")
    assert value["reason"].startswith("conclusion: a formula expected, not the end at character 10")


def test_many_questions_at_once():
    async def many():
        asked = [prover(premises=[f"P{i % 3}(a)"], conclusion="P1(a)") for i in range(12)]
        return [value["label"] for value in await asyncio.gather(*asked)]

    assert asyncio.run(many()) == ["Unknown", "True", "Unknown"] * 4
