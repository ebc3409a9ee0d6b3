"""Divides a text into groups of tokens, by the entropy of the model's predictions."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["group_sizes"]


def group_sizes(entropies: Sequence[float], *, low: float = 0.05, ratio: float = 0.3, max_size: int = 4) -> list[int]:
    """The sizes of the groups of tokens with these entropies, in nats, in order.

    A token joins the group before it if its entropy is below `low`, or below `ratio` times the largest of the group: a
    group begins with the token that is hard to predict.

    Source: Liu and Zhang 2025, HAMburger, arXiv 2505.20438; `decreasing_v2` of its public code, with its thresholds.

    Args:
        max_size: largest number of tokens of a group.
    """
    sizes: list[int] = []
    largest = 0.0
    for entropy in entropies:
        if sizes and sizes[-1] < max_size and (entropy < low or entropy < ratio * largest):
            sizes[-1] += 1
            largest = max(largest, entropy)
        else:
            sizes.append(1)
            largest = entropy
    return sizes
