"""The tool that runs model-written queries: what it gives, and that no query harms anything."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core import workers
from passel.core.driver import Driver, Scope
from passel.core.errors import UsageError
from passel.core.flow import call
from passel.core.model import Binding
from passel.core.result import Result
from passel.models.toy import toy
from passel.sql import Outcome, normal, ordered, process, run, same_rows, statement
from passel.tools import Tools
from passel.tools.sql import sql

ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
LONG = "REPLACE(HEX(ZEROBLOB(7000000)), '0', 'a')"


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    """A table of 2000 rows and a search index, in a file whose name would be an address if it were not quoted."""
    path = tmp_path_factory.mktemp("d") / "it's 50%?mode=rw#1.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a INTEGER, b)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"x{i % 10}") for i in range(2000)])
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
    connection.execute("INSERT INTO words VALUES ('hello world')")
    connection.commit()
    connection.close()
    return path


def ran(database: Path, query: str, **limits) -> Outcome:
    return run(query, str(database), **{"seconds": 0.3, "memory": 48} | limits)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT COUNT(*) FROM t", [(2000,)]),
        ("SELECT DISTINCT b FROM t WHERE a < 2 ORDER BY 1;", [("x0",), ("x1",)]),
        ("WITH u AS (SELECT 1 AS n) SELECT n FROM u -- one", [(1,)]),
        ("VALUES (1, NULL), (2, 0.1)", [(1, None), (2, 0.1)]),
        (ENDLESS + "SELECT n FROM r LIMIT 3", [(1,), (2,), (3,)]),
        ("SELECT 9223372036854775807, -9e999, 1 / 0", [(9223372036854775807, {"real": "-inf"}, None)]),
        ("SELECT x'00ff', CAST(x'ff41' AS TEXT), 'é'", [({"blob": "00ff"}, {"text": "ff41"}, "é")]),
        ("SELECT value FROM json_each('[4, 5]')", [(4,), (5,)]),
        ("SELECT word FROM words WHERE words MATCH 'hello'", [("hello world",)]),
        ("SELECT a FROM t WHERE a > 5000", []),
    ],
)
def test_a_query_gives_its_rows(database, query, rows):
    assert ran(database, query) == Outcome(ran(database, query).columns, tuple(rows))


def test_more_rows_than_asked_for_are_cut(database):
    assert ran(database, "SELECT a FROM t", rows=2) == Outcome(("a",), ((0,), (1,)), cut=True)
    assert not ran(database, "SELECT a FROM t LIMIT 2", rows=2).cut
    assert ran(database, "SELECT a FROM t", rows=0).cut
    wide = ran(database, "SELECT HEX(ZEROBLOB(500000)) FROM t", rows=100)
    assert wide.cut
    assert 1 <= len(wide.rows) < 10


WRONG = [
    "SELEC 1",
    "SELECT nothing FROM t",
    "SELECT * FROM nowhere",
    "SELECT 1; SELECT 2",
    "SELECT ?",
    "",
    "-- nothing",
    "\x00",
    "SELECT '\ud800'",
    "SELECT 'a\x00b'",
    "x" * 200_000,
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "1+" * 40_000 + "1",
    "SELECT * FROM (" * 500 + "t" + ")" * 500,
    "SELECT " + ", ".join(["1"] * 3000),
]
WRITES = [
    "INSERT INTO t VALUES (1, 2)",
    "UPDATE t SET a = 1 RETURNING a",
    "DELETE FROM t",
    "DROP TABLE t",
    "CREATE TABLE u (a)",
    "CREATE TEMP TABLE u (a)",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
    "ALTER TABLE t ADD COLUMN c",
    "UPDATE sqlite_master SET sql = ''",
    "INSERT INTO words VALUES ('a')",
    "REINDEX",
    "ANALYZE",
    "VACUUM",
    "VACUUM INTO '{folder}/copy.db'",
    "ATTACH '{folder}/other.db' AS other",
    "PRAGMA journal_mode = WAL",
    "PRAGMA user_version = 3",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "SELECT * FROM pragma_table_info('t')",
    "BEGIN EXCLUSIVE",
    "SAVEPOINT s",
    "SELECT LOAD_EXTENSION('{folder}/x.so')",
    "SELECT writefile('{folder}/file', 'a')",
    "SELECT readfile('/etc/hostname')",
    "SELECT edit('a')",
    "SELECT fts3_tokenizer('simple', x'0000000000000000')",
]
BOMBS = [
    ENDLESS + "SELECT COUNT(*) FROM r",
    "SELECT COUNT(*) FROM t, t AS u, t AS v, t AS w",
    "SELECT t.b FROM t, t AS u, t AS v ORDER BY t.b || u.b || v.b",
    ENDLESS + "SELECT GROUP_CONCAT(HEX(RANDOMBLOB(1000000))) FROM r",
    ENDLESS + "SELECT n, ZEROBLOB(10000000) AS z FROM r ORDER BY z",
    ENDLESS + "SELECT DISTINCT HEX(RANDOMBLOB(100000)) FROM r LIMIT -1 OFFSET 999999999",
    "SELECT ZEROBLOB(1000000000)",
    "SELECT HEX(ZEROBLOB(16000000))",
    "SELECT JSON('" + "[" * 50_000 + "')",
]


@pytest.mark.parametrize("query", WRONG, ids=lambda query: ascii(query[:20]))
def test_a_wrong_query_is_an_error_that_is_told(database, query):
    found = ran(database, query)
    assert found.error
    assert (found.rows, found.columns, found.cut) == ((), (), False)


@pytest.mark.parametrize("query", WRITES)
def test_no_query_writes_or_reads_elsewhere(database, query):
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    found = ran(database, query.format(folder=database.parent))
    assert found.error
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in database.parent.iterdir()] == [database.name]
    assert ran(database, "SELECT COUNT(*) FROM t").rows == ((2000,),)


@pytest.mark.parametrize("query", BOMBS, ids=lambda query: query[-40:])
def test_a_bomb_is_stopped_and_the_next_query_works(database, query):
    assert ran(database, query).error
    assert ran(database, "SELECT COUNT(*) FROM t").rows == ((2000,),)


def test_a_function_that_sqlite_cannot_interrupt_is_ended_with_its_process(database):
    """One match of a long pattern takes hours, without a single instruction of SQLite's machine between."""
    found = ran(database, f"SELECT {LONG} LIKE '%{'a' * 45_000}b'")
    assert "took longer" in found.error
    assert ran(database, "SELECT 1").rows == ((1,),)


