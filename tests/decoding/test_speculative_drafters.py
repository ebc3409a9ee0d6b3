"""What drafters propose, and how they keep in step with the text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_engine import ScriptedEngine, logits_of

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding.drafters.layers import layers
from passel.decoding.drafters.model import model
from passel.decoding.greedy import greedy
from passel.decoding.parts.chains import draw_guesses
from passel.decoding.parts.drafting import merged
from passel.decoding.parts.inputs import DecodingInput
from passel.decoding.parts.lengths import adapted_length
from passel.decoding.parts.matches import continuations
from passel.decoding.speculative import speculative
from passel.engine.sampling import Rows, shaped


def found(text: list[int], **options: int) -> list[tuple[int, ...]]:
    settings = {"max_ngram": 8, "min_ngram": 1, "length": 3, "width": 1} | options
    return continuations(np.asarray(text), **settings)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ([1, 2, 3, 4, 5, 1, 2], {}, [(3, 4, 5)]),
        ([1, 2, 3, 4, 5, 9], {}, []),
        ([7], {}, []),
        # the longest match, though another is nearer
        ([1, 2, 3, 4, 9, 2, 8, 8, 1, 2], {}, [(3, 4, 9)]),
        # of equals the latest; of those longer than max_ngram too
        ([2, 3, 4, 5, 2, 6, 7, 8, 2], {}, [(6, 7, 8)]),
        ([1, 2, 3, 4, 9, 2, 8, 8, 1, 2], {"max_ngram": 1}, [(8, 8, 1)]),
        ([1, 2, 3, 4, 9, 2, 8, 8, 7, 2], {"min_ngram": 2}, []),
        # a text that repeats itself is repeated
        ([5, 1, 2, 1, 2], {"length": 5}, [(1, 2, 1, 2, 1)]),
        ([4, 4], {"length": 4}, [(4, 4, 4, 4)]),
        # several places, the best first; one continuation is listed once
        ([2, 3, 4, 5, 2, 6, 7, 8, 2, 3, 4, 5, 2], {"width": 3}, [(6, 7, 8), (3, 4, 5)]),
    ],
)
def test_continuations(text: list[int], options: dict[str, int], expected: list[tuple[int, ...]]) -> None:
    assert found(text, **options) == expected


@given(
    text=st.lists(st.integers(0, 3), min_size=1, max_size=30),
    max_ngram=st.integers(1, 5),
    min_ngram=st.integers(1, 3),
    length=st.integers(1, 6),
    width=st.integers(1, 4),
)
def test_continuations_are_those_of_a_plain_search(
    text: list[int], max_ngram: int, min_ngram: int, length: int, width: int
) -> None:
    limits = {"max_ngram": max(max_ngram, min_ngram), "min_ngram": min_ngram, "length": length, "width": width}
    expected: list[tuple[int, ...]] = []
    for n in range(limits["max_ngram"], min_ngram - 1, -1):
        for start in range(len(text) - n - 1, -1, -1):
            if text[start : start + n] == text[len(text) - n :]:
                longer = list(text)
                while len(longer) < start + n + length + len(text):
                    longer.append(longer[start + n + len(longer) - len(text)])
                expected.append(tuple(longer[start + n : start + n + length]))
    assert found(text, **limits) == list(dict.fromkeys(expected))[:width]


def test_chains_are_merged_into_a_tree() -> None:
    tree = merged([(1, 2, 3), (1, 2, 4), (5,), (1,)])
    assert (tree.tokens, tree.parents) == ((1, 2, 3, 4, 5), (-1, 0, 1, 1, -1))
    assert tree.depths == [1, 2, 3, 3, 1]
    assert merged([(1, 2)]).parents is None
    assert merged([]).tokens == ()
    first = tree.first(4)
    assert (first.tokens, first.parents) == ((1, 2, 3, 4), (-1, 0, 1, 1))


def test_lengths() -> None:
    assert [
        adapted_length(4, 4, 4, max_length=9),
        adapted_length(8, 8, 8, max_length=9),
        adapted_length(4, 4, 3, max_length=9),
    ] == [6, 9, 3]
    assert [
        adapted_length(1, 1, 0, max_length=9),
        adapted_length(4, 0, 0, max_length=9),
        adapted_length(4, 2, 2, max_length=9),
    ] == [1, 4, 4]


OPENING = DecodingInput((1, 2, 3), 12, frozenset(), Sampling(temperature=0.0), extra_models=1)


def of_length(drafter: Any, **options: int) -> Any:
    return lambda inputs, *, key: drafter(inputs, key=key, **options)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0), Sampling(temperature=1.5)])
def test_the_draft_models_branch_holds_the_text_and_no_more(width: int, sampling: Sampling) -> None:
    """Each of its forwards goes on from a text that the target has, or from its own guesses after it: what the toy
    draft says depends on all tokens before, so a branch out of step would draft other tokens than from scratch."""
    draft = logits_of("draft", 6)
    engine = ScriptedEngine([logits_of("target", 6), draft])
    inputs = DecodingInput((1, 2, 3), 12, frozenset(), sampling, extra_models=1)
    seen: list[tuple[int, ...]] = []
    original = engine.models[1]
    engine.models = [engine.models[0], lambda tokens: (seen.append(tokens), original(tokens))[1]]
    (text,) = engine.run(
        speculative(inputs, key=Key(1), drafter=of_length(model, length=3, width=width), adaptive=False)
    )
    whole = (1, 2, 3, *text.tokens)
    before = [len(ask.tokens) for ask in engine.of(1)]
    assert before[0] == 3 + 1  # the prompt and the first token, once
    assert max(before[1:]) <= 2 + (width > 1)  # then what is new
    starts = {tokens for tokens in seen if tokens == whole[: len(tokens)]}
    assert len(starts) >= 3
    # every text that the draft model saw is the target's up to some place, and at most 2 guesses after it
    for tokens in seen:
        common = next((at for at, (a, b) in enumerate(zip(tokens, whole, strict=False)) if a != b), len(tokens))
        assert len(tokens) - common <= 2
    if sampling.temperature == 0.0:
        assert text.tokens == engine.run(greedy(inputs))[0].tokens


def test_chains_of_the_draft_model_differ_in_their_first_token() -> None:
    """At temperature 0: the most likely tokens, each continued greedily."""
    draft = logits_of("draft", 6)
    engine = ScriptedEngine([logits_of("target", 6), draft])
    engine.run(speculative(OPENING, drafter=of_length(model, length=2, width=2), adaptive=False))
    verified = next(ask for ask in engine.of(0) if ask.parents)
    text = (*OPENING.prompt, verified.tokens[0])
    firsts = draft(text).topk(2).indices.tolist()
    expected = [one for first in firsts for one in (first, int(draft((*text, first)).argmax()))]
    assert list(verified.tokens[1:]) == expected
    assert verified.parents == (-1, 0, 1, 0, 3)


def test_a_chain_stops_at_an_end_token() -> None:
    engine = ScriptedEngine([logits_of("target", 3), logits_of("draft", 3)])
    inputs = DecodingInput((1,), 12, frozenset({0, 1, 2}), Sampling(temperature=0.0), extra_models=1)
    engine.run(speculative(inputs, drafter=of_length(model, length=4)))
    assert len(engine.of(0)) == 1  # the first token ends it
    inputs = DecodingInput((1,), 30, frozenset({0}), Sampling(temperature=1.0), extra_models=1)
    engine.run(speculative(inputs, key=Key(5), drafter=of_length(model, length=4)))
    for ask in engine.of(0)[2:]:
        assert 0 not in ask.tokens[:-1]


def test_the_models_own_layers_need_no_prompt_of_their_own() -> None:
    """They start from a fork of the target's branch, so a draft of n guesses is n forwards of one token."""
    target = logits_of("target", 6)
    engine = ScriptedEngine([target])
    engine.run(speculative(OPENING, drafter=of_length(layers, layers=1, length=3), adaptive=False))
    drafting = [ask for ask in engine.forwards if ask.layers is not None]
    assert drafting
    assert all(ask.layers == 1 and len(ask.tokens) == 1 for ask in drafting)
    # the toy's layers all say the same, so every guess stands: the prompt, then 1 + 3 tokens as often as it takes
    assert [len(ask.tokens) for ask in engine.forwards if ask.layers is None] == [3, 4, 4, 3]


def test_guesses_without_replacement() -> None:
    logits = logits_of("draft", 4)((1,))
    rows = Rows.of([Sampling(temperature=0.7, top_k=3)])
    drawn = draw_guesses(logits, rows, 5, seed=3, place=0)
    assert len(drawn) == 3  # top-k leaves no more
    left = shaped(logits.unsqueeze(0), rows).softmax(-1)[0]
    for token, chance in drawn:
        assert chance is not None
        assert chance.tolist() == pytest.approx((left / left.sum()).tolist(), abs=1e-6)
        left[token] = 0.0
    greedy_ones = draw_guesses(logits, Rows.of([Sampling(temperature=0.0)]), 3, seed=3, place=0)
    assert [token for token, _ in greedy_ones] == logits.topk(3).indices.tolist()
