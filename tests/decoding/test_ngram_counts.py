"""What the tables count, against counting by the definition; and that how it is counted makes no difference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ngram_oracle import Oracle, built, pieces_of, vocabulary

from passel.core.errors import UsageError
from passel.decoding.ngrams import LAMBDAS, Piece, Tables, build, merging

ORDERS = st.tuples(st.integers(2, 8), st.integers(2, 8)).map(lambda pair: (min(pair), max(pair)))
FEW = st.lists(st.lists(st.integers(0, 2), max_size=30), min_size=1, max_size=5)
"""Few tokens, so that long contexts come again."""
WIDE = st.lists(
    st.lists(st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 262_143]), max_size=12), min_size=1, max_size=3
)
"""Tokens at the edges of the integer types."""


def rows_of(tables: Tables) -> dict[tuple[int, ...], dict[int, int]]:
    """Every context with its rows, by following the trie's own numbers from the root."""
    found: dict[tuple[int, ...], dict[int, int]] = {}
    contexts: list[tuple[int, ...]] = [()]
    for length, level in enumerate(tables.levels, 1):
        if length == 1:
            parents = [0] * len(level.tokens)
        else:
            children = tables.levels[length - 2].children.astype(int)
            parents = [parent for parent in range(len(contexts)) for _ in range(children[parent], children[parent + 1])]
        contexts = [(int(token), *contexts[parent]) for token, parent in zip(level.tokens, parents, strict=True)]
        if length + 1 in tables.orders:
            for node, context in enumerate(contexts):
                rows = slice(int(level.first_row[node]), int(level.first_row[node + 1]))
                found[context] = dict(zip(level.following[rows].tolist(), level.counts[rows].tolist(), strict=True))
    return found


def assert_counted_as_defined(
    documents: Sequence[Sequence[int]], orders: tuple[int, int], size: int, **options: Any
) -> None:
    """The tables hold the counts of the oracle; where no document has two tokens there is an error and no file."""
    oracle = Oracle(documents, orders, options.get("min_count", 1))
    with tempfile.TemporaryDirectory() as folder:
        if all(len(document) < 2 for document in documents):
            with pytest.raises(UsageError, match="no document has two tokens"):
                built(Path(folder), documents, size=size, orders=orders, **options)
            assert list(Path(folder).iterdir()) == []
            return
        tables = built(Path(folder), documents, size=size, orders=orders, **options)
        assert rows_of(tables) == oracle.rows
        for context, rows in oracle.rows.items():
            tokens, counts, total = tables.following(context)
            assert (tokens.tolist(), counts.tolist()) == (sorted(rows), [rows[token] for token in sorted(rows)])
            assert total == oracle.total[context]
        assert tables.info.tokens == sum(map(len, documents))
        assert tables.info.documents == len(documents)


