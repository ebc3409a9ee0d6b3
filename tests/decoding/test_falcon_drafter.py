"""Falcon as a drafter: the text is the model's whatever is drafted, guesses are those of the network from scratch, and
drafters of other models are refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from decoders_here import LLAMA, inputs, run
from falcon_here import folder, network
from tiny_models import engine_of, model_of

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding import load
from passel.decoding.drafters.falcon import falcon
from passel.decoding.greedy import greedy
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.decoding.parts.inputs import DecodingInput
from passel.decoding.speculative import speculative
from passel.engine.requests import Decoding
from passel.networks.falcon import FalconNetwork, unit

GREEDY = Sampling(temperature=0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("falcon") / "two")


@pytest.mark.parametrize("family", ["llama", "mistral-window", "qwen3", "gemma2"])
def test_greedy_decoding_is_what_it_was(family: str, tmp_path: Path) -> None:
    """With a tree, with a chain, with a tree that is the whole frame, and with blocks of other sizes."""
    asked = inputs(max_tokens=24, sampling=GREEDY, end=(7,))
    (expected,) = run(greedy(asked), family)
    for block, options in ((2, {}), (2, {"width": 1}), (2, {"width": 3, "nodes": 64}), (1, {}), (3, {"length": 5})):
        path = folder(tmp_path / f"{block}", network(block), family)
        method = speculative(asked, key=Key(1), drafter=partial(falcon, path=str(path), **options))
        (draft,) = run(method, family)
        assert (draft.tokens, draft.ended) == (expected.tokens, expected.ended), (block, options)


@pytest.mark.parametrize("sampling", [Sampling(temperature=0.8), Sampling(temperature=1.2, top_k=9)])
def test_a_drawn_text_is_what_it_was(made: Path, sampling: Sampling) -> None:
    asked = inputs(max_tokens=20, sampling=sampling)
    for key in (Key(1), Key(2)):
        (expected,) = run(load("speculative").make(asked, key=key))
        (draft,) = run(load(f"speculative:drafter=falcon:drafter.path={made}").make(asked, key=key))
        assert draft.tokens == expected.tokens


def recorded(calls: list[tuple[DraftContext, Proposal]], path: Path, **options: Any) -> Any:
    """The drafter, with what it was told and what it proposed."""

    def make(inputs: DecodingInput, *, key: Key) -> Drafter:
        drafter = falcon(inputs, key=key, path=str(path), **options)

        def propose(context: DraftContext) -> Decoding[Proposal]:
            proposal = yield from drafter.propose(context)
            calls.append((context, proposal))
            return proposal

        return Drafter(propose, drafter.length, drafter.hidden)

    return make


def chain_from_scratch(module: FalconNetwork, tokens: Sequence[int], levels: int, family: str) -> list[int]:
    """The likeliest tokens, block by block, with transformers' own hidden states and head and no cache."""
    model = model_of(family)
    body, last = model.get_decoder(), list[torch.Tensor]()
    handle = body.norm.register_forward_pre_hook(lambda _, given: last.append(given[0]))
    text, found, block = torch.tensor([list(tokens)]), list[int](), module.shape.block
    with torch.no_grad():
        body(input_ids=text[:, :-1], use_cache=False)
        handle.remove()
        features = unit(last[0])
        while len(found) < levels:
            embeddings = unit(model.get_input_embeddings()(text[:, 1:]))
            new = module(features, embeddings, -features.shape[1] % block)[:, -block:]
            guesses = model.get_output_embeddings()(body.norm(new)).argmax(-1)
            features, text = torch.cat((features, unit(new)), 1), torch.cat((text, guesses), 1)
            found += guesses[0].tolist()
    return found[:levels]


@pytest.mark.parametrize(("block", "length"), [(1, 3), (2, 2), (2, 5), (3, 6)])
@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_guesses_are_those_from_scratch(block: int, length: int, family: str, tmp_path: Path) -> None:
    """At every place of a text: so place and feature, token and block are in step throughout."""
    module, calls = network(block), list[tuple[DraftContext, Proposal]]()
    drafter = recorded(calls, folder(tmp_path, module, family), width=1, length=length)
    asked = inputs(max_tokens=12, sampling=GREEDY)
    run(speculative(asked, drafter=drafter, adaptive=False), family)
    assert len(calls) > 5
    for context, proposal in calls:
        levels = min(length, context.nodes)
        assert list(proposal.tokens) == chain_from_scratch(module, context.tokens.tolist(), levels, family)


