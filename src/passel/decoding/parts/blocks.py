"""Texts of several workers as one text: blocks of the cache, and the view that a worker has of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from passel.engine.requests import Read

__all__ = ["Block", "view"]


@dataclass(slots=True, eq=False)
class Block:
    """Part of a worker's text in its own branch, whose keys are cached for positions from 0 on.

    Args:
        branch: number of the branch.
        tokens: the tokens that the cache holds.
    """

    branch: int
    tokens: list[int] = field(default_factory=list[int])


def view(before: Sequence[Block], own: Block) -> tuple[Read, ...]:
    """Reads of the blocks before a worker's own block, as if all were one text in this order: the next token's position
    for a block is its distance from the block's beginning."""
    total = sum(len(block.tokens) for block in before) + len(own.tokens)
    reads: list[Read] = []
    offset = 0
    for block in before:
        if block.tokens:
            reads.append(Read(block.branch, total - offset))
        offset += len(block.tokens)
    return tuple(reads)
