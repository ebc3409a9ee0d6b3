"""Forwards whose tokens all see each other, next to transformers' own attention under a mask made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from tiny_models import engine_of, model_of
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine import Decoding, Output
from passel.engine.batch import LONG
from passel.engine.kernels.reference import Reference
from passel.engine.requests import ALL, Forward, Keep, Read, forward, forwards, open_branch

Pieces = Sequence[tuple[int, bool]]
"""How many tokens, and whether they see all of each other."""

FAMILIES = ("llama", "mistral-window", "qwen3", "gemma2", "gemma3")
"""Without and with windows, norms of heads and soft caps."""

SHORT, LONGER = LONG // 2, LONG + 9


def tokens_of(count: int, start: int = 0) -> tuple[int, ...]:
    return tuple((at * 29 + 7) % 61 for at in range(start, start + count))


def from_scratch(tokens: Sequence[int], pieces: Pieces, family: str) -> Tensor:
    """float32 [tokens, vocabulary] by transformers, in one piece: a token sees all pieces before its own, and of its
    own those up to itself or all. A window looks back only."""
    model: Any = model_of(family)
    first = torch.tensor([at for at, (count, _) in enumerate(pieces) for _ in range(count)])
    open_piece = torch.tensor([full for count, full in pieces for _ in range(count)])
    place = torch.arange(len(tokens))
    seen = place[None, :] <= place[:, None]
    seen |= (first[None, :] == first[:, None]) & open_piece[:, None]
    windows = {"full_attention": None, "sliding_attention": getattr(model.config, "sliding_window", None)}
    masks = {name: seen if size is None else seen & (place[None, :] > place[:, None] - size)
             for name, size in windows.items()}  # fmt: skip
    shaped = {name: torch.where(mask, 0.0, torch.finfo(torch.float32).min)[None, None] for name, mask in masks.items()}
    by_kind = getattr(model.config, "layer_types", None) is not None
    own = shaped["sliding_attention" if family == "mistral-window" else "full_attention"]
    with torch.no_grad():
        return model(input_ids=torch.tensor([list(tokens)]), attention_mask=shaped if by_kind else own).logits[0]


def flow(tokens: Sequence[int], pieces: Pieces) -> Decoding[list[Output]]:
    branch = yield from open_branch()
    outputs: list[Output] = []
    at = 0
    for count, full in pieces:
        outputs.append((yield from forward(Forward(branch, tokens[at : at + count], full=full, logits=ALL))))
        at += count
    return outputs


def close_to(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted).abs().max() < 5e-5 * wanted.abs().max())


CASES: dict[str, Pieces] = {
    "short": [(SHORT, True)],
    "long": [(LONGER, True)],
    "short after a chain": [(SHORT, False), (SHORT, True)],
    "long after a chain": [(SHORT, False), (LONGER, True)],
    "short after a long one": [(LONGER, True), (SHORT, True)],
    "long after a short one": [(SHORT, True), (LONGER, True)],
    "a chain after a full one": [(SHORT, True), (LONGER, False), (1, False)],
    "one token": [(1, True), (1, True)],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_token_sees_all_new_ones_and_what_came_before(family: str, case: str):
    pieces = CASES[case]
    tokens = tokens_of(sum(count for count, _ in pieces))
    engine = engine_of(family)
    outputs = engine.run(flow(tokens, pieces))
    engine.close()
    wanted = from_scratch(tokens, pieces, family)
    assert close_to(torch.cat([output.logits for output in outputs]), wanted)
    if any(full and count > 1 for count, full in pieces):
        causal = from_scratch(tokens, [(len(tokens), False)], family)
        assert not close_to(causal, wanted), "the mask makes a difference"
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0


@pytest.mark.parametrize("family", ["llama", "mistral-window", "gemma3"])
def test_plain_torch_kernels_see_the_same(family: str):
    pieces = CASES["short after a long one"]
    tokens = tokens_of(sum(count for count, _ in pieces))
    engine = engine_of(family, kernels=Reference())
    outputs = engine.run(flow(tokens, pieces))
    engine.close()
    assert close_to(torch.cat([output.logits for output in outputs]), from_scratch(tokens, pieces, family))


@pytest.mark.parametrize("count", [SHORT, LONGER])
@pytest.mark.parametrize("family", ["llama", "qwen3", "mistral-window"])
def test_a_block_is_recomputed_over_what_was_kept(family: str, count: int):
    """Other tokens in the block's place, again and again: nothing of what was taken away is seen."""

    def again() -> Decoding[tuple[Output, Output]]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, tokens[: len(prompt)], full=True, logits=0))
        for start in (5, 11):
            yield from forward(Forward(branch, tokens_of(count + 3, start), full=True))
            yield (Keep(branch, len(prompt)),)
        block = yield from forward(Forward(branch, tokens[len(prompt) : len(prompt) + count], full=True, logits=ALL))
        return block, (yield from forward(Forward(branch, tokens[len(prompt) + count :], full=True, logits=ALL)))

    prompt = tokens_of(17)
    tokens = tokens_of(17 + count + 6)
    pieces = [(17, True), (count, True), (6, True)]
    engine = engine_of(family)
    block, rest = engine.run(again())
    engine.close()
    wanted = from_scratch(tokens, pieces, family)
    assert close_to(block.logits, wanted[17 : 17 + count])
    assert close_to(rest.logits, wanted[17 + count :])
    engine._scheduler.cache.check()


