"""Speculative decoding changes how many passes a text takes, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from scripted_engine import ScriptedEngine, logits_of
from tiny_models import CONTEXT, FAMILIES, engine_of, logits_from_scratch, model_of

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding import Opening, load
from passel.decoding.drafters.layers import layers
from passel.decoding.drafters.lookup import lookup
from passel.decoding.drafters.model import model
from passel.decoding.greedy import greedy
from passel.decoding.nucleus import nucleus
from passel.decoding.parts import chains, tree_sampler
from passel.decoding.parts.drafting import Drafter, Known, Proposal
from passel.decoding.speculative import speculative
from passel.engine import Engine, read
from passel.engine.forward import Decoding, Forward, forward, open_branch
from passel.engine.sampling import Rows, shaped, uniforms

PROMPT = (5, 6, 7, 8, 5, 6, 7, 9, 5, 6)
GREEDY = Opening(PROMPT, 16, frozenset(), Sampling(temperature=0.0), beside=1)
SAMPLED = replace(GREEDY, sampling=Sampling(temperature=0.8, top_p=0.9, repetition_penalty=1.1, presence_penalty=0.3))


def bad(opening: Opening, *, key: Key) -> Drafter:
    """Trees of random tokens."""

    def propose(known: Known) -> Decoding[Proposal]:
        yield from ()
        at = key / len(known.tokens)
        nodes = min(7, known.nodes)
        tokens = tuple((at / node / "token").below(known.vocabulary) for node in range(nodes))
        return Proposal(tokens, tuple((at / node).below(node + 1) - 1 for node in range(nodes)))

    return Drafter(propose, 3)


def right(answer: tuple[int, ...], length: int, *, tree: bool = False) -> Any:
    """A drafter that knows the answer; in a tree, beside a wrong guess on each level."""

    def make(opening: Opening, *, key: Key) -> Drafter:
        def propose(known: Known) -> Decoding[Proposal]:
            yield from ()
            done = len(known.tokens) - len(opening.prompt)
            coming = answer[done : done + known.length]
            if not tree:
                return Proposal(coming)
            tokens = tuple(one for token in coming for one in ((token + 1) % known.vocabulary, token))
            parents = tuple(parent for level in range(len(coming)) for parent in (2 * level - 1, 2 * level - 1))
            return Proposal(tokens, parents)

        return Drafter(propose, length)

    return make


def made(family: str) -> Engine:
    return engine_of(family, beside=[read(model_of(family, 1), CONTEXT)], memory=16 << 20)


def closed(engine: Engine) -> None:
    engine.close()
    for side in engine._scheduler.sides:
        side.cache.check()
        assert side.cache.branches == 0


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
    for opening in [replace(GREEDY, max_tokens=most) for most in range(1, 9)] + [
        replace(GREEDY, end=frozenset({whole.tokens[at]})) for at in range(8)
    ]:
        emitted: list[int] = []
        (plain,) = engine.run(greedy(opening))
        (draft,) = engine.run(
            speculative(opening, drafter=drafter), watch=lambda emit, emitted=emitted: emitted.extend(emit.tokens)
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
    engine = engine_of("llama", beside=[read(model_of("llama"), CONTEXT)], memory=16 << 20)
    for sampling in (SAMPLED.sampling, Sampling(), Sampling(frequency_penalty=1.5, logit_bias=((3, 4.0),), min_p=0.05)):
        opening = replace(SAMPLED, sampling=sampling)
        for name in ("model", "layers:drafter.layers=3"):
            (draft,) = engine.run(load(f"speculative:drafter={name}").make(opening, key=Key(2)))
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
    opening = Opening((0, 1, 0), 3, frozenset(), sampling, beside=1)
    keys, draft_model = 150, cache(logits_of("draft", 3))
    counts: Counter[tuple[int, ...]] = Counter()
    for seed in range(keys):
        engine = ScriptedEngine([target, draft_model])
        (draft,) = engine.run(method(opening, key=Key(seed)))
        counts[draft.tokens] += 1
    chances = {text: _chance(text, opening, target) for text in product(range(3), repeat=3)}
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
    opening = Opening((0, 1, 0), 60, frozenset(), Sampling(top_p=0.9), beside=1)
    ScriptedEngine([logits_of("target", 4), logits_of("draft", 4)]).run(method(opening, key=Key(1)))
    assert len(used) == len(set(used)) > 60
    assert {stream for _, _, stream in used} == {0, 1, 2, 3}
    assert guessed
    assert not guessed & {seed for seed, _, _ in used}


def _chance(text: tuple[int, ...], opening: Opening, target: Any) -> float:
    chance = 1.0
    for at, token in enumerate(text):
        rows = Rows.of([opening.sampling], prompts=[opening.prompt], answers=[text[:at]])
        chance *= float(shaped(target((*opening.prompt, *text[:at])).unsqueeze(0), rows).softmax(-1)[0, token])
    return chance


def test_passes_and_tokens_are_what_the_guesses_say() -> None:
    target = logits_of("target", 8)
    opening = Opening((1, 2), 13, frozenset(), Sampling(temperature=0.0))
    answer = ScriptedEngine([target]).run(greedy(opening))[0].tokens
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(opening, drafter=right(answer, 5), adaptive=False))
    assert [len(one.tokens) for one in engine.forwards] == [2, 6, 6]  # the prompt, then twice 1 + 5
    assert (draft.tokens, draft.spent) == (answer, 0)
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(opening, drafter=right(answer, 5, tree=True), adaptive=False))
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
    opening = Opening((1, 2, 3), 6, frozenset(), Sampling(temperature=0.0))
    engine = ScriptedEngine([target])
    (draft,) = engine.run(speculative(opening, drafter=lambda opening, *, key: lookup(opening, min_ngram=9)))
    assert [len(one.tokens) for one in engine.forwards] == [3, 1, 1, 1, 1, 1]
    assert all(one.plain for one in engine.forwards)
    assert draft.tokens == ScriptedEngine([target]).run(greedy(opening))[0].tokens


def test_a_draft_grows_while_it_stands_and_shrinks_when_it_does_not() -> None:
    target = logits_of("target", 8)
    opening = Opening((1, 2), 60, frozenset(), Sampling(temperature=0.0))
    answer = ScriptedEngine([target]).run(greedy(opening))[0].tokens
    engine = ScriptedEngine([target])
    engine.run(speculative(opening, drafter=right(answer, 2)))
    assert [len(one.tokens) - 1 for one in engine.forwards[1:]] == [2, 4, 6, 8, 8, 8, 8, 7]
    wrong = right(tuple((token + 1) % 8 for token in answer), 4)
    engine = ScriptedEngine([target])
    engine.run(speculative(replace(opening, max_tokens=7), drafter=wrong))
    assert [len(one.tokens) - 1 for one in engine.forwards[1:]] == [4, 3, 2, 1, 1, 0]


def test_a_drafter_that_asks_for_hidden_states_is_given_those_of_the_text() -> None:
    """The seam for drafters that read the target: each token's states come once, in order."""
    states: list[torch.Tensor] = []
    lengths: list[int] = []

    def reading(opening: Opening, *, key: Key) -> Drafter:
        guess = bad(opening, key=key)

        def propose(known: Known) -> Decoding[Proposal]:
            low, high = known.hidden
            assert len(low) == len(high)
            states.append(high)
            lengths.append(len(known.tokens))
            proposal = yield from guess.propose(known)
            return replace(proposal, memory=len(known.tokens))

        return Drafter(propose, guess.length, hidden=(1, 3))

    engine = made("llama")
    (draft,) = engine.run(speculative(GREEDY, drafter=reading))
    text = [*PROMPT, *draft.tokens]
    assert torch.cat(states).shape[0] == lengths[-1] - 1

    def again() -> Decoding[torch.Tensor]:
        branch = yield from open_branch()
        output = yield from forward(Forward(branch, text[: lengths[-1] - 1], hidden=(3,)))
        return output.hidden[0]

    assert torch.allclose(torch.cat(states), engine.run(again()), atol=1e-4)
    closed(engine)


