"""Text to SQL: the built-in shops, files in the form of Spider and BIRD, and how queries are scored."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

import passel
from passel.core.errors import UsageError
from passel.sql import run
from passel.tasks import load
from passel.tasks.parts.queries import read_sql
from passel.tasks.parts.shop_questions import QUESTIONS


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PASSEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("seed", [0, 1])
def test_every_question_about_a_shop_has_an_answer_and_says_what_its_query_does(seed):
    task = load(f"text_to_sql:seed={seed}:size={3 * len(QUESTIONS)}")
    for problem in task.problems():
        gold = task.gold(problem.id)
        found = run(gold, str(problem.details["database"]))
        assert found.rows, gold
        assert found.rows[0][0] is not None, gold
        asked = problem.question.rpartition("Question: ")[2]
        for word in re.findall(r"\d+(?:-\d\d)?|Lisbon|Oslo|Kyoto|Quito|Cairo|garden|toys|office", asked):
            assert re.search(rf"(?<!\d){word}(?!\d)", gold), (asked, gold)
        assert task.score(problem.id, problem.read(task.solution(problem.id))) == 1.0


def test_a_shop_is_the_same_again_and_another_by_another_seed(cache):
    def told(spec):
        task = load(spec)
        return [(p.question, Path(p.details["database"]).name) for p in task.problems()]

    first = told("text_to_sql:size=62")
    assert len({name for _, name in first}) == 3
    before = {path.name: path.read_bytes() for path in (cache / "databases").iterdir()}
    for path in (cache / "databases").iterdir():
        path.unlink()
    assert told("text_to_sql:size=62") == first
    assert {path.name: path.read_bytes() for path in (cache / "databases").iterdir()} == before
    assert told("text_to_sql:size=62:seed=1") != first


def test_a_cache_that_cannot_be_written_is_named(cache):
    cache.write_text("a file, not a folder")
    with pytest.raises(UsageError, match="set PASSEL_CACHE"):
        load("text_to_sql").problems(limit=1)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data set in the layout of Spider, one row in the words of BIRD."""
    (tmp_path / "database" / "pets").mkdir(parents=True)
    connection = sqlite3.connect(tmp_path / "database" / "pets" / "pets.sqlite")
    connection.execute('CREATE TABLE "my ""pets""" (name TEXT, age INT, note TEXT)')
    rows = [("Rex */ DROP", 3, "x" * 500), ("Tom", 5, None), ("Kit", 3, b"\xff")]
    connection.executemany('INSERT INTO "my ""pets""" VALUES (?, ?, ?)', rows)
    connection.execute('CREATE VIEW old AS SELECT * FROM "my ""pets""" WHERE age > 4')
    connection.commit()
    connection.close()
    rows = [
        {
            "db_id": "pets",
            "question": "Names by age?",
            "query": 'SELECT name FROM "my ""pets""" ORDER BY age, name',
            "sql": {},
        },
        {"db_id": "pets", "question": "How many are old?", "SQL": "SELECT COUNT(*) FROM old", "evidence": "old: > 4"},
        {"db_id": "pets", "question": "Ages?", "query": 'SELECT age FROM "my ""pets"""'},
        {"db_id": "pets", "question": "Broken?", "query": "SELECT nothing FROM nowhere"},
    ]
    (tmp_path / "dev.json").write_text(json.dumps(rows))
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


@pytest.mark.parametrize("name", ["dev.json", "dev.jsonl"])
def test_a_file_in_the_form_of_a_benchmark_is_a_task(folder, name):
    task = load(f"text_to_sql:questions={folder / name}")
    problems = {problem.id: problem for problem in task.problems()}
    assert sorted(problems) == ["0", "1", "2", "3"]
    question = problems["1"].question
    assert question.endswith("Hint: old: > 4\n\nQuestion: How many are old?")
    assert 'CREATE TABLE "my ""pets"""' in question
    assert "CREATE VIEW old" in question
    assert "Tom | 5 | NULL" in question
    assert "x" * 60 not in question
    assert "Rex * / DROP" in question
    assert "SELECT COUNT" not in question
    assert problems["1"].details["db_id"] == "pets"
    for number in ("0", "1", "2"):
        assert task.score(number, problems[number].read(task.solution(number))) == 1.0