def test_what_a_memory_bomb_held_is_not_missing_to_the_next_query(database):
    """Its process is not used again: with the address space taken, the stack of a deep match could not grow."""
    deep = f"SELECT REPLACE(HEX(ZEROBLOB(500000)), '0', 'a') LIKE '%{'a%' * 5000}b'"
    for bomb in (BOMBS[2], BOMBS[3], BOMBS[4]):
        assert ran(database, bomb, seconds=1.0).error
        assert ran(database, deep, seconds=5.0).rows == ((0,),)


def test_a_large_program_does_not_start_a_process_for_each_query(database, monkeypatch):
    """The peak of the resident size, by which a process was once judged too large, is inherited from the parent."""
    process._WORKERS.close()
    started: list[object] = []
    start = workers.Child
    monkeypatch.setattr(workers, "Child", lambda *a, **k: started.append(start(*a, **k)) or started[-1])
    ballast = b"x" * 150_000_000
    for number in range(8):
        assert ran(database, f"SELECT {number}").rows == ((number,),)
    assert ballast
    assert len(started) == 1


def test_the_event_loop_runs_on_beside_a_slow_query(database):
    async def main():
        slow = asyncio.create_task(sql(query=BOMBS[0], database=str(database), seconds=0.3))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await slow, turns

    found, turns = asyncio.run(main())
    assert found["error"] == "took longer than 0.3 s"
    assert turns > 1


def test_many_at_once_get_their_own_rows(database):
    async def main():
        return await asyncio.gather(*(sql(query=f"SELECT {i}", database=str(database)) for i in range(40)))

    assert [found["rows"] for found in asyncio.run(main())] == [[[i]] for i in range(40)]


def test_the_tool_is_found_by_its_name_and_gives_json(database):
    def work():
        reply = yield from call("sql", query="SELECT 1 AS n, 9e999", database=str(database))
        return Result(info={"value": reply.value})

    async def main():
        return await Driver({"generator": Binding(toy())}).run(work(), Scope("p", Tools()))

    value = asyncio.run(main()).result.info["value"]
    assert value == {"columns": ["n", "9e999"], "rows": [[1, {"real": "inf"}]], "error": "", "cut": False}
    assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_a_missing_or_foreign_file_is_named(database, tmp_path):
    with pytest.raises(UsageError, match=r"no database at .*nowhere"):
        run("SELECT 1", str(tmp_path / "nowhere.db"))
    assert not (tmp_path / "nowhere.db").exists()
    (tmp_path / "text.db").write_text("no database " * 100)
    assert "not a database" in run("SELECT * FROM t", str(tmp_path / "text.db")).error
    with pytest.raises(UsageError, match="seconds > 0"):
        run("SELECT 1", str(database), seconds=0)


def test_a_database_that_is_being_written_is_refused(tmp_path):
    path = tmp_path / "open.db"
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (a)")
    writer.commit()
    with pytest.raises(UsageError, match="is being written"):
        run("SELECT 1", str(path))
    writer.close()
    assert run("SELECT COUNT(*) FROM t", str(path)).rows == ((0,),)


# Comparing results


