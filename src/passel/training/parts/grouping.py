"""A batch as groups of tokens, each of which goes through a model as one input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from passel.training.parts.batches import Batch

__all__ = ["Grouped", "grouped"]


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Groups side by side, padded on the right.

    Args:
        members: int64 [rows, groups, most], the places of a group's tokens in their row; 0 where there is none.
        there: bool [rows, groups, most], where there is one.
        positions: int64 [rows, groups], the place of a group's last token.
        learned: bool [rows, groups], groups to be learned; they are never the first.
    """

    members: Tensor
    there: Tensor
    positions: Tensor
    learned: Tensor

    @property
    def sizes(self) -> Tensor:
        """int64 [rows, groups], 0 for padding."""
        return self.there.sum(2)


def grouped(batch: Batch, sizes: Sequence[Sequence[int]], most: int) -> Grouped:
    """Each row's prompt token by token, and what is to be learned in groups of these sizes."""
    rows = [[1] * one.start + list(of) for one, of in zip(batch.examples, sizes, strict=True)]
    count = max(map(len, rows))
    members = torch.zeros(len(rows), count, most, dtype=torch.int64)
    there = torch.zeros(len(rows), count, most, dtype=torch.bool)
    positions = torch.zeros(len(rows), count, dtype=torch.int64)
    learned = torch.zeros(len(rows), count, dtype=torch.bool)
    for row, (of, one) in enumerate(zip(rows, batch.examples, strict=True)):
        assert sum(of) == len(one.tokens), "groups hold each token once"
        length = torch.tensor(of)
        stop = length.cumsum(0)
        place = (stop - length).unsqueeze(1) + torch.arange(most)
        inside = place < stop.unsqueeze(1)
        members[row, : len(of)] = place.masked_fill(~inside, 0)
        there[row, : len(of)] = inside
        positions[row, : len(of)] = stop - 1
        learned[row, one.start : len(of)] = True
    device = batch.tokens.device
    return Grouped(members.to(device), there.to(device), positions.to(device), learned.to(device))
