"""The first layers of the target as its drafter."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.chains import draw_chains, joined
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.decoding.parts.inputs import DecodingInput
from passel.engine.requests import Decoding, drop, fork

__all__ = ["layers"]


def layers(
    inputs: DecodingInput,
    *,
    key: Key,
    layers: Annotated[int, Log(1, 64)] = 8,
    length: Annotated[int, Log(1, 16)] = 4,
) -> Drafter:
    """Draws guesses from the model's first layers, followed by its own final norm and head.

    The target's cache is shared: a fork of its branch already holds the first layers' keys and values of the text, and
    is dropped after each proposal.

    Source: Zhang et al. 2023, Draft & verify: lossless large language model acceleration via self-speculative decoding,
    arXiv 2309.08168, with the layers after an exit left out as in Elhoushi et al. 2024, LayerSkip, arXiv 2404.16710,
    section 4.3.

    Symbols: E (exit layer) -> `layers`; d (speculations) -> `length`.

    Args:
        inputs: its end tokens are used.
        key: seeds the draws.
        layers: number of layers; 8 of 32 for the 7B model of LayerSkip.
        length: tokens of the chain; 4 to 12 in LayerSkip.

    Cost: `length` passes through the first layers and the head for each pass of the target.

    Guarantees: exact within speculative decoding. Whether it is faster depends on the model: a model that was not
    trained for early exits guesses badly.

    Deviations: Zhang et al. choose which layers to skip by a search; here the first ones stay. The target computes them
    once more when it verifies; LayerSkip keeps their activations.
    """
    seed = key.bits()

    def propose(context: DraftContext) -> Decoding[Proposal]:
        branch = yield from fork(context.branch)
        chains = yield from draw_chains(
            branch, context.tokens[-1:].tolist(), context, seed=seed, end=inputs.end_tokens, layers=layers
        )
        yield from drop(branch)
        return joined(chains)

    return Drafter(propose, length)
