"""Keys and values of prompts under a frozen model: a training pass then computes only the answer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from passel.training.parts.batches import Batch

__all__ = ["PromptCache"]

_BYTES = 2 << 30


class PromptCache:
    """Keys and values of all tokens of a prompt except its last. A model that does not change reads a prompt once.

    Args:
        body: a transformer of transformers without its head; it is frozen.
        max_bytes: limit of the cache; further prompts are read anew each time.
    """

    def __init__(self, body: Any, max_bytes: int = _BYTES) -> None:
        self._body, self._left = body, max_bytes
        self._kept: dict[int, Tensor] = {}

    @staticmethod
    def fits(config: Any) -> bool:
        """Whether the model's attention allows to cut and join its cache."""
        learned_tokens = set(getattr(config, "layer_types", None) or ["full_attention"])
        return learned_tokens == {"full_attention"} and not getattr(config, "sliding_window", None)

    def keep(self, batch: Batch, cache: Any) -> None:
        """Keeps the prompts of a batch that the model has read into this cache."""
        for row, one in enumerate(batch.examples):
            if id(one) not in self._kept and self._left > 0:
                self._kept[id(one)] = found = _of(cache, row, one.start - 1).clone()
                self._left -= found.numel() * found.element_size()

    def cache(self, batch: Batch) -> tuple[Any, Tensor]:
        """A cache of the batch's prompts, or None if no prompt is longer than a token; and which of its places are not
        padding, bool [rows, tokens]. The caller may write to it."""
        longest = max(one.start - 1 for one in batch.examples)
        real = torch.tensor([[at < one.start - 1 for at in range(longest)] for one in batch.examples], dtype=torch.bool)
        real = real.view(len(batch.examples), longest).to(batch.tokens.device)
        if not longest:
            return None, real
        parts = self._parts(batch, longest)
        layers, rows = parts[0].shape[0], len(parts)
        whole = parts[0].new_zeros(layers, 2, rows, parts[0].shape[2], longest, parts[0].shape[4])
        for row, part in enumerate(parts):
            whole[:, :, row, :, : part.shape[3]] = part
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(whole):
            cache.update(keys, values, layer)
        return cache, real

    def _parts(self, batch: Batch, longest: int) -> list[Tensor]:
        kept = [self._kept.get(id(one)) for one in batch.examples]
        if all(part is not None for part in kept):
            return [part for part in kept if part is not None]
        with torch.no_grad():
            cache = DynamicCache()
            mask = batch.real[:, :longest].long()
            self._body(input_ids=batch.tokens[:, :longest], attention_mask=mask, past_key_values=cache, use_cache=True)
        return [_of(cache, row, one.start - 1) for row, one in enumerate(batch.examples)]


def _of(cache: Any, row: int, length: int) -> Tensor:
    """[layers, 2, heads, length, head size]."""
    return torch.stack(
        [torch.stack((layer.keys[row, :, :length], layer.values[row, :, :length])) for layer in cache.layers]
    )
