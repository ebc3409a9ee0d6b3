"""Superposed decoding with a real model: greedy where k is 1, a pass a token for any k, and `passel draft`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("gguf", reason="needs gguf")

from passel import Drafter
from passel.models.catalog import find_card
from passel.models.catalog.pull import cached

NAME = "smollm2-135m"
TEXTS = (
    "The capital of France",
    "In my younger and more vulnerable years my father gave me",
    "def fibonacci(n):\n    ",
    "We propose a new method for",
)


@pytest.fixture(scope="module")
def drafter() -> Iterator[Drafter]:
    if cached(find_card(NAME)) is None:
        pytest.skip(f"the file of {NAME} is not in the cache: passel pull {NAME}")
    with Drafter(NAME) as made:
        yield made


def test_one_draft_is_the_greedy_one(drafter: Drafter):
    for text in TEXTS:
        (found,), (wanted,) = (
            drafter.draft(text, 1, max_tokens=24),
            drafter.draft(text, decoder="greedy", max_tokens=24),
        )
        assert (found.text, found.tokens, found.ended) == (wanted.text, wanted.tokens, wanted.ended)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_a_pass_a_token_for_any_k(drafter: Drafter, k: int):
    engine = drafter._runtime.engine
    before = engine.tally.ticks
    found = drafter.draft(TEXTS[0], k, max_tokens=10)
    assert len({one.text for one in found}) == k
    assert engine.tally.ticks - before == max(one.tokens for one in found) == 10
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)


def test_the_command_line(drafter: Drafter, passel: Callable[..., Any]):
    """In a process of its own; the first draft holds what everybody knows."""
    said = passel("draft", TEXTS[0], "-k", 3, "--max-tokens", 5, "--json", "--stream", timeout=240)
    assert said.code == 0, said.err
    *stages, last = map(json.loads, said.out.splitlines())
    assert len(stages) == 5
    assert "Paris" in last["drafts"][0]["text"]
    assert [one["text"] for one in last["drafts"]] == [one.text for one in drafter.draft(TEXTS[0], 3, max_tokens=5)]
