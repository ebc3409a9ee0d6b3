"""Multi-round speculative sampling: which nodes of a tree of drafted tokens stand, so that the text is distributed as
if the target had drawn every token. Pure functions over arrays; where uniform numbers come from is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["one_round", "walk"]

Distribution = TypeVar("Distribution", Tensor, NDArray[np.object_], NDArray[np.float64])
"""A distribution [vocabulary]; of float64, or of exact fractions."""


def one_round(target: Distribution, draft: Distribution, token: int, u: Any) -> tuple[bool, Distribution]:
    """Whether a token drawn from `draft` stands, and what the next round draws from: the target as it is where it
    stands, else what of the target lies above the draft, normalised.

    If `token` is drawn from `draft` and u is uniform in [0, 1), then the token with its chance min(target, draft) and a
    draw from the rest together are a draw from `target` (Leviathan et al. 2022, appendix A.1; Chen et al. 2023,
    theorem 1; in further rounds, with the rest as target, Miao et al. 2023, theorem 4.2). Where nothing lies above the
    draft, a token is refused by rounding alone, and the target itself is the rest.
    """
    if u * draft[token] < target[token]:
        return True, target
    rest: Any = (target - draft).clip(min=0)
    total = rest.sum()
    return False, rest / total if total > 0 else target


def walk(
    tokens: Sequence[int],
    parents: Sequence[int],
    drafts: Sequence[Distribution | None],
    *,
    target: Callable[[int], Distribution],
    u: Callable[[int, int], Any],
    draw: Callable[[Distribution, int], int],
) -> tuple[list[int], list[int]]:
    """From the end of the text down the tree, as far as its tokens stand.

    At a node, the children that were drawn are tried in their order. If none stands, a token is drawn from what is left
    of the target; if a child that was chosen has this token, the walk goes on there. So with chosen nodes alone the
    tokens are those that the target draws by itself, whatever the tree is.

    Args:
        tokens, parents, drafts: of each node, as in `Proposal`; drafts None: chosen.
        target: the target's distribution after a node; -1: after the text.
        u: uniform in [0, 1), for a depth (0: the text's end) and the number of the child tried.
        draw: a token from a distribution, at a depth.

    Returns:
        the nodes that stand; and the tokens that the text goes on with: theirs, and one more after the last.
    """
    path: list[int] = []
    added: list[int] = []
    at = -1
    while True:
        depth, chances = len(path), target(at)
        children = [node for node, parent in enumerate(parents) if parent == at]
        stands = False
        for number, node in enumerate(children):
            draft = drafts[node]
            if draft is None:
                continue
            stands, chances = one_round(chances, draft, tokens[node], u(depth, number))
            if stands:
                at = node
                break
        if not stands:
            token = draw(chances, depth)
            same = [node for node in children if drafts[node] is None and tokens[node] == token]
            if not same:
                return path, [*added, token]
            at = same[0]
        path.append(at)
        added.append(tokens[at])