def test_logprobs_are_the_models_own_where_they_are_asked_for() -> None:
    engine = made("llama")
    opening = replace(GREEDY, sampling=Sampling(temperature=0.0, logprobs=0))
    (draft,) = engine.run(speculative(opening))
    logits = logits_from_scratch([*PROMPT, *draft.tokens[:-1]])[len(PROMPT) - 1 :].log_softmax(-1)
    assert draft.logprobs == pytest.approx(logits[range(16), draft.tokens].tolist(), abs=1e-4)
    assert engine.run(speculative(GREEDY))[0].logprobs == ()
    closed(engine)


def test_what_cannot_work_is_refused() -> None:
    alone = replace(GREEDY, beside=0)
    with pytest.raises(UsageError, match="0 models beside"):
        ScriptedEngine([logits_of("target", 4)]).run(
            load("speculative:drafter=model").make(replace(alone, prompt=(1, 2)), key=Key())
        )
    engine = ScriptedEngine([logits_of("target", 4), logits_of("draft", 5)])
    with pytest.raises(UsageError, match="it has 5 tokens, not 4"):
        engine.run(speculative(replace(GREEDY, prompt=(1, 2)), drafter=model))
    with pytest.raises(UsageError, match="not among the model's 4"):
        ScriptedEngine([logits_of("target", 4)]).run(
            speculative(replace(alone, prompt=(1, 2)), drafter=right((0, 4, 0, 0), 2))
        )
    with pytest.raises(UsageError, match="lookup"):
        load("speculative:drafter=lookupp")
    with pytest.raises(UsageError, match="length"):
        load("speculative:drafter=lookup:drafter.lenght=4")
    with pytest.raises(UsageError, match="at least 1"):
        load("speculative:drafter=lookup:drafter.length=0")


def test_a_drafter_can_come_from_a_file(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(
        "from passel.decoding.parts.drafting import Drafter, Proposal\n\n\n"
        "def always(opening, *, key, token: int = 1):\n"
        "    def propose(known):\n        yield from ()\n        return Proposal((token,) * known.length)\n\n"
        "    return Drafter(propose, 3)\n",
        encoding="utf-8",
    )
    target = logits_of("target", 4)
    opening = replace(GREEDY, prompt=(1, 2), max_tokens=6)
    method = load(f"speculative:drafter={tmp_path / 'mine.py'}:always:drafter.token=2:adaptive=false")
    engine = ScriptedEngine([target])
    (draft,) = engine.run(method.make(opening, key=Key()))
    assert tuple(engine.forwards[1].tokens[1:]) == (2, 2, 2)
    assert draft.tokens == ScriptedEngine([target]).run(greedy(opening))[0].tokens


def test_options_are_those_of_the_named_drafters() -> None:
    assert load("speculative").options["drafter"] is lookup
    assert load("speculative:drafter=layers").options["drafter"] is layers
