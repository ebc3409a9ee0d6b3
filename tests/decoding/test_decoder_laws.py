"""What holds for every decoding method that the folder has."""

from __future__ import annotations

import inspect
from typing import Annotated, Literal, get_origin

import pytest
from decoders_here import engine_for, opening, opening_for, run
from tiny_parts import spec

from passel.core.ask import Sampling
from passel.core.docs import describe
from passel.core.key import Key
from passel.core.options import parameters
from passel.core.registry import find, names
from passel.decoding import Decoded, load

DECODERS = names("decoding")
WARM = opening(sampling=Sampling(temperature=0.8), max_tokens=12, end=(7,))


def drafts(name: str, key: Key = Key(4)) -> tuple[Decoded, ...]:
    return run(load(spec(name)).make(opening_for(name, WARM), key=key), engine=engine_for(name))


def test_the_room_holds_what_it_holds():
    assert {"beam", "cfg", "contrastive", "greedy", "hogwild", "nucleus", "speculative", "superposed"} <= set(DECODERS)


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_has_the_one_signature(name: str):
    found = inspect.signature(find("decoding", name)).parameters
    assert next(iter(found)) == "opening"
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
    assert all(f"{option}" in explained for option in ("opening", "key", *parameters(function)))


@pytest.mark.parametrize("name", DECODERS)
def test_the_same_key_gives_the_same_drafts_within_the_limits(name: str):
    found = drafts(name)
    assert found == drafts(name)
    assert found
    for draft in found:
        assert 0 < len(draft.tokens) <= 12
        assert all(token not in WARM.end for token in draft.tokens[:-1])
        assert draft.ended == ("end" if draft.tokens[-1] in WARM.end else draft.ended)


@pytest.mark.parametrize("name", DECODERS)
def test_what_is_told_is_what_is_returned(name: str):
    told: dict[int, list[int]] = {}
    engine = engine_for(name)
    made = load(spec(name)).make(opening_for(name, WARM), key=Key(4))
    found = engine.run(made, lambda one: told.setdefault(one.index, []).extend(one.tokens))
    engine.close()
    for draft, tokens in told.items():
        assert tuple(tokens) == found[draft].tokens[: len(tokens)]


@pytest.mark.parametrize("name", DECODERS)
def test_many_at_once_are_each_as_if_alone(name: str):
    keys = [Key(seed) for seed in range(5)]
    alone = [drafts(name, key) for key in keys]
    engine = engine_for(name, memory=64 << 20)  # a branch of one token takes a page, and searches have hundreds of them
    found: dict[int, tuple[Decoded, ...]] = {}
    flows = [load(spec(name)).make(opening_for(name, WARM), key=key) for key in keys]
    for place, flow in enumerate(flows):
        engine.start(flow, lambda result, error, place=place: found.update({place: result}))
    engine.close()
    # their scores are sums over batches of other sizes, hence equal up to rounding
    tokens = [[draft.tokens for draft in found[place]] for place in range(5)]
    assert tokens == [[draft.tokens for draft in one] for one in alone]
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0