def test_a_tree_holds_the_chain_and_no_more_than_it_may(made: Path) -> None:
    module, calls = network(), list[tuple[DraftContext, Proposal]]()
    asked = inputs(max_tokens=14, sampling=GREEDY)
    run(speculative(asked, drafter=recorded(calls, made, width=4, nodes=9), adaptive=False))
    assert any(proposal.parents for _, proposal in calls)
    for context, proposal in calls:
        assert len(proposal.tokens) == min(9, context.nodes)
        assert max(proposal.depths) <= 4
        all_parents = list(zip(proposal.all_parents, proposal.tokens, strict=True))
        assert len(set(all_parents)) == len(all_parents), "siblings differ"
        likeliest = chain_from_scratch(module, context.tokens.tolist(), 1, "llama")
        assert proposal.tokens[0] == likeliest[0]


def test_a_good_drafter_saves_passes(tmp_path: Path) -> None:
    """One that is told what comes: its features are replaced by the model's own, which every pass then accepts."""
    asked = inputs(max_tokens=12, sampling=GREEDY)
    (expected,) = run(greedy(asked))
    text, model, last = [*LLAMA, *expected.tokens], model_of(), list[torch.Tensor]()
    handle = model.get_decoder().norm.register_forward_pre_hook(lambda _, given: last.append(given[0]))
    with torch.no_grad():
        model(input_ids=torch.tensor([text]), use_cache=False)
    handle.remove()
    truth = unit(last[0][0])
    calls: list[tuple[DraftContext, Proposal]] = []
    path = folder(tmp_path, network(2))

    def forged(self: FalconNetwork, x: torch.Tensor, positions: torch.Tensor, *rest: Any, **more: Any) -> Any:
        found, new = original(self, x, positions, *rest, **more)
        wanted = (positions + 2).clamp(max=len(truth) - 1)
        return truth[wanted].expand_as(found), new

    original, FalconNetwork.decoded = FalconNetwork.decoded, forged  # type: ignore[method-assign]
    try:
        (draft,) = run(speculative(asked, drafter=recorded(calls, path, width=1, length=4), adaptive=False))
    finally:
        FalconNetwork.decoded = original  # type: ignore[method-assign]
    assert draft.tokens == expected.tokens
    # the prompt's pass gives the first token, then 4 guesses and one more as often as it takes: 1 + 5 + 5 + 1
    assert [len(proposal.tokens) for _, proposal in calls] == [4, 4]


def test_many_at_once_are_each_as_if_alone(made: Path) -> None:
    method = load(f"speculative:drafter=falcon:drafter.path={made}")
    asked = [inputs(prompt=LLAMA[: 3 + at], max_tokens=12, sampling=GREEDY) for at in range(4)]
    alone = [run(method.make(one, key=Key(1)))[0].tokens for one in asked]
    engine, found = engine_of(), dict[int, Any]()
    for at, one in enumerate(asked):
        engine.start(method.make(one, key=Key(1)), lambda result, error, at=at: found.update({at: (result, error)}))
    engine.close()
    assert [found[at][1] for at in range(4)] == [None] * 4
    assert [found[at][0][0].tokens for at in range(4)] == alone
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0


def test_a_text_shorter_than_a_block_is_not_drafted_for(tmp_path: Path) -> None:
    calls: list[tuple[DraftContext, Proposal]] = []
    asked = inputs(prompt=(3,), max_tokens=8, sampling=GREEDY)
    run(speculative(asked, drafter=recorded(calls, folder(tmp_path, network(3)))))
    assert [len(context.tokens) - 1 for context, proposal in calls if not proposal.tokens] == [1, 2]
    assert len(calls) > 2


def test_drafters_of_other_models_are_refused(made: Path, tmp_path: Path) -> None:
    other = folder(tmp_path / "other", recipe="early_exit")
    wide = folder(tmp_path / "wide", network(hidden_size=32), hidden_size=32)
    words = folder(tmp_path / "words", vocabulary=65)
    deep = folder(tmp_path / "deep", layers=9)
    torn = folder(tmp_path / "torn")
    (torn / "parts.safetensors").write_bytes(b"x")
    asked = inputs(sampling=GREEDY)
    for path, message in (
        ("", "a folder that `passel train falcon` made"),
        (str(tmp_path), "holds no trained parts"),
        (str(other), "was made by `passel train early_exit`"),
        (str(wide), "hidden size 32"),
        (str(words), "vocabulary 65"),
        (str(deep), "9"),
        (str(torn), "cannot be read"),
    ):
        with pytest.raises(UsageError, match=message):
            run(load("speculative:drafter=falcon" + (f":drafter.path={path}" if path else "")).make(asked, key=Key()))
