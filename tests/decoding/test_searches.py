"""Searches over tokens against enumeration: with width enough, the most likely text of all."""

from __future__ import annotations

from functools import cache

import pytest
from decoders_here import inputs, run
from tiny_models import logits_from_scratch

from passel.decoding.beam_search import beam_search
from passel.decoding.best_first import best_first
from passel.decoding.cot_decoding import answer_span, cot_decoding
from passel.decoding.greedy import greedy

VOCABULARY = 64


@cache
def log_chance(prompt: tuple[int, ...], tokens: tuple[int, ...]) -> float:
    logits = logits_from_scratch((*prompt, *tokens)).log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + place, token]) for place, token in enumerate(tokens))


def most_likely(prompt: tuple[int, ...], end: frozenset[int]) -> tuple[int, ...]:
    """The most likely text of at most two tokens, by enumeration; a text ends at an end token."""
    first = logits_from_scratch(prompt)[-1].log_softmax(-1)
    chances: dict[tuple[int, ...], float] = {}
    for token in range(VOCABULARY):
        if token in end:
            chances[token,] = float(first[token])
            continue
        second = logits_from_scratch((*prompt, token))[-1].log_softmax(-1)
        chances |= {(token, other): float(first[token] + second[other]) for other in range(VOCABULARY)}
    return max(chances, key=chances.__getitem__)


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_of_one_is_greedy(seed: int):
    one = inputs(prompt=tuple(range(seed, seed + 9)), max_tokens=12)
    assert run(beam_search(one, width=1))[0].tokens == run(greedy(one))[0].tokens


def test_wide_searches_find_the_most_likely_text():
    one = inputs(prompt=(3, 1, 4, 1, 5), max_tokens=2, end=(7,))
    wanted = most_likely(one.prompt, one.end_tokens)
    assert run(beam_search(one, width=VOCABULARY, length_penalty=0.0))[0].tokens == wanted
    assert run(best_first(one, width=VOCABULARY, expansions=4096))[0].tokens == wanted


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_is_at_least_as_likely_as_the_greedy_text_and_scores_are_log_probabilities(seed: int):
    one = inputs(prompt=tuple(range(seed, seed + 9)), max_tokens=8)
    wide, first = run(beam_search(one, width=8, length_penalty=0.0))[0], run(best_first(one, expansions=64))[0]
    assert log_chance(one.prompt, wide.tokens) >= log_chance(one.prompt, run(greedy(one))[0].tokens) - 1e-4
    for found in (wide, first):
        assert found.score == pytest.approx(log_chance(one.prompt, found.tokens), abs=1e-3)


def test_beams_come_best_first_and_differ():
    texts = run(beam_search(inputs(max_tokens=6), width=4))
    assert len({text.tokens for text in texts}) == 4
    assert [text.score for text in texts] == sorted((text.score for text in texts), reverse=True)


def test_a_search_whose_expansions_are_used_up_ends_greedily():
    found = run(best_first(inputs(max_tokens=20), expansions=4))[0]
    assert (len(found.tokens), found.ended) == (20, "length")


def test_paths_begin_with_the_likeliest_tokens_and_go_on_greedily():
    one = inputs(max_tokens=10)
    texts = run(cot_decoding(one, k=5, aggregate=False))
    firsts = logits_from_scratch(one.prompt)[-1].topk(5).indices.tolist()
    assert sorted(text.tokens[0] for text in texts) == sorted(firsts)
    for text in texts:
        rest = inputs(prompt=(*one.prompt, text.tokens[0]), max_tokens=9)
        assert run(greedy(rest))[0].tokens == text.tokens[1:]


def test_one_path_is_greedy():
    one = inputs(max_tokens=10)
    assert run(cot_decoding(one, k=1))[0].tokens == run(greedy(one))[0].tokens


@pytest.mark.parametrize(
    ("pieces", "span"),
    [(["It", " is", " 1", "7", "."], (2, 4)), (["3", " and", " 4.5"], (2, 3)), (["no", " number"], (0, 2))],
)
def test_the_answer_is_the_last_number(pieces: list[str], span: tuple[int, int]):
    assert answer_span(pieces) == span
