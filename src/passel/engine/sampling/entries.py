"""Numbers that belong to a few tokens of each row: what a penalty has counted, what a bias adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

__all__ = ["Entries"]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A sparse matrix [rows, vocab]: one entry for a token of a row, in any order.

    A dense one would be read and written at every step; here a step costs as much as there are tokens to look at.
    """

    row: Int64[Tensor, " entries"]
    token: Int64[Tensor, " entries"]
    value: Float32[Tensor, " entries"]

    @classmethod
    def of(cls, rows: Sequence[Mapping[int, float]], device: torch.device | str = "cpu") -> Entries:
        """From {token: value} of each row."""
        row = [at for at, values in enumerate(rows) for _ in values]
        token = [token for values in rows for token in values]
        value = [value for values in rows for value in values.values()]
        return cls(
            torch.tensor(row, dtype=torch.int64, device=device),
            torch.tensor(token, dtype=torch.int64, device=device),
            torch.tensor(value, dtype=torch.float32, device=device),
        )

    def __len__(self) -> int:
        return len(self.row)

    def select(self, indices: Int64[Tensor, " some"], rows: int) -> Entries:
        """Of these of the `rows` rows there are, in this order; a row may come twice or not at all."""
        if not len(self):
            return self
        order = self.row.argsort(stable=True)
        sizes = torch.bincount(self.row, minlength=rows)
        starts = sizes.cumsum(0) - sizes
        taken = sizes[indices]
        row = torch.repeat_interleave(torch.arange(len(indices), device=self.row.device), taken)
        offset = torch.arange(len(row), device=self.row.device) - (taken.cumsum(0) - taken)[row]
        picked = order[starts[indices][row] + offset]
        return Entries(row, self.token[picked], self.value[picked])

    def append(self, other: Entries, rows: int) -> Entries:
        """With those of `other`, whose rows come after the `rows` rows of this one."""
        if not len(other):
            return self
        return Entries(
            torch.cat((self.row, other.row + rows)),
            torch.cat((self.token, other.token)),
            torch.cat((self.value, other.value)),
        )

    def counting(self, tokens: Int64[Tensor, " rows"], counted: Bool[Tensor, " rows"]) -> Entries:
        """With 1 added to the entry of each row's token, which is made where there is none; of rows `counted` alone."""
        hit = (self.token == tokens[self.row]) & counted[self.row]
        fresh = counted.index_fill(0, self.row[hit], False).nonzero().squeeze(1)
        return Entries(
            torch.cat((self.row, fresh)),
            torch.cat((self.token, tokens[fresh])),
            torch.cat((self.value + hit, torch.ones(len(fresh), device=self.value.device))),
        )
