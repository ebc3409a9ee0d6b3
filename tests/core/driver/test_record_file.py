"""The record's file: what is in it, who may read it, and damage, which is never silent."""

from __future__ import annotations

import sqlite3

import pytest
from record_examples import KINDS, entry

from passel.core.driver import Record
from passel.core.errors import RecordError


@pytest.fixture
def path(tmp_path):
    """A closed record of some hundred replies, all in one file."""
    path = tmp_path / "record.sqlite"
    record = Record(path)
    record.put([*KINDS.values(), *(entry(i, f"reply {i} " * 9) for i in range(200))])
    record.close()
    assert not (tmp_path / "record.sqlite-wal").exists()
    return path


def everything(path) -> dict:
    record = Record(path)
    try:
        return record.get([*(entry(i).address for i in range(200))])
    finally:
        record.close()


def test_it_opens_again_with_all_it_held(path):
    assert len(everything(path)) == 200


def test_entries_are_told_in_order_of_writing_with_their_asks(path):
    record = Record(path, read_only=True)
    found = list(record.entries())
    assert [reply for _, reply in found[: len(KINDS)]] == [one.reply for one in KINDS.values()]
    assert [ask["kind"] for ask, _ in found[:4]] == ["generate", "score", "embed", "call"]
    assert found[0][0]["sampling"] == {"temperature": 0.5, "max_tokens": 9, "stop": ["\n"]}
    assert found[0][0]["key"] == "7/draw/0"
    assert len(record) == 200 + len(KINDS) - 2
    record.close()


def test_a_record_that_is_not_there_is_not_made_by_a_reader(tmp_path):
    with pytest.raises(RecordError, match=r"no record at .*none\.sqlite"):
        Record(tmp_path / "none.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_time_is_counted_from_the_start_to_the_last_reply_of_each_session(path):
    record = Record(path)
    before = record.wall_seconds
    record.put([entry(999)])
    assert record.wall_seconds >= before >= 0.0
    record.close()


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\x00" + b"\xff" * 5000, b"\x00" * 4096])
def test_a_file_that_is_no_record_is_refused_by_name_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "record.sqlite"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"record\.sqlite is damaged"):
        Record(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(RecordError, match=r"record\.sqlite"):
        everything(path)


def test_bytes_overwritten_anywhere_are_noticed_or_harmless(path):
    """Either an error, or every reply whole and right: never one missing, never one changed."""
    whole, data = everything(path), path.read_bytes()
    noticed, silent = 0, []
    for offset in range(50, len(data) - 16, len(data) // 60):
        path.write_bytes(data[:offset] + bytes(b ^ 0x15 for b in data[offset : offset + 16]) + data[offset + 16 :])
        try:
            found = everything(path)
        except RecordError:
            noticed += 1
        else:
            if found != whole:
                silent.append(offset)
        for extra in path.parent.glob("record.sqlite-*"):
            extra.unlink()
    assert silent == []
    assert noticed > 20


@pytest.mark.parametrize("column", ["address", "ask", "reply", "crc"])
def test_a_row_with_a_changed_byte_is_refused_by_number(path, column):
    db = sqlite3.connect(path)
    (number, address, value) = db.execute(f"SELECT id, address, {column} FROM replies WHERE id = 20").fetchone()
    changed = value + 1 if column == "crc" else value[:9] + ("0" if value[9] != "0" else "1") + value[10:]
    db.execute(f"UPDATE replies SET {column} = ? WHERE id = ?", (changed, number))
    db.commit()
    db.close()
    record = Record(path)
    with pytest.raises(RecordError, match=rf"record\.sqlite is damaged: row {number} .* fails its checksum"):
        record.get([changed if column == "address" else address])
    with pytest.raises(RecordError, match=f"row {number}"):
        list(record.entries())
    record.close()


def test_a_row_that_lost_its_place_in_the_index_is_not_silently_asked_for_again(path):
    db = sqlite3.connect(path)
    page_size = db.execute("PRAGMA page_size").fetchone()[0]
    roots = dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'index'"))
    db.close()
    address = entry(150).address.encode()
    data = bytearray(path.read_bytes())
    table = [i for i in range(len(data)) if data.startswith(address, i)]
    assert len(table) == 3, "in the table and in both indexes"
    assert set(roots) == {"whole_replies", "all_replies"}
    assert page_size
    for place in table:
        damaged = bytearray(data)
        damaged[place + 20 : place + 24] = b"ffff"
        path.write_bytes(damaged)
        try:
            found = everything(path)
        except RecordError:
            continue
        assert len(found) == 200


def test_another_format_is_named(path):
    db = sqlite3.connect(path)
    db.execute("UPDATE format SET version = 99")
    db.commit()
    db.close()
    with pytest.raises(RecordError, match=r"record\.sqlite has record format 99, this version reads 1"):
        Record(path)


def test_an_entry_that_cannot_be_written_leaves_the_record_in_order(path):
    from dataclasses import replace

    record = Record(path)
    bad = replace(entry(500), reply=replace(entry(500).reply, value={1, 2}))
    with pytest.raises((RecordError, TypeError)):
        record.put([entry(501), bad])
    assert record.get([entry(501).address]) == {}, "all entries or none"
    record.put([entry(502)])
    assert entry(502).address in record.get([entry(502).address])
    record.close()
