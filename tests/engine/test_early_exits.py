"""Tokens that leave early, against a transformer that goes on with the states of those who left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from exit_oracle import LAYERS, from_scratch
from tiny_models import FAMILIES, engine_of
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine import Decoding, Engine
from passel.engine.batch import LONG
from passel.engine.requests import ALL, ExitRule, Forward, Output, forward, forwards, keep, open_branch

PROMPT = [int(i * i + 3 * i + 7) % 64 for i in range(20)]
TOKENS = [int(5 * i * i + i + 2) % 64 for i in range(2 * LONG)]
DEPTHS = [(3, 1, 2, 2, 1, 3, 1)[i % 7] for i in range(2 * LONG)]


class At:
    """Token by token, after how many layers it leaves."""

    def __init__(self, depths: Sequence[int]) -> None:
        self.coming, self.here = list(depths), list[int]()
        self.asked: list[int] = []

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        self.asked.append(depth)
        if depth == 1:  # the next piece of them
            self.here, self.coming = self.coming[: len(hidden)], self.coming[len(hidden) :]
        assert len(hidden) == len(self.here), "those who left are not asked again"
        found = torch.tensor([one == depth for one in self.here])
        self.here = [one for one in self.here if one != depth]
        return found

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        return moved(depth, hidden)


def moved(depth: int, hidden: Tensor) -> Tensor:
    """A change that the head's reading of a state would show."""
    return hidden.roll(depth, -1) + depth


class Above:
    """Leaves where one of a state's numbers is above 0: who does, depends on the tokens alone."""

    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        return hidden[:, 7 * depth] > 0

    def state(self, depth: int, hidden: Tensor) -> Tensor:
        return hidden


def scratch(tokens: Sequence[int], depths: Sequence[int], family: str = "llama") -> tuple[Tensor, list[Tensor]]:
    return from_scratch(tokens, depths, moved, family)


def asked(
    sizes: Sequence[int],
    exits: Sequence[ExitRule | None],
    *,
    hidden: tuple[int, ...] = (),
    tokens: Sequence[int] = TOKENS,
) -> Decoding[list[Output]]:
    """The prompt, and then tokens in pieces of these sizes, each with an exit of its own."""
    branch = yield from open_branch()
    found = [(yield from forward(Forward(branch, PROMPT, logits=ALL, hidden=hidden)))]
    at = 0
    for size, leaves in zip(sizes, exits, strict=True):
        ask = Forward(branch, tokens[at : at + size], exit=leaves, logits=ALL, hidden=hidden)
        found.append((yield from forward(ask)))
        at += size
    return found


def run(decoding: Decoding[Any], family: str = "llama", **settings: Any) -> Any:
    engine = engine_of(family, **settings)
    found = engine.run(decoding)
    closed(engine)
    return found


def closed(engine: Engine) -> None:
    engine.close()
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0


