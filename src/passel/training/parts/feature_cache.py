"""Last hidden states of examples, cached for all epochs while there is memory."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from passel.engine.weights.checkpoint import Checkpoint
from passel.training.parts.batches import Batch
from passel.training.parts.states import states

__all__ = ["FeatureCache"]


class FeatureCache:
    """The frozen model's states before its final norm.

    Args:
        memory: bytes of states that are cached.
    """

    def __init__(self, base: Checkpoint, memory: int = 1 << 30) -> None:
        self._base, self._left = base, memory
        self._kept: dict[int, tuple[object, Tensor]] = {}

    def of(self, batch: Batch) -> Float[Tensor, "rows tokens size"]:
        """The states of a batch, in the model's precision; values in the padding have no meaning."""
        kept = [self._kept.get(id(example)) for example in batch.examples]
        known = [one[1] for one in kept if one is not None]
        if len(known) == len(kept):
            return torch.nn.utils.rnn.pad_sequence(known, batch_first=True)
        found = states(self._base, batch)[-1]
        for example, own in zip(batch.examples, found, strict=True):
            own = own[: len(example.tokens)].clone()
            size = own.numel() * own.element_size()
            if id(example) not in self._kept and size <= self._left:
                # the example is kept too, so that no other example can get its id
                self._kept[id(example)] = (example, own)
                self._left -= size
        return found
