"""Several processes write one record; some are killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from passel.core.driver import Record
from passel.core.driver import record as record_module
from passel.core.errors import RecordError

WRITER = Path(__file__).with_name("record_writer.py")


def writer(path, name: int, count: int, overlap: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(path), str(name), str(count), str(overlap)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(lines: list[str]) -> dict[str, str]:
    pairs = (word.split("=") for line in lines for word in line.split() if "=" in word)
    return {address: text.replace("_", " ") for address, text in pairs}


def test_two_processes_write_at_once_and_see_one_reply_an_address(tmp_path):
    path = tmp_path / "record.sqlite"
    writers = [writer(path, name, 200, 100) for name in (1, 2)]
    outputs = [w.communicate(timeout=60) for w in writers]
    assert [w.returncode for w in writers] == [0, 0], outputs
    one, two = (told(out.splitlines()) for out, _ in outputs)
    shared = one.keys() & two.keys()
    assert len(shared) == 100
    assert {a: one[a] for a in shared} == {a: two[a] for a in shared}, "both were given the same reply"
    record = Record(path)
    assert {a: reply.text for a, reply in record.get([*one, *two]).items()} == one | two
    assert len(record) == 300
    assert sum(1 for _ in record.entries()) == 400, "the second of two is kept too"
    record.close()


@pytest.mark.parametrize("after", [1, 2, 7, 23, 40])
def test_what_put_returned_survives_a_kill(tmp_path, after):
    path = tmp_path / "record.sqlite"
    process = writer(path, 1, 300, 0)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after)]
    process.kill()
    rest, _ = process.communicate()
    whole = rest[rest.find("\n") + 1 : rest.rfind("\n") + 1]  # the first line's beginning may be in a buffer
    seen = told([*lines, *whole.splitlines()])
    record = Record(path)
    assert {a: reply.text for a, reply in record.get(list(seen)).items()} == seen
    record.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA quick_check").fetchone() == ("ok",)
    db.close()


def test_several_processes_may_make_a_record_at_once(tmp_path):
    writers = [writer(tmp_path / "record.sqlite", name, 3, 1) for name in range(1, 5)]
    outputs = [w.communicate(timeout=60) for w in writers]
    assert [w.returncode for w in writers] == [0] * 4, outputs
    record = Record(tmp_path / "record.sqlite")
    assert len(record) == 4 * 2 + 1
    record.close()


def test_many_threads_may_make_a_record_at_once(tmp_path):
    for attempt in range(30):
        path, start, errors = tmp_path / f"{attempt}.sqlite", threading.Barrier(8), []

        def make(path=path, start=start, errors=errors):
            start.wait()
            try:
                Record(path).close()
            except RecordError as error:
                errors.append(error)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []


def test_a_record_that_another_process_holds_is_not_called_damaged(tmp_path, monkeypatch):
    path = tmp_path / "record.sqlite"
    Record(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(record_module, "_PATIENCE", 0.05)
    with pytest.raises(RecordError, match="held by another process"):
        Record(path)
    holder.close()
