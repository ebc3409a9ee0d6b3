"""Groups of tokens by entropy: the rule, and that a batch in groups holds each token once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passel.training.parts.batches import collate
from passel.training.parts.grouping import group_batch
from passel.training.parts.segmentation import group_sizes
from passel.training.texts.examples import Example


@pytest.mark.parametrize(
    ("entropies", "sizes"),
    [
        ([], []),
        ([5.0, 4.0, 3.0], [1, 1, 1]),
        ([5.0, 1.4, 1.6, 0.4], [2, 2]),  # 1.6 is more than 0.3 times 5, 0.4 less than 0.3 times 1.6
        ([0.01] * 9, [4, 4, 1]),
        ([0.01, 0.04, 0.06], [2, 1]),  # sure tokens, then one that is not
        ([2.0, 0.5, 0.55, 0.59, 0.01], [4, 1]),
        ([1.0, 0.3], [1, 1]),  # neither below 0.05 nor below 0.3
    ],
)
def test_the_rule(entropies: list[float], sizes: list[int]) -> None:
    assert group_sizes(entropies) == sizes


@given(st.lists(st.floats(0, 12), max_size=40), st.floats(0, 1), st.floats(0, 1), st.integers(1, 5))
def test_each_token_is_in_one_group_and_joins_by_right(
    entropies: list[float], low: float, ratio: float, max_size: int
) -> None:
    sizes = group_sizes(entropies, low=low, ratio=ratio, max_size=max_size)
    assert sum(sizes) == len(entropies)
    assert all(1 <= size <= max_size for size in sizes)
    starts = np.cumsum([0, *sizes])
    for at, entropy in enumerate(entropies):
        group = int(np.searchsorted(starts, at, side="right")) - 1
        # the group that it is in, or that it could have joined
        before = entropies[starts[group] : at] or (entropies[starts[group - 1] : at] if at else [])
        joins = bool(before) and len(before) < max_size and (entropy < low or entropy < ratio * max(before))
        assert joins == (at != starts[group])


def test_a_batch_in_groups() -> None:
    """Members are the row's tokens in order, the prompt one by one; a group's position is its last token's."""
    rows = [Example(np.arange(length), start, {}) for length, start in ((9, 3), (5, 1), (12, 11))]
    sizes = [[1, 3, 2], [4], [1]]
    batch = collate(rows, torch.device("cpu"))
    found = group_batch(batch, sizes, 4)
    assert found.sizes.tolist() == [[1] * 3 + [1, 3, 2] + [0] * 6, [1, 4] + [0] * 10, [1] * 12]
    for row, one in enumerate(rows):
        assert found.members[row][found.there[row]].tolist() == list(range(len(one.tokens)))
        real = found.there[row, :, 0]
        assert found.positions[row][real].tolist() == (found.sizes[row].cumsum(0) - 1)[real].tolist()
        assert found.learned[row].tolist() == [at >= one.start and bool(there) for at, there in enumerate(real)]
