"""The tree of guesses: which ranks of the drafter's tokens it holds, and how it grows block by block."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from jaxtyping import Float
from torch import Tensor

from passel.decoding.parts.drafting import Proposal
from passel.engine.plain import top

__all__ = ["DraftTree", "Path", "RankedTokens", "rank_tokens"]

Path = tuple[int, ...]
"""Ranks from the text's end on, 0 the likeliest token of its level."""


@dataclass(frozen=True, slots=True)
class RankedTokens:
    """For each level of a block, the likeliest tokens, best first, and their log-probabilities."""

    tokens: tuple[tuple[int, ...], ...]
    logprobs: tuple[tuple[float, ...], ...]


def rank_tokens(logits: Float[Tensor, "rows block vocab"], width: int) -> list[RankedTokens]:
    """Ranks the tokens of several blocks, one a row."""
    found: list[RankedTokens] = []
    for row in logits.log_softmax(-1):
        levels = [top(level, width) for level in row]
        tokens = tuple(tuple(token for token, _ in level) for level in levels)
        found.append(RankedTokens(tokens, tuple(tuple(value for _, value in level) for level in levels)))
    return found


@dataclass(slots=True, eq=False)
class DraftTree:
    """A growing tree of guesses.

    It may hold the paths of ranks r_1, r_2, … with (r_1 + 1) (r_2 + 1) … at most `width`: if rank r is accepted with a
    probability proportional to 1 / (r + 1), they are the likeliest paths of each level.

    Args:
        levels: depth of the tree. block: number of levels that grow at once.
        nodes: largest number of nodes; those with the highest product of the drafter's probabilities stay.
        end: tokens that no guess follows.
    """

    width: int
    levels: int
    block: int
    nodes: int
    end: frozenset[int] = frozenset()
    tokens: dict[Path, int] = field(default_factory=dict[Path, int])
    scores: dict[Path, float] = field(default_factory=lambda: {(): 0.0})

    def grow(self, blocks: dict[Path, RankedTokens]) -> None:
        """Adds a block of levels after these paths, which have one length."""
        (start,) = set(map(len, blocks))
        paths = list(blocks)
        for level in range(min(self.block, self.levels - start)):
            paths = [path for before in paths for path in self._follow(before, blocks[before[:start]], level)]
        self._cut()

    def leaves(self, depth: int) -> list[Path]:
        """The paths of this depth that the next block continues."""
        ended = depth >= self.levels
        return [p for p, token in self.tokens.items() if len(p) == depth and not ended and token not in self.end]

    def _follow(self, before: Path, block: RankedTokens, level: int) -> list[Path]:
        if self.tokens.get(before) in self.end:
            return []
        tokens, logprobs = block.tokens[level], block.logprobs[level]
        count = min(self.width // prod(rank + 1 for rank in before), len(tokens))
        made = [(*before, rank) for rank in range(count)]
        for path in made:
            self.tokens[path] = tokens[path[-1]]
            self.scores[path] = self.scores[before] + logprobs[path[-1]]
        return made

    def along(self, path: Path, count: int) -> list[int]:
        """The last tokens of a path."""
        return [self.tokens[path[:depth]] for depth in range(len(path) - count + 1, len(path) + 1)]

    def proposal(self) -> Proposal:
        """The tree, level by level, the likeliest sibling first; a chain if no node has siblings."""
        paths = sorted(self.tokens, key=lambda path: (len(path), path))
        places = {path: at for at, path in enumerate(paths)}
        parents = tuple(places.get(path[:-1], -1) for path in paths)
        chain = parents == tuple(range(-1, len(paths) - 1))
        return Proposal(tuple(self.tokens[path] for path in paths), None if chain else parents)

    def _cut(self) -> None:
        """Keeps the likeliest paths. No path is likelier than its beginning, and among equals the shorter path stays:
        so the rest is a tree."""
        order = sorted(self.tokens, key=lambda path: (-self.scores[path], len(path), path))
        for path in order[self.nodes :]:
            del self.tokens[path], self.scores[path]