def test_what_is_kept_of_a_piece_keeps_what_it_saw():
    """A piece cut in its middle: the part that stays knows the tokens that went, so it differs from a fresh one."""

    def cut() -> Decoding[tuple[Tensor, Tensor]]:
        found: list[Tensor] = []
        for first in (tokens, tokens[:20]):
            branch = yield from open_branch()
            yield from forward(Forward(branch, first, full=True, logits=0))
            yield (Keep(branch, 20),)
            found.append((yield from forward(Forward(branch, tokens[20:], full=True, logits=ALL))).logits)
        return found[0], found[1]

    tokens = tokens_of(32)
    engine = engine_of()
    after_cut, after_fresh = engine.run(cut())
    engine.close()
    assert close_to(after_fresh, from_scratch(tokens, [(20, True), (12, True)], "llama")[20:])
    assert not close_to(after_cut, after_fresh)


def test_such_tokens_are_never_shared():
    tokens = tokens_of(LONGER)
    engine = engine_of()
    (first,) = engine.run(flow(tokens, [(LONGER, True)]))
    (second,) = engine.run(flow(tokens, [(LONGER, False)]))
    (third,) = engine.run(flow(tokens, [(LONGER, True)]))
    engine.close()
    assert (first.cached, second.cached, third.cached) == (0, 0, 0)
    assert torch.equal(first.logits, third.logits)
    assert not close_to(first.logits, second.logits)


def test_several_at_once_and_beside_a_chain_are_each_as_if_alone():
    """One batch with full pieces, short and long, and a chain, in branches of their own."""

    def many() -> Decoding[list[Output]]:
        asks: list[Forward] = []
        for count, full in sizes:
            branch = yield from open_branch()
            asks.append(Forward(branch, tokens_of(count), full=full, logits=ALL))
        return (yield from forwards(asks))

    sizes = [(SHORT, True), (SHORT, False), (LONGER, True), (LONGER, False), (1, True)]
    engine = engine_of("gemma3")
    outputs = engine.run(many())
    engine.close()
    for (count, full), output in zip(sizes, outputs, strict=True):
        assert close_to(output.logits, from_scratch(tokens_of(count), [(count, full)], "gemma3"))


def test_a_piece_longer_than_a_chunk_goes_whole():
    count = 90
    engine = engine_of(chunk=32)
    (output,) = engine.run(flow(tokens_of(count), [(count, True)]))
    engine.close()
    assert close_to(output.logits, from_scratch(tokens_of(count), [(count, True)], "llama"))


@pytest.mark.parametrize("count", [SHORT, LONGER])
def test_with_a_branch_that_is_read_before_its_own(count: int):
    """The branch read stands before, at its own positions: as one text from scratch."""

    def reads() -> Decoding[Output]:
        read = yield from open_branch()
        yield from forward(Forward(read, tokens[:10], logits=0))
        own = yield from open_branch()
        places = tuple(range(10, 10 + count))
        return (
            yield from forward(
                Forward(own, tokens[10:], positions=places, reads=(Read(read, 10),), full=True, logits=ALL)
            )
        )

    tokens = tokens_of(10 + count)
    engine = engine_of()
    output = engine.run(reads())
    engine.close()
    assert close_to(output.logits, from_scratch(tokens, [(10, False), (count, True)], "llama")[10:])


def test_a_tree_sees_itself_in_part_only():
    def wrong() -> Decoding[None]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, (1, 2), parents=(-1, -1), full=True))

    engine = engine_of()
    with pytest.raises(UsageError, match="not both"):
        engine.run(wrong())
    engine.close()