def of(*rows: tuple, columns: int | None = None) -> Outcome:
    width = len(rows[0]) if rows else columns or 1
    return Outcome(tuple("abcdefgh"[:width]), rows)


@pytest.mark.parametrize(
    ("gold", "given", "same", "in_order"),
    [
        (of((1,), (2,)), of((2,), (1,)), True, False),
        (of((1,), (1,), (2,)), of((1,), (2,), (2,)), False, False),
        (of((1, "a"), (2, "b")), of(("b", 2), ("a", 1)), True, False),
        (of((1, "a"), (2, "b")), of(("a", 2), ("b", 1)), False, False),
        (of((1, 2), (2, 1)), of((1, 1), (2, 2)), False, False),  # each column agrees, the rows do not
        (of((0.1 + 0.2,)), of((0.3,)), True, True),
        (of((1.0,)), of((1,)), True, True),
        (of((1000000000001,)), of((1000000000002,)), False, False),
        (of((1.0000001,)), of((1.0,)), False, False),
        (of((5,)), of(("5",)), False, False),
        (of((None,)), of((0,)), False, False),
        (of((None,)), of((None,)), True, True),
        (of(({"blob": "00"},)), of(({"text": "00"},)), False, False),
        (of(columns=1), of(columns=1), True, True),
        (of(columns=1), of(columns=2), False, False),
        (of((1,)), of((1, 1)), False, False),
    ],
)
def test_results_agree_by_their_rows(gold, given, same, in_order):
    assert same_rows(gold, given) is same
    assert same_rows(given, gold) is same
    assert same_rows(gold, given, in_order=True) is in_order


values = st.none() | st.integers(-3, 3) | st.sampled_from(["", "a", "1"]) | st.floats(-2, 2, width=16)
tables = st.integers(1, 4).flatmap(lambda w: st.lists(st.tuples(*[values] * w), min_size=1, max_size=6))


@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(rows, chance):
    width = len(rows[0])
    columns = chance.sample(range(width), width)
    moved = [tuple(row[i] for i in columns) for row in rows]
    assert same_rows(of(*rows), of(*moved), in_order=True)
    chance.shuffle(moved)
    assert same_rows(of(*rows), of(*moved))


@given(tables, st.data())
def test_one_other_value_makes_another_result(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[0]) - 1))
    changed = [list(row) for row in rows]
    changed[place][column] = "something else"
    assert not same_rows(of(*rows), of(*map(tuple, changed)))
    assert not same_rows(of(*rows), of(*rows, rows[0]))


def test_many_columns_alike_are_compared_in_reasonable_time():
    rows = [tuple((i + j) % 2 for j in range(8)) for i in range(20)]
    assert same_rows(of(*rows), of(*[row[::-1] for row in rows]))
    assert not same_rows(of(*rows), of(*[(0,) * 4 + (1,) * 4, *rows[1:]]))


# Queries as text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT 1", "SELECT 1"),
        ("It is select a\nfrom t\nwhere b = ';' ; Good.", "select a\nfrom t\nwhere b = ';'"),
        ("SELECT a FROM t\n\nThat's it.", "SELECT a FROM t"),
        ("First SELECT 1; then SELECT 2", "SELECT 2"),
        ("SELECT a FROM (\nSELECT b FROM t)", "SELECT a FROM (\nSELECT b FROM t)"),
        ("With this, WITH u AS (SELECT 1) SELECT * FROM u", "WITH u AS (SELECT 1) SELECT * FROM u"),
        ("With this in mind, nothing.", ""),
        ("", ""),
    ],
)
def test_a_statement_is_found_in_a_text(text, found):
    assert statement(text) == found


def test_an_order_counts_where_it_is_that_of_the_whole_query():
    assert ordered("SELECT a FROM t GROUP BY a ORDER /* it */ BY a")
    assert not ordered("SELECT 'ORDER BY' FROM t -- ORDER BY a")
    assert not ordered("SELECT RANK() OVER (ORDER BY a) FROM t")


@given(st.text(alphabet="sSELECT WITHAS()'\"`[]-/*;\n\tab1.", max_size=60))
@settings(max_examples=300)
def test_any_text_is_read_and_its_normal_form_is_final(text):
    found = statement(text)
    assert found in text
    assert normal(normal(found)) == normal(found)
    assert ordered(found) in (True, False)


@pytest.mark.parametrize("piece", ["'", '"', "`", "[", "/*", "-- ", "(", "SELECT ", "WITH a AS (", "\n", "```", " "])
def test_a_hostile_text_takes_linear_steps(piece):
    """Long enough that quadratic time would be felt as a test that hangs."""
    for text in (piece * 60_000, "SELECT " + piece * 60_000, "SELECT 'a" + piece * 60_000 + "'"):
        assert len(normal(statement(text))) <= 2 * len(text)