@pytest.mark.parametrize(
    ("number", "query", "worth"),
    [
        ("0", 'SELECT name FROM "my ""pets""" ORDER BY age, name DESC', 0.0),
        ("0", 'SELECT name AS n FROM "my ""pets""" ORDER BY 2 - 2, age, name ASC', 1.0),
        ("1", "SELECT 1", 1.0),
        ("1", "SELECT 1.0", 1.0),
        ("1", "SELECT '1'", 0.0),
        ("1", "SELECT 1, 1", 0.0),
        ("1", "VALUES (1), (1)", 0.0),
        ("2", "VALUES (5), (3), (3)", 1.0),
        ("2", "VALUES (5), (3)", 0.0),
        ("2", "WITH RECURSIVE r(n) AS (SELECT 3 UNION ALL SELECT n FROM r) SELECT n FROM r", 0.0),
        ("2", "DROP TABLE pets", 0.0),
        ("3", "SELECT nothing FROM nowhere", None),
    ],
)
def test_an_answer_is_worth_what_its_rows_are(folder, number, query, worth):
    task = load(f"text_to_sql:questions={folder / 'dev.json'}:seconds=0.3")
    problem = next(problem for problem in task.problems() if problem.id == number)
    assert task.score(number, problem.read(f"```sql\n{query}\n```")) == (0.0 if query.startswith("DROP") else worth)
    assert task.costly(number)


def test_without_samples_only_the_schema_is_shown(folder):
    (problem, *_) = load(f"text_to_sql:questions={folder / 'dev.json'}:sample_rows=0").problems()
    assert "CREATE TABLE" in problem.question
    assert "Tom" not in problem.question


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("{}", "expected a list of rows"),
        ("[1]", "row 1: expected an object"),
        ("[]", "no rows"),
        ('[{"db_id": "pets", "question": "?"}]', "row 1: no text in field 'query' or 'SQL'"),
        ('[{"db_id": "pets", "question": " ", "query": "SELECT 1"}]', "row 1: no text in field 'question'"),
        ('[{"db_id": "cats", "question": "?", "query": "SELECT 1"}]', "row 1: no database 'cats'"),
        ('[{"db_id": "../secret", "question": "?", "query": "SELECT 1"}]', "row 1: no database '../secret'"),
        ('[{"db_id": "text", "question": "?", "query": "SELECT 1"}]', "text.db cannot be read as a SQLite database"),
        ('[{"db_id": "empty", "question": "?", "query": "SELECT 1"}]', "empty.db has no tables"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(folder, text, words):
    (folder / "secret.sqlite").write_bytes((folder / "database" / "pets" / "pets.sqlite").read_bytes())
    (folder / "database" / "text.db").write_text("no database " * 100)
    (folder / "database" / "empty.db").write_bytes(b"")
    (folder / "bad.json").write_text(text)
    with pytest.raises(UsageError, match=re.escape(words)):
        load(f"text_to_sql:questions={folder / 'bad.json'}").problems()


def test_missing_files_and_folders_are_named(folder):
    with pytest.raises(UsageError, match=r"no file at .*nowhere\.json"):
        load(f"text_to_sql:questions={folder / 'nowhere.json'}").problems()
    with pytest.raises(UsageError, match=r"no folder of databases at .*elsewhere"):
        load(f"text_to_sql:questions={folder / 'dev.json'}:databases={folder / 'elsewhere'}").problems()
    (folder / "database").rename(folder / "mine")
    with pytest.raises(UsageError, match="give one as databases=FOLDER"):
        load(f"text_to_sql:questions={folder / 'dev.json'}").problems()
    assert load(f"text_to_sql:questions={folder / 'dev.json'}:databases={folder / 'mine'}").problems()
    with pytest.raises(UsageError, match="add questions=FILE"):
        load(f"text_to_sql:databases={folder}")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("```sql\nSELECT 1;\n```", "SELECT 1"),
        ("```sql\nSELECT 1\n```\nI mean\n```sql\nSELECT 2\n```\nwhich SELECT is right", "SELECT 2"),
        ("```\n-- the count\nSELECT 1\n```", "SELECT 1"),
        ("```sql\nSELECT 1", "SELECT 1"),
        ("The answer is SELECT COUNT(*) FROM t.", "SELECT COUNT(*) FROM t"),
        ("**SQL:** `SELECT a FROM t`", "SELECT a FROM t"),
        ("select a,\n b from t where c = 'x;y';\nThat is all", "select a,\n b from t where c = 'x;y'"),
        ("```python\nprint(1)\n```\nSELECT 3", "SELECT 3"),
        ("SELECT LIMIT_5 FROM t LIMIT 5.", "SELECT LIMIT_5 FROM t LIMIT 5"),
        ("I cannot tell", None),
        ("", None),
    ],
)
def test_a_query_is_read_out_of_a_text(text, query):
    answer = read_sql(text)
    assert (answer and answer.text) == query


def test_queries_that_differ_in_dress_alone_are_one_answer():
    one = read_sql("```sql\nSELECT COUNT(*)\nFROM Pets -- all\nWHERE name = 'Rex';\n```")
    two = read_sql("select count( * ) from pets where name = 'Rex'")
    three = read_sql("select count( * ) from pets where name = 'rex'")
    assert one.key == two.key != three.key


def test_methods_are_compared_on_it():
    found = passel.compare(
        model="toy",
        task="text_to_sql",
        methods=["vote", "best_of:verifier=sql", "best_of:verifier=sql_runs"],
        n=2,
        limit=3,
    )
    assert [row.accuracy.value for row in found.methods] == [0.0, 0.0, 0.0]
