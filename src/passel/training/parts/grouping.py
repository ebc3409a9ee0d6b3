"""A batch divided into groups of tokens, each of which is one input of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from passel.training.parts.batches import Batch

__all__ = ["Groups", "group_batch"]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Groups side by side, padded on the right.

    Args:
        members: int64 [rows, groups, max_size], the places of a group's tokens in their row; 0 in the padding.
        there: bool [rows, groups, max_size], false in the padding.
        positions: int64 [rows, groups], the place of a group's last token.
        learned: bool [rows, groups], the groups that are learned; never the first of a row.
    """

    members: Tensor
    there: Tensor
    positions: Tensor
    learned: Tensor

    @property
    def sizes(self) -> Tensor:
        """Tokens of each group, int64 [rows, groups], 0 for padding."""
        return self.there.sum(2)


def group_batch(batch: Batch, sizes: Sequence[Sequence[int]], max_size: int, *, whole: bool = True) -> Groups:
    """Divides each row: its prompt token by token, the learned tokens in groups of these sizes.

    Args:
        whole: with all tokens of the prompt; otherwise only its last token.
    """
    before = [one.start if whole else 1 for one in batch.examples]
    rows = [[1] * count + list(of) for count, of in zip(before, sizes, strict=True)]
    longest = max(map(len, rows))
    members = torch.zeros(len(rows), longest, max_size, dtype=torch.int64)
    there = torch.zeros(len(rows), longest, max_size, dtype=torch.bool)
    positions = torch.zeros(len(rows), longest, dtype=torch.int64)
    learned = torch.zeros(len(rows), longest, dtype=torch.bool)
    for row, (of, one, count) in enumerate(zip(rows, batch.examples, before, strict=True)):
        assert sum(of) + one.start - count == len(one.tokens), "the groups hold each token once"
        length = torch.tensor(of)
        stop = length.cumsum(0) + one.start - count
        place = (stop - length).unsqueeze(1) + torch.arange(max_size)
        inside = place < stop.unsqueeze(1)
        members[row, : len(of)] = place.masked_fill(~inside, 0)
        there[row, : len(of)] = inside
        positions[row, : len(of)] = stop - 1
        learned[row, count : len(of)] = True
    device = batch.tokens.device
    return Groups(members.to(device), there.to(device), positions.to(device), learned.to(device))
