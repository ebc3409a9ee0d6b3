"""Verifiers that go by a rule: the reference answer, a pattern, a schema, a query's rows."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_values import worth_of

import passel
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.runs.scoring import tools_of
from passel.tasks import load as load_task
from passel.tasks.parts.queries import read_sql
from passel.tools.same_answer import same_answer
from passel.verifiers import load
from passel.verifiers.json_schema import json_schema
from passel.verifiers.math_answer import math_answer
from passel.verifiers.parts.json_text import json_of
from passel.verifiers.regex import regex
from passel.verifiers.sql import sql
from passel.verifiers.sql_runs import sql_runs

PROBLEM = Problem("1", "2 + 2?")


# The reference answer


@pytest.mark.parametrize(("worth", "value"), [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5), (None, None)])
@pytest.mark.parametrize("verifier", [math_answer, sql])
def test_the_verdict_is_what_the_task_says(verifier, worth, value):
    assert worth_of(play(verifier(PROBLEM, "SELECT 4", key=Key()), [Reply(value=worth)])) == value


@pytest.mark.parametrize("verifier", [math_answer, sql])
def test_a_text_without_an_answer_is_checked_as_an_empty_one(verifier):
    played = play(verifier(PROBLEM, "  ", key=Key()), [Reply(value=0.0)])
    assert worth_of(played) == 0.0
    assert (played.asks[0].tool, played.asks[0].arguments) == ("check", {"text": "", "key": ""})


def test_a_reference_given_directly_is_compared_as_mathematics():
    played = play(math_answer(PROBLEM, "0.5", key=Key(), gold="1/2"), [Reply(value=1.0)])
    assert (played.asks[0].tool, played.asks[0].arguments) == ("same_answer", {"gold": "1/2", "given": "0.5"})
    pytest.importorskip("math_verify")
    found = [
        asyncio.run(same_answer(gold=r"\frac{1}{2}", given=text)) for text in ("0.5", "1/2", "2", " ", "10^10^10^10")
    ]
    assert found[:4] == [1.0, 1.0, 0.0, 0.0]
    assert found[4] in (None, 0.0)


def test_the_answer_of_a_whole_run_is_chosen_by_a_reference_given_directly():
    pytest.importorskip("math_verify")
    method = "best_of:n=16:verifier=math_answer:verifier.gold=42"
    solution = passel.solve("What is 17 + 25?", model="toy", method=method)
    assert solution.answer == "42"
    assert {one.score for one in solution.result.candidates} == {0.0, 1.0}


# A pattern


def matched(text: str, pattern: str, problem: Problem = PROBLEM, **options) -> float | None:
    return worth_of(play(regex(problem, text, key=Key(), pattern=pattern, **options), []))


@pytest.fixture
def re2():
    return pytest.importorskip("re2")


def test_a_pattern_is_searched_or_matched_whole(re2):
    assert matched("on 2024-05-01.", r"\d{4}-\d\d-\d\d") == 1.0
    assert matched("on 2024-05-01.", r"\d{4}-\d\d-\d\d", full=True) == 0.0
    assert matched(" 2024-05-01\n", r"\d{4}-\d\d-\d\d", full=True) == 1.0
    assert matched("YES", "yes") == 0.0
    assert matched("YES", "(?i)yes") == 1.0
    assert matched("né", r"\pL{2}", full=True) == 1.0


def test_the_answer_alone_can_be_matched(re2):
    problem = Problem("1", "?", read=load_task("held_out").problems(limit=1)[0].read)
    assert matched("3 + 4 = 7\nThe answer is 7.", "^7$", problem, answer=True) == 1.0
    assert matched("3 + 4 = 7\nThe answer is 7.", "^7$", problem) == 0.0
    assert matched("nothing", ".*", problem, answer=True) == 0.0


def test_the_pattern_may_stand_in_the_details(re2):
    problem = Problem("1", "?", details={"pattern": "a+"})
    assert matched("caat", "", problem) == 1.0
    assert matched("caat", "x", problem) == 0.0
    assert matched("caat", "") is None


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b", "(a?){30}a{30}$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_text_makes_a_pattern_slow(re2, pattern):
    """Each takes time exponential in the text where matching goes back."""
    assert matched("a" * 100_000 + "!", pattern) is not None


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(", "a{2000}", "\ud800"])
def test_a_pattern_that_cannot_be_used_is_named(re2, pattern):
    with pytest.raises(UsageError, match="regex: pattern"):
        matched("a", pattern)


@given(st.text(max_size=40))
def test_any_text_is_matched(text):
    pytest.importorskip("re2")
    assert matched(text, "(?s)^.*$") == 1.0
    assert matched(text, "[^\\x00-\\x{10FFFF}]") == 0.0


def test_half_a_character_is_no_accident(re2):
    assert matched("\ud800 7", "7") == 1.0


# A schema

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def fits(text: str, schema: object = PERSON) -> float | None:
    pytest.importorskip("jsonschema_rs")
    return worth_of(play(json_schema(Problem("1", "?", details={"schema": schema}), text, key=Key()), []))


ADA = '{"name": "Ada", "age": 36}'


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (ADA, 1.0),
        (f"Here it is:\n```json\n{ADA}\n```\nGood.", 1.0),
        (f"```\n{ADA}\n```", 1.0),
        (f"```{ADA}```", 1.0),
        (f"```json\n{{}}\n```\nNo, better:\n```json\n{ADA}\n```", 1.0),
        (f"```json\n{ADA}\n```\nNo:\n```json\n{{}}\n```", 0.0),
        (f"I think {{so}}: {ADA} or {{}}", 1.0),
        (f"```json\n{ADA}", 1.0),
        ('{"name": "Ada", "age": 36.5}', 0.0),
        ('{"name": "Ada"}', 0.0),
        ('{"name": "Ada", "age": 36, "age": 37}', 0.0),
        ('{"name": "Ada", "age": NaN}', 0.0),
        ('{"name": "Ada", "age": 1e999}', 0.0),
        ('{"name": "\\ud800", "age": 1}', 0.0),
        ('{"name": "Ada", "age": ' + "9" * 400 + "}", 1.0),
        ('{"name": "Ada", "age": ' + "9" * 5000 + "}", 0.0),
        ('{"name": "Ada", "age": 36', 0.0),
        ("no JSON at all", 0.0),
        ("", 0.0),
    ],
)
def test_the_json_of_a_text_fits_or_not(text, verdict):
    assert fits(text) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        "[1," * 100_000,
        "{" * 200_000,
        "[" * 990 + "]" * 990,
        '["' * 50_000,
        "```[" * 50_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_json_is_no_accident(text):
    assert fits(text, {"type": "array", "items": {"$ref": "#"}}) in (0.0, 1.0)
    assert fits(text, False) == 0.0


def test_a_pattern_of_a_schema_is_bounded():
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert fits(json.dumps("a" * 50_000), schema) == 1.0
    assert fits(json.dumps("a" * 50_000 + "!"), schema) == 0.0


def test_null_is_json_as_well():
    assert fits("null", {"type": "null"}) == 1.0
    assert json_of("null") == (None,)
    assert json_of("nothing") is None


def test_no_address_in_a_schema_is_fetched():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        with pytest.raises(UsageError, match="the schema cannot be used"):
            fits(ADA, {"$ref": address})
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    for elsewhere in ("file:///etc/hostname", "other.json"):
        with pytest.raises(UsageError, match="the schema cannot be used"):
            fits(ADA, {"$ref": elsewhere})


def test_a_schema_in_a_file_and_one_that_is_none(tmp_path):
    pytest.importorskip("jsonschema_rs")
    file = tmp_path / "person.json"
    file.write_text(json.dumps(PERSON))
    assert worth_of(play(load(f"json_schema:schema={file}")(PROBLEM, ADA, key=Key()), [])) == 1.0
    assert worth_of(play(json_schema(PROBLEM, ADA, key=Key()), [])) is None
    for bad in ("{", "[1]", '{"type": "thing"}', "[" * 5000):
        file.write_text(bad)
        with pytest.raises(UsageError, match="json_schema"):
            play(json_schema(PROBLEM, ADA, key=Key(), schema=str(file)), [])
    with pytest.raises(UsageError, match="nowhere"):
        play(json_schema(PROBLEM, ADA, key=Key(), schema="nowhere.json"), [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.sampled_from(["{}", "```json\n{}\n```", "So:\n```\n{}\n```\n", " {}\n"]))
def test_any_json_is_found_again(value, frame):
    assert json_of(frame.replace("{}", json.dumps(value))) == (value,)


@given(st.text(max_size=60) | st.text(alphabet='[]{}",:`1\n', max_size=60))
def test_any_text_holds_json_or_not(text):
    found = json_of(text)
    assert found is None or json.loads(json.dumps(found[0])) == found[0]


# A query


@pytest.fixture
def shop(tmp_path) -> Problem:
    path = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    connection.close()
    return Problem("1", "?", read=read_sql, details={"database": str(path)})


def guided(problem: Problem, text: str, **options) -> float | None:
    from passel.tools.sql import sql as tool

    flow = sql_runs(problem, text, key=Key(), **options)
    return worth_of(play(flow, lambda ask: Reply(value=asyncio.run(tool(**ask.arguments)))))


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("```sql\nSELECT a FROM t\n```", 1.0),
        ("SELECT a FROM t WHERE a > 1", 0.0),
        ("SELECT b FROM t", 0.0),
        ("DELETE FROM t", 0.0),
        ("SELECT 1; DELETE FROM t", 1.0),  # the statement that is read
        ("```sql\nDELETE FROM t; SELECT 1\n```", 1.0),
        ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT SUM(n) FROM r", 0.0),
        ("I cannot tell", 0.0),
    ],
)
def test_a_query_that_runs_and_gives_a_row_is_accepted(shop, text, verdict):
    assert guided(shop, text, seconds=0.2) == verdict


def test_an_empty_result_can_be_accepted_and_a_database_given(shop):
    assert guided(shop, "SELECT a FROM t WHERE a > 1", empty=True) == 1.0
    assert guided(shop, "SELECT b FROM t", empty=True) == 0.0
    problem = Problem("1", "?", read=read_sql)
    assert guided(problem, "SELECT a FROM t") is None
    assert guided(problem, "SELECT a FROM t", database=shop.details["database"]) == 1.0


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT", "", "SELECT nothing FROM customers"])
def test_the_task_checks_a_query_by_its_rows(query):
    task = load_task("text_to_sql:size=3")
    (problem,) = [p for p in task.problems() if p.id == "0"]
    tools = tools_of(task, "0")

    def verdict(text):
        flow = sql(problem, text, key=Key())
        return worth_of(play(flow, lambda ask: Reply(value=asyncio.run(tools[ask.tool](**ask.arguments)))))

    assert verdict(task.solution("0")) == 1.0
    assert verdict(query) == 0.0
