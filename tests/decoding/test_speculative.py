"""Speculative decoding changes how many passes a text takes, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest
from known_drafters import GREEDY, PROMPT, bad, closed, made, right
from scripted_engine import ScriptedEngine, logits_of
from tiny_models import CONTEXT, FAMILIES, engine_of, logits_from_scratch, model_of

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding import DecodingInput, load
from passel.decoding.drafters.lookup import lookup
from passel.decoding.greedy import greedy
from passel.decoding.nucleus import nucleus
from passel.decoding.parts import chains, tree_sampler
from passel.decoding.speculative import speculative
from passel.engine import read
from passel.engine.sampling import Rows, shaped, uniforms

SAMPLED = replace(GREEDY, sampling=Sampling(temperature=0.8, top_p=0.9, repetition_penalty=1.1, presence_penalty=0.3))


DRAFTERS = ["lookup", "lookup:drafter.width=3", "model", "model:drafter.width=3:drafter.length=3"]
DRAFTERS += ["layers:drafter.layers=1", "layers:drafter.layers=2:drafter.length=6"]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_output_is_that_of_greedy_decoding(family: str) -> None:
    engine = made(family)
    (plain,) = engine.run(greedy(GREEDY))
    text = [*PROMPT, *plain.tokens]
    assert logits_from_scratch(text[:-1], family)[len(PROMPT) - 1 :].argmax(-1).tolist() == list(plain.tokens)
    for at, name in enumerate(DRAFTERS):
        method = load(f"speculative:drafter={name}:adaptive={at % 2}")
        assert engine.run(method.make(GREEDY, key=Key(1)))[0].tokens == plain.tokens, name
    for drafter in (bad, right(plain.tokens, 4), right(plain.tokens, 5, tree=True)):
        assert engine.run(speculative(GREEDY, drafter=drafter))[0].tokens == plain.tokens
    closed(engine)


def test_many_at_once_and_each_as_if_alone() -> None:
    engine = made("llama")
    alone = [engine.run(greedy(replace(GREEDY, prompt=PROMPT[at:])))[0].tokens for at in range(5)]
    found: dict[int, Any] = {}
    for at in range(5):
        make = load(f"speculative:drafter={DRAFTERS[at]}").make
        engine.start(
            make(replace(GREEDY, prompt=PROMPT[at:]), key=Key(at)),
            lambda result, error, at=at: found.update({at: error or result[0].tokens}),
        )
    closed(engine)
    assert [found[at] for at in range(5)] == alone


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("length", [2, 5, 40])
def test_an_end_inside_a_stretch_that_stands(length: int, tree: bool) -> None:
    engine = made("llama")
    (whole,) = engine.run(greedy(GREEDY))
    drafter = right(whole.tokens, length, tree=tree)
    for inputs in [replace(GREEDY, max_tokens=most) for most in range(1, 9)] + [
        replace(GREEDY, end_tokens=frozenset({whole.tokens[at]})) for at in range(8)
    ]:
        emitted: list[int] = []
        (plain,) = engine.run(greedy(inputs))
        (draft,) = engine.run(
            speculative(inputs, drafter=drafter), on_emit=lambda emit, emitted=emitted: emitted.extend(emit.tokens)
        )
        assert (draft.tokens, draft.ended) == (plain.tokens, plain.ended)
        assert tuple(emitted) == plain.tokens
    closed(engine)


@pytest.mark.parametrize("name", ["lookup", "lookup:drafter.width=3"])
def test_guesses_that_are_not_drawn_leave_a_keys_text_as_it_is(name: str) -> None:
    engine = made("llama")
    for seed in range(3):
        (plain,) = engine.run(nucleus(SAMPLED, key=Key(seed)))
        (draft,) = engine.run(load(f"speculative:drafter={name}").make(SAMPLED, key=Key(seed)))
        assert draft.tokens == plain.tokens
        (other,) = engine.run(speculative(SAMPLED, key=Key(seed), drafter=bad))
        assert other.tokens == plain.tokens
    closed(engine)


def test_both_sides_are_shaped_alike() -> None:
    """A drafter that is the model itself is never refused, whatever the sampling."""
    engine = engine_of("llama", other_models=[read(model_of("llama"), CONTEXT)], memory=16 << 20)
    for sampling in (SAMPLED.sampling, Sampling(), Sampling(frequency_penalty=1.5, logit_bias=((3, 4.0),), min_p=0.05)):
        inputs = replace(SAMPLED, sampling=sampling)
        for name in ("model", "layers:drafter.layers=3"):
            (draft,) = engine.run(load(f"speculative:drafter={name}").make(inputs, key=Key(2)))
            assert draft.spent == 0
    (draft,) = engine.run(load("speculative:drafter=model").make(SAMPLED, key=Key(2)))
    assert draft.tokens == engine.run(load("speculative:drafter=model").make(SAMPLED, key=Key(2)))[0].tokens
    assert draft.tokens != engine.run(load("speculative:drafter=model").make(SAMPLED, key=Key(3)))[0].tokens
    closed(engine)


@pytest.mark.parametrize("name", ["model", "model:drafter.width=2:drafter.length=2"])
def test_the_draft_is_distributed_as_the_targets(name: str) -> None:
    """Through all of the method, over many keys; the arithmetic itself is tested exactly elsewhere."""
    sampling = Sampling(temperature=1.3, top_p=0.97, frequency_penalty=0.5)
    target, method = cache(logits_of("target", 3)), load(f"speculative:drafter={name}").make
    inputs = DecodingInput((0, 1, 0), 3, frozenset(), sampling, extra_models=1)
    keys, draft_model = 100, cache(logits_of("draft", 3))
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(keys):
        engine = ScriptedEngine([target, draft_model])
        (draft,) = engine.run(method(inputs, key=Key(seed)))
        counts[draft.tokens] += 1
    chances = {text: _chance(text, inputs, target) for text in product(range(3), repeat=3)}
    assert sum(chances.values()) == pytest.approx(1.0)
    assert all(chances[text] for text in counts)
    possible = {text: keys * chance for text, chance in chances.items() if chance}
    distance = sum((counts[text] - mean) ** 2 / mean for text, mean in possible.items())
    assert len(possible) > 10
    assert distance < 60  # chi-square of at most 26 degrees: passed once in ten thousand


def test_no_number_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that decided two things would tie them to each other. Guesses have another seed than what they are held
    against."""
    used: list[tuple[int, int, int]] = []
    guessed: set[int] = set()

    def verifying(seeds: Any, steps: Any, *, stream: int = 0) -> Any:
        used.extend((int(seed), int(step), stream) for seed, step in zip(seeds, steps, strict=True))
        return uniforms(seeds, steps, stream=stream)

    def guessing(seeds: Any, steps: Any, *, stream: int = 0) -> Any:
        guessed.update(seeds.tolist())
        return uniforms(seeds, steps, stream=stream)

    monkeypatch.setattr(tree_sampler, "uniforms", verifying)
    monkeypatch.setattr(chains, "uniforms", guessing)
    method = load("speculative:drafter=model:drafter.width=3:drafter.length=3").make
    inputs = DecodingInput((0, 1, 0), 60, frozenset(), Sampling(top_p=0.9), extra_models=1)
    ScriptedEngine([logits_of("target", 4), logits_of("draft", 4)]).run(method(inputs, key=Key(1)))
    assert len(used) == len(set(used)) > 60
    assert {stream for _, _, stream in used} == {0, 1, 2, 3}
    assert guessed
    assert not guessed & {seed for seed, _, _ in used}


