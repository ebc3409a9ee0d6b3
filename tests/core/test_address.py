"""Addresses: the same on every machine and in every version, different for what is drawn differently."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from passel.core.address import address
from passel.core.ask import Ask, Call, Embed, Generate, Message, Sampling, Score
from passel.core.key import Key

CHAT = (Message("user", "é"),)
FULL = Generate(CHAT, Key(1) / "p" / "draw" / 2, "So", Sampling(temperature=0.5, max_tokens=3, stop=("a",)))
GOLDEN: list[tuple[str, Ask, str, str]] = [
    ("m", Generate("q", Key()), "", "0d6ebcfc2f3baecd416289b9ab66370e8f223d18"),
    ("m", FULL, "", "4345315f42156d5efe057a9b475bfaf806b801db"),
    ("m", Score("q", ("Yes", "No")), "", "3cf37a142094fe4219a526eb2e5d4059f108a475"),
    ("m", Embed(("a", "b")), "", "525286b3a9e25d230a9a29cb47466e9fd2d5ff0b"),
    ("", Call("check", {"text": "4", "key": "4"}), "p1", "e18361360647f418d68c53ab0e27c40f00e3de83"),
]


@pytest.mark.parametrize(("model", "ask", "scope", "known"), GOLDEN)
def test_golden_addresses_never_change(model, ask, scope, known):
    assert address(model, ask, scope) == known


def test_another_process_with_another_hash_seed_finds_the_same():
    code = (
        "from passel.core.address import address; from passel.core.ask import Call; "
        "print(address('', Call('check', {'text': '4', 'key': '4'}), 'p1'))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": seed}
        )
        assert done.stdout.strip() == GOLDEN[-1][3], done.stderr


@pytest.mark.parametrize(
    "other",
    [
        replace(FULL, prompt="é"),
        replace(FULL, prompt=(Message("system", "é"),)),
        replace(FULL, prompt=(*CHAT, Message("assistant", "é"))),
        replace(FULL, key=Key(2) / "p" / "draw" / 2),
        replace(FULL, key=Key(1) / "p" / "draw" / "2"),
        replace(FULL, key=Key(1) / "p" / "draw" / 2 / 0),
        replace(FULL, prefix="So "),
        replace(FULL, sampling=Sampling(temperature=0.5, max_tokens=3)),
        replace(FULL, sampling=Sampling(temperature=0.5, max_tokens=4, stop=("a",))),
        replace(FULL, sampling=replace(FULL.sampling, typical_p=0.9)),
        replace(FULL, sampling=replace(FULL.sampling, logit_bias=((3, 1.0),))),
        replace(FULL, sampling=replace(FULL.sampling, json_schema="{}")),
        replace(FULL, sampling=replace(FULL.sampling, regex="a")),
    ],
)
def test_what_changes_the_draw_changes_the_address(other):
    assert address("m", other) != address("m", FULL)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (Sampling(logit_bias=((3, 1.0), (2, 0.5))), Sampling(logit_bias=((2, 0.5), (3, 1)))),
        (Sampling(json_schema='{"type": "object"}'), Sampling(json_schema='{"type":\n"object"}')),
    ],
)
def test_the_same_distribution_written_otherwise_has_the_same_address(one, same):
    assert address("m", replace(FULL, sampling=one)) == address("m", replace(FULL, sampling=same))


def test_the_model_is_part_of_it_and_the_role_and_label_are_not():
    assert address("m2", FULL) != address("m", FULL)
    assert address("m", replace(FULL, role="critic", label="again")) == address("m", FULL)


def test_a_call_belongs_to_its_problem_whatever_the_order_of_its_arguments():
    one, two = Call("t", {"a": 1, "b": 2}), Call("t", {"b": 2, "a": 1})
    assert address("", one, "p1") == address("", two, "p1")
    assert address("", one, "p1") != address("", one, "p2")
    assert address("", one, "p1") != address("", Call("t", {"a": 1, "b": "2"}), "p1")


def test_lone_surrogates_have_an_address():
    assert address("m", Generate("\ud800", Key() / "\udc00", "\udfff")) != address("m", Generate("\ud801", Key()))
