"""Several tokens' embeddings as one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Embedder"]

_HEAD_SIZE = 32
"""As in the public code: 64 heads of a model of 2048."""


class Embedder(nn.Module):
    """The mean of a group's embeddings, and what a cross-attention from the mean to them adds; a token by itself stays
    as it is. As it is made, nothing is added.

    Args:
        hidden_size: of the model. most: tokens of a group at most.
    """

    def __init__(self, hidden_size: int, most: int) -> None:
        super().__init__()
        self.heads = hidden_size // _HEAD_SIZE if hidden_size % _HEAD_SIZE == 0 else 1
        placed = hidden_size + hidden_size // 2
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(placed, hidden_size)
        self.value = nn.Linear(placed, hidden_size)
        self.places = nn.Parameter(torch.empty(most, hidden_size // 2))
        self.out = nn.Linear(hidden_size, hidden_size)
        nn.init.xavier_normal_(self.places)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, vectors: Tensor, sizes: Tensor) -> Tensor:
        """One vector a group [groups, hidden size].

        Args:
            vectors: the tokens' embeddings [groups, tokens, hidden size]. sizes: int64 [groups], how many of them are
                there, from 1 on; what stands after is not read.
        """
        found = vectors[:, 0]
        many = (sizes > 1).nonzero().squeeze(1)
        if not len(many):
            return found
        return found.index_copy(0, many, self._merged(vectors[many], sizes[many]).to(found.dtype))

    def _merged(self, vectors: Tensor, sizes: Tensor) -> Tensor:
        groups, most, size = vectors.shape
        there = torch.arange(most, device=vectors.device) < sizes.unsqueeze(1)
        vectors = vectors.masked_fill(~there.unsqueeze(2), 0.0)
        mean = vectors.sum(1) / sizes.unsqueeze(1)
        placed = torch.cat((vectors, self.places[:most].to(vectors.dtype).expand(groups, -1, -1)), dim=2)
        query, key, value = (
            x.view(groups, -1, self.heads, size // self.heads).transpose(1, 2)
            for x in (self.query(mean), self.key(placed), self.value(placed))
        )
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=there[:, None, None, :])
        return mean + self.out(seen.transpose(1, 2).reshape(groups, size))
