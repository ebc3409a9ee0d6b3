"""Multi-round speculative sampling: accepts nodes of a tree of drafted tokens so that the text has the distribution of
tokens drawn from the target. Pure functions over arrays; the caller supplies the uniform numbers."""

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
    """Whether a token drawn from `draft` is accepted, and the distribution of the next round: the target if it is
    accepted, otherwise the normalised positive part of target - draft.

    If `token` is drawn from `draft` and u is uniform in [0, 1), then accepting it and otherwise drawing from this rest
    is a draw from `target` (Leviathan et al. 2022, appendix A.1; Chen et al. 2023, theorem 1; in further rounds, with
    the rest as target, Miao et al. 2023, theorem 4.2). If the positive part is empty, the token was refused only
    because of rounding, and the rest is the target itself.
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
    """Walks from the end of the text down the tree, as far as its tokens are accepted.

    At a node, the drawn children are tried in their order. If none is accepted, a token is drawn from the rest of the
    target; if a chosen child has this token, the walk continues there. So if all nodes are chosen, the tokens are those
    that the target draws by itself, whatever the tree is.

    Args:
        tokens, parents, drafts: of each node, as in `Proposal`; drafts: its distribution, None: it was chosen.
        target: the target's distribution after a node; -1: after the text.
        u: uniform numbers in [0, 1), by depth (0: the text's end) and by the index of the child that is tried.
        draw: draws a token from a distribution, at a depth.

    Returns:
        the accepted nodes; and the tokens that are added to the text: theirs, and one more after the last.
    """
    path: list[int] = []
    added: list[int] = []
    at = -1
    while True:
        depth, chances = len(path), target(at)
        children = [node for node, parent in enumerate(parents) if parent == at]
        accepted = False
        for number, node in enumerate(children):
            draft = drafts[node]
            if draft is None:
                continue
            accepted, chances = one_round(chances, draft, tokens[node], u(depth, number))
            if accepted:
                at = node
                break
        if not accepted:
            token = draw(chances, depth)
            same = [node for node in children if drafts[node] is None and tokens[node] == token]
            if not same:
                return path, [*added, token]
            at = same[0]
        path.append(at)
        added.append(tokens[at])
