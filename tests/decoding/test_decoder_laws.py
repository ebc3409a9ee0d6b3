"""What holds for every decoding method that the folder has."""

from __future__ import annotations

import inspect
from typing import Annotated, Literal, get_origin

import pytest
from decoders_here import engine_for, inputs, inputs_for, run
from tiny_parts import spec

from passel.core.ask import Sampling
from passel.core.docs import describe
from passel.core.key import Key
from passel.core.options import parameters
from passel.core.registry import find, names
from passel.decoding import Decoded, load
from passel.engine.requests import Emit

DECODERS = names("decoding")
SEARCHES = {"beam_search", "best_first", "cot_decoding"}
WARM = inputs(sampling=Sampling(temperature=0.8), max_tokens=12, end=(7,))


def texts_of(name: str, key: Key = Key(4)) -> tuple[Decoded, ...]:
    return run(load(spec(name)).make(inputs_for(name, WARM), key=key), engine=engine_for(name))


def test_the_room_holds_what_it_holds():
    assert {
        "beam_search",
        "cfg",
        "contrastive",
        "greedy",
        "nucleus",
        "shared_cache",
        "speculative",
        "superposed",
    } <= set(DECODERS)


def test_no_decoder_shares_its_name_with_a_method():
    assert set(DECODERS).isdisjoint(names("methods"))


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_has_the_one_signature(name: str):
    found = inspect.signature(find("decoding", name)).parameters
    assert next(iter(found)) == "inputs"
    assert found["key"].kind is inspect.Parameter.KEYWORD_ONLY
    for option, (annotation, default) in parameters(find("decoding", name)).items():
        assert default is not inspect.Parameter.empty, option
        assert get_origin(annotation) in (Annotated, Literal) or annotation in (bool, str, float | None), option


@pytest.mark.parametrize("name", DECODERS)
def test_the_docstring_has_its_sections_in_order(name: str):
    function = find("decoding", name)
    text = inspect.getdoc(function) or ""
    heads = ["Source:", "Symbols:", "Args:", "Cost:", "Guarantees:", "Deviations:"]
    places = [text.find(f"\n{head}") for head in heads]
    assert -1 not in places, [head for head, place in zip(heads, places, strict=True) if place < 0]
    assert places == sorted(places)
    assert describe(function).summary.endswith("."), "its first line is a sentence"
    explained = text[places[2] : places[3]]
    assert all(f"{option}" in explained for option in ("inputs", "key", *parameters(function)))


@pytest.mark.parametrize("name", DECODERS)
def test_the_same_key_gives_the_same_texts_within_the_limits(name: str):
    texts = texts_of(name)
    assert texts == texts_of(name)
    assert texts
    for text in texts:
        assert 0 < len(text.tokens) <= 12
        assert all(token not in WARM.end_tokens for token in text.tokens[:-1])
        assert text.ended == ("end" if text.tokens[-1] in WARM.end_tokens else text.ended)


@pytest.mark.parametrize("name", DECODERS)
def test_the_emitted_tokens_are_the_returned_texts(name: str):
    """A search may still change every text until its end, so it emits nothing; every other method emits all tokens."""
    emitted: dict[int, tuple[int, ...]] = {}

    def watch(part: Emit) -> None:
        emitted[part.index] = emitted.get(part.index, ()) + part.tokens

    engine = engine_for(name)
    texts = engine.run(load(spec(name)).make(inputs_for(name, WARM), key=Key(4)), watch)
    engine.close()
    assert emitted == ({} if name in SEARCHES else {index: text.tokens for index, text in enumerate(texts)})


@pytest.mark.parametrize("name", DECODERS)
def test_many_at_once_are_each_as_if_alone(name: str):
    keys = [Key(seed) for seed in range(5)]
    alone = [texts_of(name, key) for key in keys]
    engine = engine_for(name, memory=64 << 20)  # a branch of one token takes a page, and searches have hundreds of them
    found: dict[int, tuple[Decoded, ...]] = {}
    flows = [load(spec(name)).make(inputs_for(name, WARM), key=key) for key in keys]
    for place, flow in enumerate(flows):
        engine.start(flow, lambda result, error, place=place: found.update({place: result}))
    engine.close()
    # their scores are sums over batches of other sizes, hence equal up to rounding
    together = [[text.tokens for text in found[place]] for place in range(5)]
    assert together == [[text.tokens for text in texts] for texts in alone]
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0
