"""Texts of several writers as one: blocks of the cache, and what each writer sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from passel.engine.requests import Read

__all__ = ["Block", "view"]


@dataclass(slots=True, eq=False)
class Block:
    """A stretch of one writer's text in a branch of its own, whose keys are kept for positions from 0 on.

    Args:
        branch: the branch.
        tokens: those in the cache.
    """

    branch: int
    tokens: list[int] = field(default_factory=list[int])


def view(before: Sequence[Block], own: Block) -> tuple[Read, ...]:
    """The blocks before a writer's own, as if all stood in one text in this order: the next token's position to each
    block is its distance from that block's beginning."""
    total = sum(len(block.tokens) for block in before) + len(own.tokens)
    reads: list[Read] = []
    offset = 0
    for block in before:
        if block.tokens:
            reads.append(Read(block.branch, total - offset))
        offset += len(block.tokens)
    return tuple(reads)
