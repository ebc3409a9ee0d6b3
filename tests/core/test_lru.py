"""A mapping of bounded size forgets what was used least recently, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from passel.core.lru import LRU

steps = st.lists(st.tuples(st.sampled_from(["read", "write"]), st.integers(0, 9)), max_size=60)


@given(st.integers(1, 6), steps)
def test_it_holds_the_keys_that_were_used_last(size, steps):
    entries, used = LRU[int, str](size), list[int]()
    for step, key in steps:
        if step == "write":
            entries[key] = str(key)
        if step == "write" or key in used:
            assert entries.get(key) == str(key)
            used = [*(other for other in used if other != key), key][-size:]
        else:
            assert entries.get(key) is None
    assert len(entries) == len(used)


def test_without_a_limit_it_forgets_nothing():
    entries = LRU[int, int](None)
    for number in range(1000):
        entries[number] = number + 1
    assert [entries.get(number) for number in range(1000)] == list(range(1, 1001))
