"""Batches as a function of the step: their examples, their order and their padding."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from passel.core.key import Key
from passel.training.texts.examples import Example

__all__ = ["Batch", "batches", "collate", "in_order"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Examples side by side, padded on the right.

    Args:
        tokens: int64 [rows, tokens], 0 in the padding.
        real: bool [rows, tokens], false in the padding.
        learned: bool [rows, tokens], the tokens that are learned; never the first of a row.
        examples: the rows.
    """

    tokens: Tensor
    real: Tensor
    learned: Tensor
    examples: tuple[Example, ...]

    @property
    def count(self) -> int:
        """Number of tokens without the padding."""
        return int(self.real.sum())


def collate(examples: Sequence[Example], device: torch.device) -> Batch:
    """Makes a batch of examples."""
    longest = max(len(one.tokens) for one in examples)
    tokens = torch.zeros(len(examples), longest, dtype=torch.int64)
    real, learned = torch.zeros_like(tokens, dtype=torch.bool), torch.zeros_like(tokens, dtype=torch.bool)
    for row, one in enumerate(examples):
        length = len(one.tokens)
        tokens[row, :length] = torch.from_numpy(one.tokens)
        real[row, :length] = True
        learned[row, one.start : length] = True
    return Batch(tokens.to(device), real.to(device), learned.to(device), tuple(examples))


def batches(
    examples: Sequence[Example],
    size: int,
    *,
    key: Key,
    device: torch.device,
    alike: Callable[[Example], Hashable] = lambda one: None,
) -> Callable[[int], Batch]:
    """The n-th batch of `size` examples, epoch after epoch, each epoch in a random order drawn from the key.

    Examples of similar length come together to save padding: an epoch is cut into random runs of 16 batches, a run is
    sorted by length, and all batches are shuffled.

    Args:
        alike: all examples of a batch have the same value of this function.
    """
    groups: dict[Hashable, list[int]] = {}
    for at, one in enumerate(examples):
        groups.setdefault(alike(one), []).append(at)

    @lru_cache(maxsize=2)
    def order(epoch: int) -> list[list[int]]:
        of, found = key / "epoch" / epoch, list[list[int]]()
        for number, group in enumerate(groups.values()):
            shuffled = [group[at] for at in (of / number).permutation(len(group))]
            for start in range(0, len(shuffled), 16 * size):
                run = sorted(shuffled[start : start + 16 * size], key=lambda at: len(examples[at].tokens))
                found += [run[at : at + size] for at in range(0, len(run), size)]
        return [found[at] for at in (of / "batches").permutation(len(found))]

    def batch(step: int) -> Batch:
        each = len(order(0))
        return collate([examples[at] for at in order(step // each)[step % each]], device)

    return batch


def in_order(examples: Sequence[Example], size: int, device: torch.device) -> Iterator[Batch]:
    """Batches of all examples once, the shortest first, for an evaluation."""
    ranked = sorted(examples, key=lambda one: len(one.tokens))
    for start in range(0, len(ranked), size):
        yield collate(ranked[start : start + size], device)