def _chance(text: tuple[int, ...], inputs: DecodingInput, target: Any) -> float:
    chance = 1.0
    for at, token in enumerate(text):
        rows = Rows.of([inputs.sampling], prompts=[inputs.prompt], answers=[text[:at]])
        chance *= float(shaped(target((*inputs.prompt, *text[:at])).unsqueeze(0), rows).softmax(-1)[0, token])
    return chance


def test_passes_and_tokens_are_what_the_guesses_say() -> None:
    target = logits_of("target", 8)
    inputs = DecodingInput((1, 2), 13, frozenset(), Sampling(temperature=0.0))
    answer = ScriptedEngine([target]).run(greedy(inputs))[0].tokens
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(inputs, drafter=right(answer, 5), adaptive=False))
    assert [len(one.tokens) for one in engine.forwards] == [2, 6, 6]  # the prompt, then twice 1 + 5
    assert (draft.tokens, draft.spent) == (answer, 0)
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(inputs, drafter=right(answer, 5, tree=True), adaptive=False))
    assert [len(one.tokens) for one in engine.forwards] == [
        2,
        11,
        6,
        3,
        1,
    ]  # no more guesses than tokens that are missing but one
    assert draft.spent == 5 + 3 + 1
    assert draft.tokens == answer
    assert engine.emitted == list(answer)


def test_without_a_guess_a_step_is_a_plain_forward() -> None:
    target = logits_of("target", 50)
    inputs = DecodingInput((1, 2, 3), 6, frozenset(), Sampling(temperature=0.0))
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(inputs, drafter=lambda inputs, *, key: lookup(inputs, min_ngram=9)))
    assert [len(one.tokens) for one in engine.forwards] == [3, 1, 1, 1, 1, 1]
    assert all(one.plain for one in engine.forwards)
    assert draft.tokens == ScriptedEngine([target]).run(greedy(inputs))[0].tokens


def test_a_draft_grows_while_it_stands_and_shrinks_when_it_does_not() -> None:
    target = logits_of("target", 8)
    inputs = DecodingInput((1, 2), 60, frozenset(), Sampling(temperature=0.0))
    answer = ScriptedEngine([target]).run(greedy(inputs))[0].tokens
    engine = ScriptedEngine([target])
    engine.run(speculative(inputs, drafter=right(answer, 2)))
    assert [len(one.tokens) - 1 for one in engine.forwards[1:]] == [2, 4, 6, 8, 8, 8, 8, 7]
    wrong = right(tuple((token + 1) % 8 for token in answer), 4)
    engine = ScriptedEngine([target])
    engine.run(speculative(replace(inputs, max_tokens=7), drafter=wrong))
    assert [len(one.tokens) - 1 for one in engine.forwards[1:]] == [4, 3, 2, 1, 1, 0]
