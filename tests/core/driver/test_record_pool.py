"""What every pool promises: the same reply comes back, the first whole one stays, failed ones do not stand for good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from record_examples import KINDS, entry

from passel.core.driver import MemoryStore, Record
from passel.core.reply import Reply, Token, Usage


@pytest.fixture(params=["memory", "record"])
def pool(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
    else:
        record = Record(tmp_path / "record.sqlite")
        yield record
        record.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_reply_comes_back_as_it_went_in(pool, kind):
    one = KINDS[kind]
    assert pool.put([one]) == [one.reply]
    assert pool.last([one.address]) == {one.address: one.reply}


def test_whole_replies_are_got_and_others_are_not(pool):
    pool.put(list(KINDS.values()))
    whole = pool.get([one.address for one in KINDS.values()])
    assert whole == {one.address: one.reply for name, one in KINDS.items() if name not in ("failed", "cancelled")}


def test_what_is_not_there_is_left_out(pool):
    pool.put([entry(1)])
    assert pool.get([entry(2).address]) == pool.last([entry(2).address]) == {}
    assert pool.get([]) == {}


def test_a_whole_reply_takes_the_place_of_a_failed_one(pool):
    pool.put([entry(1, "no", "failed")])
    pool.put([entry(1, "yes")])
    address = entry(1).address
    assert pool.get([address])[address].text == pool.last([address])[address].text == "yes"


def test_a_whole_reply_stays_when_a_failed_one_comes_after_it(pool):
    pool.put([entry(1, "yes")])
    pool.put([entry(1, "no", "cancelled")])
    address = entry(1).address
    assert pool.get([address])[address].text == pool.last([address])[address].text == "yes"


def test_of_several_failed_replies_the_last_is_told(pool):
    for text in ("one", "two"):
        pool.put([entry(1, text, "failed")])
    address = entry(1).address
    assert pool.get([address]) == {}
    assert pool.last([address])[address].text == "two"


def test_the_first_whole_reply_stands_and_the_second_who_puts_is_given_it(pool):
    assert [reply.text for reply in pool.put([entry(1, "first")])] == ["first"]
    given_back = pool.put([entry(2, "other"), entry(1, "second")])
    assert [reply.text for reply in given_back] == ["other", "first"]
    address = entry(1).address
    assert pool.get([address])[address].text == "first"


def test_more_addresses_than_a_query_takes_are_found(pool):
    entries = [entry(i) for i in range(1201)]
    pool.put(entries)
    assert pool.get([one.address for one in entries]) == {one.address: one.reply for one in entries}


numbers = st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=()), max_size=8)
replies = st.builds(
    Reply,
    stop=st.sampled_from(["end", "length", "filtered", "cancelled", "failed"]),
    text=texts,
    tokens=st.lists(
        st.builds(Token, texts, numbers, st.lists(st.tuples(texts, numbers), max_size=2).map(tuple)), max_size=3
    ).map(tuple),
    scores=st.lists(numbers, max_size=3).map(tuple),
    vectors=st.lists(st.lists(numbers, max_size=3).map(tuple), max_size=2).map(tuple),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | texts,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
        max_leaves=4,
    ),
    usage=st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    seconds=st.floats(0, 1e9),
    error=st.none() | texts,
    attempts=st.integers(1, 9),
)


@given(replies)
def test_any_reply_is_the_same_after_json(reply):
    import json

    assert Reply.from_json(json.loads(json.dumps(reply.to_json()))) == reply
