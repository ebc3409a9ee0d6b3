"""A second, smaller model of the engine as the drafter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.chains import Chain, draw_chains, joined
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.decoding.parts.inputs import DecodingInput
from passel.engine.requests import Decoding, drop, keep, open_branch

__all__ = ["model"]


@dataclass(frozen=True, slots=True)
class _Held:
    """The chains of the last proposal, and the number of tokens of the text at that time."""

    chains: tuple[Chain, ...]
    text: int


def model(
    inputs: DecodingInput,
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

    Symbols: M_q -> the draft model; gamma -> `length`.

    Args:
        inputs: its end tokens are used.
        key: seeds the draws.
        model: number of the draft model among the engine's extra models, from 1 on.
        length: tokens of a chain; Leviathan et al. use 3 to 10, Chen et al. 4.
        width: number of chains, whose first tokens differ.

    Cost: `length` passes of the draft model for each pass of the target, with `width` tokens each.

    Guarantees: exact within speculative decoding.

    Deviations: chains differ from their first token on, where a tree may branch anywhere.

    Raises UsageError where there is no such model, or its vocabulary has another size than the target's.
    """
    if not 1 <= model <= inputs.extra_models:
        raise UsageError(
            f"drafter model: there are {inputs.extra_models} models beside the engine's own, asked for {model}"
        )
    seed = key.bits()

    def propose(context: DraftContext) -> Decoding[Proposal]:
        branch, held = yield from _in_step(context, model)
        chains = yield from draw_chains(
            branch,
            context.tokens[held:].tolist(),
            context,
            seed=seed,
            end=inputs.end_tokens,
            width=max(1, min(width, context.nodes // context.length)),
        )
        return joined(chains, _Held(tuple(chains), len(context.tokens)))

    return Drafter(propose, length)


def _in_step(context: DraftContext, model: int) -> Decoding[tuple[int, int]]:
    """The draft model's branch without refused guesses, and the number of tokens of the text that it holds."""
    if context.last is None:
        return (yield from open_branch(model)), 0
    held: _Held = context.last.memory
    new = context.tokens[held.text :].tolist()
    common = [
        _common(chain.tokens[:-1], new) for chain in held.chains
    ]  # the draft model has not computed the last guess
    best = max(range(len(common)), key=common.__getitem__)
    for chain in held.chains[:best] + held.chains[best + 1 :]:
        yield from drop(chain.branch)
    branch, length = held.chains[best].branch, held.text + common[best]
    yield from keep(branch, length)
    return branch, length


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
