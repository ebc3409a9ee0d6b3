"""Races in tokens: who wins, and what the losers are charged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.driver.races import settle
from passel.core.reply import Reply, Usage

replies = st.lists(
    st.builds(
        lambda stop, tokens, prompt: Reply(stop, "t", usage=Usage(prompt, tokens), seconds=float(tokens)),
        st.sampled_from(["end", "end", "end", "length", "filtered", "failed", "cancelled"]),
        st.integers(0, 50),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=12,
)


@given(replies, st.integers(1, 12))
def test_the_k_shortest_usable_replies_stay_and_the_others_are_cut_at_the_last_winners_length(given_replies, k):
    settled = settle(given_replies, k)
    usable = [reply for reply in given_replies if reply.ok]
    assert len(settled) == len(given_replies)
    if len(usable) < k:
        assert settled == given_replies
        return
    winners = [i for i, reply in enumerate(settled) if reply.ok]
    assert len(winners) == k
    length = max(settled[i].usage.completion_tokens for i in winners)
    for i, (before, after) in enumerate(zip(given_replies, settled, strict=True)):
        if i in winners:
            assert after == before
            continue
        if before.ok:
            assert before.usage.completion_tokens >= length, "nobody shorter lost"
        if before.stop in ("failed", "cancelled"):
            assert after == before
            continue
        assert after.stop == "cancelled"
        assert after.usage.prompt_tokens == before.usage.prompt_tokens
        assert after.usage.completion_tokens == min(length, before.usage.completion_tokens)
        assert after.seconds <= before.seconds


@given(replies, st.integers(1, 12))
def test_settling_twice_changes_nothing(given_replies, k):
    once = settle(given_replies, k)
    assert settle(once, k) == once


@pytest.mark.parametrize("k", [1, 2])
def test_ties_go_to_the_earlier(k):
    settled = settle([Reply(text=str(i), usage=Usage(0, 4)) for i in range(4)], k)
    assert [reply.ok for reply in settled] == [i < k for i in range(4)]