def near(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted).abs().max() < 3e-5 * wanted.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sizes", [[1] * 9, [5, 1, 6, 3], [LONG + 5, 1, 4]], ids=str)
def test_logits_and_states_are_those_from_scratch(family: str, sizes: list[int]) -> None:
    count = sum(sizes)
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    exits = [At(DEPTHS[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    found = run(asked(sizes, exits, hidden=(1, 2, 3)), family)
    depths = [LAYERS] * len(PROMPT) + DEPTHS[:count]
    logits, states = scratch(PROMPT + TOKENS[:count], depths, family)
    assert near(torch.cat([one.logits for one in found]), logits)
    assert [depth for one in found for depth in one.depths] == DEPTHS[:count]
    read = [moved(one, states[2][n]) if one < LAYERS else states[2][n] for n, one in enumerate(depths)]
    for n, wanted in enumerate((states[0], states[1], torch.stack(read))):
        assert near(torch.cat([one.hidden[n] for one in found]), wanted), n + 1


def test_a_long_forward_goes_through_in_chunks() -> None:
    found = run(asked([2 * LONG], [At(DEPTHS)]), chunk=16)
    logits, _ = scratch(PROMPT + TOKENS, [LAYERS] * len(PROMPT) + DEPTHS)
    assert near(found[1].logits, logits[len(PROMPT) :])
    assert list(found[1].depths) == DEPTHS


def test_a_tree_leaves_node_by_node() -> None:
    """A chain, as a tree in which each node has a sibling that is left out of the comparison."""
    depths = [depth for one in DEPTHS[:4] for depth in (one, 1 + one % LAYERS)]
    tokens = [token for one in TOKENS[:4] for token in (one, one + 1)]
    parents = [n for level in range(4) for n in (2 * level - 2, 2 * level - 2)]
    parents[:2] = [-1, -1]

    def tree() -> Decoding[tuple[Output, Output]]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, PROMPT))
        first = yield from forward(Forward(branch, tokens, parents=parents, exit=At(depths), logits=ALL))
        yield from keep(branch, len(PROMPT), (0, 2, 4, 6))
        return first, (yield from forward(Forward(branch, TOKENS[4:6], exit=At(DEPTHS[4:6]), logits=ALL)))

    first, then = run(tree())
    logits, _ = scratch(PROMPT + TOKENS[:6], [LAYERS] * len(PROMPT) + DEPTHS[:6])
    assert near(torch.cat([first.logits[::2], then.logits]), logits[len(PROMPT) :])


@pytest.mark.parametrize("family", FAMILIES)
def test_an_exit_that_nobody_takes_changes_no_bit(family: str) -> None:
    sizes = [1, 1, 5, LONG + 2, 1]
    stays = [At([LAYERS] * size) for size in sizes]
    with_exit = run(asked(sizes, stays, hidden=(0, 2, 3)), family)
    plain = run(asked(sizes, [None] * len(sizes), hidden=(0, 2, 3)), family)
    for one, other in zip(with_exit, plain, strict=True):
        assert torch.equal(one.logits, other.logits)
        assert all(torch.equal(a, b) for a, b in zip(one.hidden, other.hidden, strict=True))
    assert [one.depths for one in with_exit[1:]] == [(LAYERS,) * size for size in sizes]
    assert all(one.depths == () for one in plain)


@pytest.mark.parametrize("family", ["llama", "gemma3"])
def test_rows_of_one_batch_are_each_as_if_alone(family: str) -> None:
    """Those that leave at different depths, those that stay and those without an exit."""
    kinds: list[Any] = [lambda n: At([1 + n % 3]), lambda n: At([3 - n % 3]), lambda n: None, lambda n: Above()]

    def together() -> Decoding[list[list[Output]]]:
        branches, found = [], [list[Output]() for _ in kinds]
        for _ in kinds:
            branches.append((yield from open_branch()))
        yield from forwards([Forward(branch, PROMPT) for branch in branches])
        for n in range(8):
            asks = [Forward(b, [TOKENS[n]], exit=kind(n)) for b, kind in zip(branches, kinds, strict=True)]
            for at, output in enumerate((yield from forwards(asks))):
                found[at].append(output)
        return found

    found = run(together(), family)
    for kind, outputs in zip(kinds, found, strict=True):
        alone = run(asked([1] * 8, [kind(n) for n in range(8)]), family)[1:]
        assert near(torch.cat([one.logits for one in outputs]), torch.cat([one.logits for one in alone]))
        assert [one.depths for one in outputs] == [one.depths for one in alone]
    depths = {depth for one in found[3] for depth in one.depths}
    assert len(depths) > 1, "the rule of the last kind decides"


def test_who_leaves_follows_from_the_states() -> None:
    """The oracle's states, asked the same question, give the same depths."""
    (_, *found) = run(asked([1] * 12, [Above()] * 12))
    depths = [LAYERS] * len(PROMPT)
    for n, one in enumerate(found):
        _, states = scratch(PROMPT + TOKENS[: n + 1], [*depths, LAYERS])
        wanted = next((depth for depth in (1, 2) if states[depth - 1][-1, 7 * depth] > 0), LAYERS)
        assert one.depths == (wanted,)
        depths.append(wanted)
    assert set(depths[len(PROMPT) :]) == {1, 2, 3}


@pytest.mark.parametrize("layers", [None, 2, 1])
def test_the_last_layer_is_not_asked(layers: int | None) -> None:
    leaves = At([LAYERS])

    def one() -> Decoding[Output]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [5], layers=layers, exit=leaves)))

    depth = layers or LAYERS
    assert run(one()).depths == (depth,)
    assert leaves.asked == list(range(1, depth))


def test_what_went_through_with_an_exit_is_not_shared() -> None:
    """A later branch with the same tokens must not find the keys of those who left."""

    def first(leaves: ExitRule | None) -> Decoding[None]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, TOKENS, exit=leaves))

    engine = engine_of()
    engine.run(first(None))
    plain = engine.run(asked([1], [None], tokens=TOKENS))
    other = engine_of()
    other.run(first(At([1] * len(TOKENS))))
    assert torch.equal(other.run(asked([1], [None], tokens=TOKENS))[1].logits, plain[1].logits)
    closed(engine)
    closed(other)


class Broken(At):
    def leaves(self, depth: int, hidden: Tensor) -> Tensor:
        raise UsageError("not made for this model")


def test_an_exit_that_breaks_ends_its_own_method() -> None:
    engine = engine_of()
    ended: dict[str, Any] = {}
    for name, leaves in (("broken", Broken([])), ("well", At([2] * 6))):
        exits = [leaves] * 6
        engine.start(asked([1] * 6, exits), lambda result, error, name=name: ended.update({name: error or result}))
    closed(engine)
    assert isinstance(ended["broken"], UsageError)
    assert near(torch.cat([one.logits for one in ended["well"]]), scratch(PROMPT + TOKENS[:6], [3] * 20 + [2] * 6)[0])


@pytest.mark.parametrize(("hidden", "layers"), [((4,), None), ((2,), 1), ((-1,), None)])
def test_states_that_there_are_not(hidden: tuple[int, ...], layers: int | None) -> None:
    def one() -> Decoding[Output]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [5], layers=layers, hidden=hidden)))

    with pytest.raises(UsageError, match="hidden states"):
        run(one())
