"""The file of tables: mapped, the same after a round trip, and refused in one line when it is not what it should be."""

from __future__ import annotations

import struct
import tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ngram_oracle import built, pieces_of, vocabulary

from passel.core.errors import UsageError
from passel.decoding.ngrams import Piece, Tables, Vocabulary, build, open_tables

SIZE = 40
START = struct.Struct("<8sIIQ")


def text(tokens: int = 400) -> list[int]:
    return (np.random.default_rng(1).geometric(0.15, tokens) % SIZE).tolist()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return built(tmp_path_factory.mktemp("ngrams"), [text(), text(50)], size=SIZE)


@pytest.fixture(scope="module")
def whole(tables: Tables) -> bytes:
    return tables.path.read_bytes()


def test_every_array_is_a_view_of_the_mapped_file(tables: Tables) -> None:
    assert isinstance(tables.mapped, np.memmap)
    assert not tables.mapped.flags.writeable
    arrays = [getattr(level, field.name) for level in tables.levels for field in fields(level)]
    assert sum(len(one) > 0 for one in arrays) == 6 * len(tables.levels) - 1  # the longest contexts have no children
    assert all(np.shares_memory(one, tables.mapped) for one in arrays if len(one))
    assert len(tables.mapped) == tables.path.stat().st_size


def test_opening_reads_the_header_alone(tmp_path: Path) -> None:
    path = built(tmp_path, [np.random.default_rng(0).integers(0, 5000, 30_000).tolist()], size=5000).path
    open_tables(path)  # what is allocated once is not this test's affair
    tracemalloc.start()
    again = open_tables(path)
    found = again.interpolated([[1, 2, 3, 4, 5]] * 3, range(9))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (3, 9)
    assert path.stat().st_size > 1_000_000 > 10 * peak


def test_a_round_trip(tables: Tables, tmp_path: Path) -> None:
    again = open_tables(tables.path, vocabulary=vocabulary(SIZE))
    assert again.info == tables.info
    assert again.info.vocabulary == vocabulary(SIZE)
    assert (again.info.tokens, again.info.documents, again.orders) == (450, 2, range(2, 7))
    copy = tmp_path / "copy"
    copy.write_bytes(tables.path.read_bytes())
    ids = text()
    contexts = [ids[at : at + 5] for at in range(0, 390, 7)]
    np.testing.assert_array_equal(
        open_tables(str(copy)).interpolated(contexts, range(SIZE)), tables.interpolated(contexts, range(SIZE))
    )
    assert tables.interpolated(contexts, range(SIZE)).max() > 0.3
    tables.check()


def test_lower_orders_can_be_left_out_of_the_file(tables: Tables, tmp_path: Path) -> None:
    fewer = built(tmp_path, [text(), text(50)], size=SIZE, orders=(5, 6))
    assert fewer.size == {5: tables.size[5], 6: tables.size[6]}
    assert fewer.path.stat().st_size < tables.path.stat().st_size
    ids = text()
    contexts = [ids[at : at + 5] for at in range(0, 390, 7)]
    both_logits = [0.0, 0.0, 0.0, 0.18, 0.12]
    np.testing.assert_array_equal(
        fewer.interpolated(contexts, range(SIZE)), tables.interpolated(contexts, range(SIZE), both_logits)
    )


def test_another_tokenizers_tables_are_refused(tables: Tables) -> None:
    for other in (Vocabulary(SIZE, "f" * 64), Vocabulary(SIZE + 1, vocabulary(SIZE).fingerprint)):
        with pytest.raises(UsageError, match=f"another tokenizer: {SIZE} tokens.*model's has {other.size}, .*again"):
            open_tables(tables.path, vocabulary=other)


def test_what_is_no_file_of_tables(tmp_path: Path, whole: bytes) -> None:
    with pytest.raises(UsageError, match=r"no n-gram tables at .*none: No such file"):
        open_tables(tmp_path / "none")
    with pytest.raises(UsageError, match=r"no n-gram tables at .*directory"):
        open_tables(tmp_path)
    for content in (b"", b"passel", b"To be, or not to be, that is the question" * 10, b"\0" * 1000):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(UsageError, match="is not a file of n-gram tables"):
            open_tables(tmp_path / "other")
    magic, _, crc, length = START.unpack(whole[: START.size])
    (tmp_path / "later").write_bytes(START.pack(magic, 2, crc, length) + whole[START.size :])
    with pytest.raises(UsageError, match="of version 2, read is version 1"):
        open_tables(tmp_path / "later")


def test_a_file_that_is_cut_short_or_goes_on(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "cut"
    for length in [*range(0, len(whole), 61), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(UsageError, match=r"is not a file|cut short or damaged"):
            open_tables(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(UsageError, match=f"cut short or damaged: {len(whole) + 1} bytes, not {len(whole)}"):
        open_tables(path)


def test_a_damaged_header(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "damaged"
    length = START.unpack(whole[: START.size])[3]
    for place in [*range(START.size), *range(START.size, START.size + length, 13)]:
        for bit in (1, 128):
            data = bytearray(whole)
            data[place] ^= bit
            path.write_bytes(data)
            with pytest.raises(UsageError, match=r"not a file of|of version|cut short|does not match its checksum"):
                open_tables(path)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_numbers_are_found_by_the_check_and_crash_nothing(
    tables: Tables, whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, len(tables.levels)))
    level = tables.levels[length - 1]
    name = data.draw(st.sampled_from([field.name for field in fields(level) if len(getattr(level, field.name))]))
    column = getattr(level, name)
    begin = column.__array_interface__["data"][0] - tables.mapped.__array_interface__["data"][0]
    damaged = bytearray(whole)
    for place in data.draw(
        st.lists(st.integers(begin, begin + column.nbytes - 1), min_size=1, max_size=20, unique=True)
    ):
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "tables"
    path.write_bytes(damaged)
    opened = open_tables(path)
    with pytest.raises(UsageError, match=f"damaged: column {length}.{name} "):
        opened.check()
    ids = text()
    found = opened.interpolated([ids[at : at + 5] for at in range(0, 390, 3)], range(SIZE))
    assert np.all(np.isfinite(found))
    for at in range(0, 390, 30):
        opened.following(ids[at : at + 3])


def test_a_build_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    old = built(tmp_path, [[0, 1, 2]]).path.read_bytes()

    def broken() -> object:
        yield from pieces_of([[3, 4, 5] * 10])
        raise RuntimeError("the source ends")

    with pytest.raises(RuntimeError, match="the source ends"):
        build(broken(), tmp_path / "tables", vocabulary=vocabulary(10), chunk=5)  # pyright: ignore[reportArgumentType]
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert (tmp_path / "tables").read_bytes() == old
    build([Piece(np.array([3, 4]), True)], tmp_path / "tables", vocabulary=vocabulary(10))
    assert open_tables(tmp_path / "tables").following([3])[2] == 1


def test_merging_is_reported_level_by_level(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    built(tmp_path, [[0, 1, 2]], orders=(2, 4), on_progress=lambda *one: told.append(one))
    assert told == [("merging", done, 3) for done in (1, 2, 3)]
