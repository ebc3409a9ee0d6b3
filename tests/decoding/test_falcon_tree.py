"""The drafter's tree: its frame, how it grows, and what stays of it."""

from __future__ import annotations

from itertools import product
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passel.decoding.parts.falcon.tree import DraftTree, Path, RankedTokens, rank_tokens


def frame(width: int, levels: int) -> set[Path]:
    """All paths that may be in a tree."""
    return {
        path
        for level in range(1, levels + 1)
        for path in product(range(width), repeat=level)
        if prod(rank + 1 for rank in path) <= width
    }


@given(width=st.integers(1, 4), levels=st.integers(1, 5), block=st.integers(1, 3))
def test_a_tree_with_room_holds_all_paths_of_small_product(width: int, levels: int, block: int) -> None:
    tree, paths = DraftTree(width, levels, block, 10_000), [()]
    for start in range(0, levels, block):
        tree.grow(blocks_of(paths, block, start))
        paths = tree.leaves(start + block)
        assert set(paths) == {path for path in frame(width, levels) if len(path) == start + block < levels}
    assert set(tree.tokens) == frame(width, levels)


def test_ranked_by_probability() -> None:
    logits = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(1))
    found = rank_tokens(logits, 4)
    for row, level in product(range(2), range(3)):
        order = sorted(range(9), key=lambda token, row=row, level=level: -float(logits[row, level, token]))[:4]
        assert list(found[row].tokens[level]) == order
        expected = logits[row, level].softmax(-1)[order].log().tolist()
        assert list(found[row].logprobs[level]) == pytest.approx(expected, abs=1e-5)
    assert len(rank_tokens(logits, 20)[0].tokens[0]) == 9


def blocks_of(paths: list[Path], block: int, seed: int) -> dict[Path, RankedTokens]:
    """Tokens are told apart by the path that they follow."""
    generator = torch.Generator().manual_seed(seed)
    made = rank_tokens(2 * torch.randn(len(paths), block, 50, generator=generator), 4)
    return dict(zip(paths, made, strict=True))


@given(width=st.integers(1, 4), nodes=st.integers(1, 40), block=st.integers(1, 3), seed=st.integers(0, 5))
def test_the_likeliest_nodes_of_the_frame_stay(width: int, nodes: int, block: int, seed: int) -> None:
    levels = 2 * block
    tree = DraftTree(width, levels, block, nodes)
    first = blocks_of([()], block, seed)
    tree.grow(first)
    kept = dict(tree.scores)
    leaves = tree.leaves(block)
    second = blocks_of(leaves, block, seed + 100)
    if leaves:
        tree.grow(second)
    # all nodes that could be, scored one by one
    scores = {path: score for path, score in kept.items() if path}
    for path in frame(width, levels):
        if len(path) > block and path[:block] in second:
            own = second[path[:block]].logprobs
            scores[path] = kept[path[:block]] + sum(own[at][rank] for at, rank in enumerate(path[block:]))
    best = sorted(scores.values(), reverse=True)[:nodes]
    assert sorted((tree.scores[path] for path in tree.tokens), reverse=True) == pytest.approx(best)
    assert len(tree.tokens) == min(nodes, len(scores))
    for path in tree.tokens:
        assert len(path) == 1 or path[:-1] in tree.tokens
    assert all(path in tree.tokens and len(path) == block for path in leaves if path in tree.tokens)


def test_the_proposal_is_the_tree_in_order() -> None:
    tree = DraftTree(3, 4, 2, 100)
    tree.grow(blocks_of([()], 2, 0))
    assert tree.proposal().depths == [1, 1, 1, 2, 2, 2, 2, 2]
    tree.grow(blocks_of(tree.leaves(2), 2, 1))
    proposal = tree.proposal()
    assert len(proposal.tokens) == len(frame(3, 4))
    paths: list[Path] = []
    for token, parent in zip(proposal.tokens, proposal.all_parents, strict=True):
        before = paths[parent] if parent >= 0 else ()
        rank = sum(path[:-1] == before and len(path) == len(before) + 1 for path in paths)
        paths.append((*before, rank))
        assert tree.tokens[paths[-1]] == token
    chain = DraftTree(1, 2, 2, 100)
    chain.grow(blocks_of([()], 2, 0))
    assert chain.proposal().parents is None
    assert chain.along((0, 0), 2) == list(chain.proposal().tokens)


def test_nothing_follows_an_end_token() -> None:
    first = blocks_of([()], 2, 0)
    likeliest = first[()].tokens[0][0]
    tree = DraftTree(3, 4, 2, 100, frozenset({likeliest}))
    tree.grow(first)
    assert {path for path in tree.tokens if path[0] == 0} == {(0,)}
    assert all(path[0] != 0 for path in tree.leaves(2))
    last = first[()].tokens[1][0]
    tree = DraftTree(1, 4, 2, 100, frozenset({last}))
    tree.grow(first)
    assert tree.leaves(2) == []
