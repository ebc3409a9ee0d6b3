"""The cache against a list of tokens for each branch: what it holds, who owns which slot, what eviction forgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from passel.engine.cache import PAGE, Cache, Full

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=40)


class Branches(RuleBasedStateMachine):
    """Random lives of branches, with few tokens to choose from, so that they often begin alike."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = Cache(12)
        self.texts: dict[int, list[int]] = {}

    def some(self, data: Any) -> int:
        return data.draw(st.sampled_from(sorted(self.texts)))

    @rule()
    def open(self) -> None:
        row = self.cache.open()
        assert row not in self.texts
        self.texts[row] = []

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), tokens=TOKENS)
    def extend(self, data: Any, tokens: list[int]) -> None:
        row = self.some(data)
        try:
            slots = self.cache.extend(row, tokens, len(tokens))
        except Full:
            return
        assert len(slots) == len(tokens)
        self.texts[row] = self.texts[row] + tokens

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), token=st.integers(0, 2))
    def append_everywhere(self, data: Any, token: int) -> None:
        rows = np.asarray(sorted(self.texts), dtype=np.int32)
        try:
            self.cache.append(rows, np.full(len(rows), token, dtype=np.int32))
        except Full:
            return
        self.texts = {row: [*text, token] for row, text in self.texts.items()}

    @precondition(lambda self: self.texts)
    @rule(data=st.data(), tokens=TOKENS)
    def adopt(self, data: Any, tokens: list[int]) -> None:
        row = self.some(data)
        known = self.cache.adopt(row, tokens)
        self.texts[row] = self.texts[row] + tokens[:known]

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def fork(self, data: Any) -> None:
        row = self.some(data)
        self.texts[self.cache.fork(row)] = self.texts[row]

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def drop(self, data: Any) -> None:
        row = self.some(data)
        self.cache.drop(row)
        del self.texts[row]

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def shorten(self, data: Any) -> None:
        row = self.some(data)
        length = data.draw(st.integers(0, len(self.texts[row])))
        self.cache.keep(row, length)
        self.texts[row] = self.texts[row][:length]

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def commit(self, data: Any) -> None:
        self.cache.commit(self.some(data))

    @invariant()
    def sound(self) -> None:
        self.cache.check()
        assert self.cache.branches == len(self.texts)
        for row, text in self.texts.items():
            assert self.cache.tokens[row, : self.cache.length[row]].tolist() == text


TestBranches = Branches.TestCase
TestBranches.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def filled(cache: Cache, *texts: list[int]) -> list[int]:
    """Branches with these texts, all of it known to the trie."""
    rows: list[int] = []
    for text in texts:
        row = cache.open()
        known = cache.adopt(row, text)
        if known < len(text):
            cache.extend(row, text[known:], len(text) - known)
        cache.commit(row)
        rows.append(row)
    return rows


@given(st.lists(TOKENS, min_size=1, max_size=6))
@settings(deadline=None)
def test_every_prefix_is_kept_once(texts):
    cache = Cache(64)
    filled(cache, *texts)
    prefixes = {tuple(text[: i + 1]) for text in texts for i in range(len(text))}
    assert cache.held_tokens == len(prefixes)


def test_a_tree_keeps_its_accepted_path():
    cache = Cache(4)
    row = cache.open()
    cache.extend(row, [1, 2, 3], 3)
    slots = cache.extend(row, [10, 11, 12, 13, 14], 5)
    cache.keep(row, 3, (0, 2, 4))
    assert cache.tokens[row, :6].tolist() == [1, 2, 3, 10, 12, 14]
    assert cache.slots[row, 3:6].tolist() == slots[[0, 2, 4]].tolist()
    cache.check()


def test_tokens_without_a_name_are_never_shared():
    cache = Cache(8)
    first, second = cache.open(), cache.open()
    cache.extend(first, None, 4)
    cache.extend(second, None, 4)
    cache.commit(first)
    cache.commit(second)
    assert cache.held_tokens == 8
    cache.check()


def test_what_follows_a_token_without_a_name_is_forgotten_with_its_branch():
    cache = Cache(8)
    row = cache.open()
    cache.extend(row, [5, 6], 2)
    cache.extend(row, None, 1)
    cache.extend(row, [7], 1)
    cache.drop(row)
    assert cache.held_tokens == 2
    cache.check()


def test_the_longest_unused_goes_first_and_what_is_in_use_never():
    cache = Cache(4)
    old, young, used = filled(cache, [1] * PAGE, [2] * PAGE, [3] * PAGE)
    cache.drop(old)
    cache.drop(young)
    cache.need(2)  # one page is free, so one text must go: the older one
    row = cache.open()
    assert cache.adopt(row, [2] * PAGE) == PAGE
    assert cache.adopt(cache.open(), [1] * PAGE) == 0
    with pytest.raises(Full):
        cache.need(3)
    assert cache.tokens[used, :PAGE].tolist() == [3] * PAGE
    cache.check()


def test_a_full_cache_changes_nothing():
    cache = Cache(2)
    row = cache.open()
    cache.extend(row, [1] * PAGE, PAGE)
    other = cache.open()
    cache.extend(other, [2] * PAGE, PAGE)
    before = cache.length.copy()
    with pytest.raises(Full):
        cache.append(np.asarray([row, other], dtype=np.int32), np.asarray([1, 2], dtype=np.int32))
    with pytest.raises(Full):
        cache.extend(row, [1, 1], 2)
    assert (cache.length == before).all()
    cache.check()


def test_neighbours_lie_side_by_side():
    cache = Cache(8)
    row = cache.open()
    slots = cache.extend(row, [1] * (2 * PAGE), 2 * PAGE)
    steps = np.diff(slots)
    assert (steps == 1).sum() >= 2 * (PAGE - 1)
