"""Masked-diffusion models: what is to be known of one beside its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from passel.core.errors import UsageError

__all__ = ["CAUSAL_ONLY", "MaskedDiffusion", "declare", "declared"]

_KEY = "masked_diffusion"
"""Of a model's config.json, with the fields of `MaskedDiffusion`."""

CAUSAL_ONLY = (
    "this is a masked-diffusion model, whose tokens all see each other: it takes the decoders free_cache and "
    "guided_diffusion, and gives neither plain samples nor scores"
)


@dataclass(frozen=True, slots=True)
class MaskedDiffusion:
    """A model that tells what stands in the place of mask tokens, from what stands before and after them.

    Args:
        mask: id of the mask token.
        shifted: whether what stands at a place is told by the logits of the place before it, as by Dream, which began
            as a causal model; or by its own, as by LLaDA.
    """

    mask: int
    shifted: bool = False


def declare(config: Any, masked: MaskedDiffusion) -> None:
    """Notes it in a configuration of transformers, which keeps it when it is saved."""
    setattr(config, _KEY, asdict(masked))


def declared(config: Any) -> MaskedDiffusion | None:
    """What a configuration says; None: the model is causal. Raises UsageError for what makes no sense."""
    found = getattr(config, _KEY, None)
    if found is None:
        return None
    try:
        masked = MaskedDiffusion(**found)
    except TypeError:
        raise UsageError(f"{_KEY} of a configuration has mask and shifted, got {found!r}") from None
    if not 0 <= masked.mask < config.vocab_size:
        raise UsageError(f"the mask token {masked.mask} is not among the model's {config.vocab_size}")
    return masked
