"""A draft model beside the engine's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.chains import Chain, draw_chains, joined
from passel.decoding.parts.drafting import Drafter, Known, Proposal
from passel.decoding.parts.opening import Opening
from passel.engine.requests import Decoding, drop, keep, open_branch

__all__ = ["model"]


@dataclass(frozen=True, slots=True)
class _Held:
    """The chains of the last proposal, and how many tokens the text had then."""

    chains: tuple[Chain, ...]
    text: int


def model(
    opening: Opening,
    *,
    key: Key,
    model: Annotated[int, Log(1, 4)] = 1,
    length: Annotated[int, Log(1, 16)] = 4,
    width: Annotated[int, Log(1, 4)] = 1,
) -> Drafter:
    """Draws guesses from a smaller model of the same vocabulary, shaped by the same sampling as the target's.

    Source: Leviathan, Kalman and Matias 2022, Fast inference from transformers via speculative decoding, arXiv
    2211.17192, algorithm 1; Chen et al. 2023, arXiv 2302.01318, algorithm 2. Several chains, without replacement at
    their first token: Miao et al. 2023, SpecInfer, arXiv 2305.09781, section 3, and Jeon et al. 2024, arXiv 2402.14160.

    Symbols: M_q -> the model beside; gamma -> `length`.

    Args:
        opening: its prompt and end tokens.
        key: decides the draws.
        model: which of the models beside the engine's own, from 1 on.
        length: tokens of a chain; Leviathan et al. use 3 to 10, Chen et al. 4.
        width: chains, whose first tokens differ.

    Cost: `length` passes of the draft model for each pass of the target, with `width` tokens each.

    Guarantees: exact within speculative decoding.

    Deviations: chains part at their first token only, where a tree may anywhere.

    Raises UsageError where there is no such model, or its vocabulary is of another size than the target's.
    """
    if not 1 <= model <= opening.beside:
        raise UsageError(f"drafter model: there are {opening.beside} models beside the engine's own, asked for {model}")
    seed = key.bits()

    def propose(known: Known) -> Decoding[Proposal]:
        branch, held = yield from _in_step(known, model)
        chains = yield from draw_chains(
            branch,
            known.tokens[held:].tolist(),
            known,
            seed=seed,
            end=opening.end,
            width=max(1, min(width, known.nodes // known.length)),
        )
        return joined(chains, _Held(tuple(chains), len(known.tokens)))

    return Drafter(propose, length)


def _in_step(known: Known, model: int) -> Decoding[tuple[int, int]]:
    """The draft model's branch, without the guesses that did not stand, and how many tokens of the text it holds."""
    if known.last is None:
        return (yield from open_branch(model)), 0
    held: _Held = known.last.memory
    new = known.tokens[held.text :].tolist()
    common = [_common(chain.tokens[:-1], new) for chain in held.chains]  # the last guess has not been through it
    best = max(range(len(common)), key=common.__getitem__)
    for chain in held.chains[:best] + held.chains[best + 1 :]:
        yield from drop(chain.branch)
    branch, length = held.chains[best].branch, held.text + common[best]
    yield from keep(branch, length)
    return branch, length


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