@settings(max_examples=60, deadline=None)
@given(FEW, ORDERS, st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_counts_are_those_of_the_definition(
    documents: list[list[int]], orders: tuple[int, int], min_count: int, chunk: int, portion: int, cut: int
) -> None:
    assert_counted_as_defined(documents, orders, 3, min_count=min_count, chunk=chunk, portion=portion, cut=cut)


def test_contexts_left_out_after_the_last_kept_one() -> None:
    """They were in no range of keys, so that the next level's ranges were wrong: (0, 0, 0) was counted 3 times of 4."""
    assert_counted_as_defined([[0, 0, 0, 0, 0, 0, 1, 0]], (2, 4), 3, min_count=2, chunk=2, portion=1)


def test_no_more_is_held_at_once_than_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    merged = merging._merged

    def measured(sources: Any, slices: Any, *rest: Any) -> Any:
        held = 0
        for source, (begin, end) in zip(sources, slices, strict=True):
            held += end - begin + int(source.level.first_row[end]) - int(source.level.first_row[begin])
        sizes.append(held)
        return merged(sources, slices, *rest)

    monkeypatch.setattr(merging, "_merged", measured)
    document = (np.random.default_rng(0).geometric(0.05, 3000) % 50).tolist()
    built(tmp_path, [document], size=50, chunk=400, portion=500)
    assert max(sizes) <= 500  # a context has 50 rows at most, in 8 runs
    assert len(sizes) >= sum(sizes) / 500
    assert min(sizes) > 0


@settings(max_examples=30, deadline=None)
@given(WIDE, ORDERS, st.integers(1, 2), st.integers(1, 20))
def test_large_tokens_are_held_exactly(
    documents: list[list[int]], orders: tuple[int, int], min_count: int, chunk: int
) -> None:
    assert_counted_as_defined(documents, orders, 262_144, min_count=min_count, chunk=chunk)


@pytest.mark.parametrize("min_count", [1, 2])
def test_chunked_is_unchunked_to_the_byte(tmp_path: Path, min_count: int) -> None:
    rng = np.random.default_rng(0)
    documents = [(rng.geometric(0.2, size) % 50).tolist() for size in (900, 1, 300, 0, 2, 500)]
    files: list[bytes] = []
    for number, (chunk, portion, cut) in enumerate([(10**6, 10**6, 10**6), (201, 10**6, 64), (97, 300, 13)]):
        folder = tmp_path / str(number)
        tables = built(folder, documents, size=50, min_count=min_count, chunk=chunk, portion=portion, cut=cut)
        assert sum(tables.size.values()) > 200
        files.append(tables.path.read_bytes())
        assert list(folder.iterdir()) == [tables.path]
    assert files[0] == files[1] == files[2]


def test_a_count_larger_than_the_small_integer_types(tmp_path: Path) -> None:
    tables = built(tmp_path, [[1] * 70_001], size=2, chunk=9_999)
    for length in range(1, 6):
        tokens, counts, total = tables.following([1] * length)
        assert (tokens.tolist(), counts.tolist(), total) == ([1], [70_001 - length], 70_001 - length)


@settings(max_examples=30, deadline=None)
@given(FEW, ORDERS, st.integers(1, 2), st.data())
def test_interpolation_is_that_of_the_definition(
    documents: list[list[int]], orders: tuple[int, int], min_count: int, data: st.DataObject
) -> None:
    documents = [*documents, [0, 1, 2, 0, 1]]
    token = st.integers(-1, 4)  # -1 is none; 3 is in the vocabulary but not in the text; 4 is not in it
    length = data.draw(st.integers(0, 9))
    drafts = data.draw(st.lists(st.lists(token, min_size=length, max_size=length), min_size=1, max_size=5))
    candidates = data.draw(st.lists(token, max_size=6))
    weights = data.draw(
        st.lists(st.floats(0, 1), min_size=orders[1] - orders[0] + 1, max_size=orders[1] - orders[0] + 1)
    )
    oracle = Oracle(documents, orders, min_count)
    contexts = np.array(drafts, np.int64).reshape(len(drafts), length)
    with tempfile.TemporaryDirectory() as folder:
        tables = built(Path(folder), documents, size=4, orders=orders, min_count=min_count, chunk=11)
        got = tables.interpolated(contexts, np.array(candidates, np.int64), weights)
        each = tables.interpolated(contexts, np.tile(np.array(candidates, np.int64), (len(drafts), 1)), weights)
        shares = tables.probabilities(contexts, np.array(candidates, np.int64))
    expected = [[oracle.interpolated(past, token, weights) for token in candidates] for past in drafts]
    assert got.shape == (len(drafts), len(candidates))
    np.testing.assert_allclose(got, np.array(expected).reshape(got.shape), rtol=1e-12, atol=0)
    np.testing.assert_array_equal(each, got)
    for place, order in enumerate(tables.orders):
        for past, row in zip(drafts, shares[place], strict=True):
            known = oracle.probability(past[length - order + 1 :], 0) is not None and length >= order - 1
            wanted = [oracle.probability(past[length - order + 1 :], one) for one in candidates] if known else None
            np.testing.assert_allclose(row, np.nan if wanted is None else np.array(wanted, float), rtol=1e-12)


def test_a_draft_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    ids = (np.random.default_rng(3).geometric(0.1, 2000) % 60).tolist()
    tables = built(tmp_path, [ids], size=60)
    contexts = [ids[at : at + 5] for at in range(0, 1900, 31)]
    alone = [tables.interpolated([context], range(-1, 70))[0] for context in contexts]
    np.testing.assert_array_equal(tables.interpolated(contexts, range(-1, 70)), alone)
    assert np.count_nonzero(alone) > 10 * len(contexts)


def test_the_weights_are_the_papers_by_default_and_nothing_is_renormalised(tmp_path: Path) -> None:
    # 0 1 came before 2 once and before 3 once; 1 before 2 twice, before 3 once
    tables = built(tmp_path, [[0, 1, 2], [0, 1, 3], [4, 1, 2]])
    found = tables.interpolated([[9, 0, 1], [9, 4, 1], [9, 9, 1], [9, 9, 8]], [2, 3, 5])
    third, half = 1 / 3, 1 / 2
    expected = [
        [0.01 * 2 * third + 0.04 * half, 0.01 * third + 0.04 * half, 0],
        [0.01 * 2 * third + 0.04, 0.01 * third, 0],
        [0.01 * 2 * third, 0.01 * third, 0],
        [0, 0, 0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert sum(LAMBDAS.values()) == pytest.approx(0.5)
    whole = built(tmp_path, [[7, 6, 5, 4, 3, 2]])
    np.testing.assert_allclose(whole.interpolated([[7, 6, 5, 4, 3]], [2, 3]), [[0.5, 0.0]], rtol=1e-12)
    fewer = built(tmp_path, [[7, 6, 5, 4, 3, 2]], orders=(2, 4))
    np.testing.assert_allclose(fewer.interpolated([[7, 6, 5, 4, 3]], [2]), [[0.01 + 0.04 + 0.15]], rtol=1e-12)


def test_rare_rows_are_left_out_but_stay_in_the_total(tmp_path: Path) -> None:
    documents = [[0, 1]] * 2 + [[0, token] for token in range(2, 10)]
    found = built(tmp_path, documents, min_count=2).probabilities([[0], [1]], [1, 2])
    np.testing.assert_allclose(found[0], [[0.2, 0.0], [np.nan, np.nan]])


def test_what_cannot_be_asked_or_built(tmp_path: Path) -> None:
    tables = built(tmp_path, [[0, 1, 2]], orders=(3, 4))
    with pytest.raises(UsageError, match="3 weights for orders 3-4"):
        tables.interpolated([[0, 1]], [2], [0.1, 0.2, 0.3])
    with pytest.raises(UsageError, match=r"\[drafts, tokens\]"):
        tables.interpolated([0, 1], [2])
    with pytest.raises(UsageError, match=r"\[drafts, m\]"):
        tables.interpolated([[0, 1]], [[2], [2]])
    with pytest.raises(UsageError, match="no 2-grams, only orders 3-4"):
        tables.following([1])
    with pytest.raises(UsageError, match="default weights"):
        built(tmp_path, [[0, 1, 2]], orders=(2, 7)).interpolated([[0, 1]], [2])
    for wrong in ({"orders": (1, 3)}, {"orders": (4, 3)}, {"orders": (2, 9)}, {"min_count": 0}, {"chunk": 0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            built(tmp_path, [[0, 1, 2]], **wrong)
    for token in (-1, 10):
        with pytest.raises(UsageError, match=f"token {token} is not in the vocabulary of 10"):
            built(tmp_path, [[0, token, 2]])


def test_a_document_without_tokens_still_ends_the_one_before(tmp_path: Path) -> None:
    none = np.zeros(0, np.int64)
    pieces = [Piece(np.array([0, 1]), True), Piece(none, True), Piece(np.array([2, 3]), False)]
    assert rows_of(build(pieces, tmp_path / "t", vocabulary=vocabulary(10), orders=(2, 2))) == {
        (0,): {1: 1},
        (2,): {3: 1},
    }
    assert [len(piece.ids) for piece in pieces_of([[1, 2, 3], []], 2)] == [2, 1, 0]
