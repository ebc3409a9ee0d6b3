"""The commands as a user meets them: help, lists, one question, one method, a report from the record."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from passel.core import registry
from passel.core.registry import names
from passel.models.catalog import cards

METHODS = "single,vote,best_of,repeat,first_finish"


def strict(text: str) -> Any:
    """JSON without NaN and Infinity, which are none."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


def test_help_and_version(cli: Callable[..., Any]) -> None:
    assert re.fullmatch(r"passel \d+\.\d+\S*\n", cli("--version").out)
    said = cli("--help")
    assert said.code == 0
    for command in names("cli"):
        assert re.search(rf"^  {command} +\S", said.out, re.MULTILINE)
        own = cli(command, "--help")
        assert own.code == 0
        assert own.out.startswith(f"Usage: passel {command} ")
        assert max(map(len, own.out.splitlines())) <= 100
    assert cli("-h").out == said.out
    assert cli().code == 2 or cli().out == said.out


@pytest.mark.parametrize("room", ["methods", "tasks", "models", "verifiers"])
def test_lists_hold_everything_there_is_and_fit_the_terminal(
    room: str, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    said = cli("methods", "--verifiers") if room == "verifiers" else cli(room)
    assert said.code == 0
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 100
    found = {line.split()[0].removesuffix(":…") for line in lines if line and line[0] != " "}
    assert set(names(room)) <= found
    if room == "models":
        assert set(cards()) <= found


@pytest.mark.parametrize("room", ["methods", "tasks", "models", "verifiers"])
def test_lists_in_json_hold_the_same(room: str, cli: Callable[..., Any]) -> None:
    said = cli("methods", "--verifiers", "--json") if room == "verifiers" else cli(room, "--json")
    found = strict(said.out)
    rows = found["kinds"] if room == "models" else found
    assert [row["name"] for row in rows] == names(room)
    assert {row["origin"] for row in rows} == {"built in"}
    assert all(row["summary"] for row in rows)
    if room == "models":
        assert [row["name"] for row in found["catalog"]] == list(cards())
        assert not any("on_progress" in row["options"] for row in rows)


def test_a_list_says_which_package_a_thing_comes_from(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other_tasks.py").write_text('def sudoku():\n    """Sudokus of nine by nine."""\n')
    info = tmp_path / "other_tasks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-tasks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[passel.tasks]\nsudoku = other_tasks:sudoku\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_foreign", registry._foreign.__wrapped__)
    assert re.search(r"^sudoku +Sudokus of nine by nine\..*\nfrom other-tasks", cli("tasks").out, re.MULTILINE)
    (row,) = [row for row in strict(cli("tasks", "--json").out) if row["name"] == "sudoku"]
    assert row["origin"] == "other-tasks"
    assert "from other-tasks" not in cli("models").out


def test_what_a_model_can_do(endpoint: Callable[..., Any], cli: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = cli("methods", "--model", "toy")
    assert said.code == 0
    assert "with toy" in said.out.splitlines()[0]
    rows = [line for line in said.out.splitlines() if line.strip() and line.split()[0] in names("methods")]
    assert len(rows) == len(names("methods"))
    assert all(re.search(r"\b(yes|no:)", row) for row in rows)


def test_ask(cli: Callable[..., Any], passel: Callable[..., Any]) -> None:
    said = cli("ask", "What is 17 + 25?", "--model", "toy", "--n", 8)
    assert (said.code, said.out) == (0, "42\n")
    assert "8 passes" in said.err
    assert re.search(r"\d+ tokens", said.err)
    for n in (1, 3):
        assert f"{n} passes" in cli("ask", "17 + 25?", "--model", "toy", "--method", f"vote:n={n}").err
    shown = cli("ask", "What is 17 + 25?", "--model", "toy", "--n", 4, "--show", "--method", "best_of")
    assert [f"[{i}]" in shown.err for i in range(5)] == [True] * 4 + [False]
    assert "score 0." in shown.err
    assert shown.out.count("\n") == 1
    piped = passel("ask", "-", "--model", "toy", "--n", 8, given="What is 17 + 25?\n")
    assert (piped.code, piped.out) == (0, "42\n")
    assert passel("ask", "-", "--model", "toy", given="").code == 2


def test_ask_in_json(cli: Callable[..., Any]) -> None:
    said = cli("ask", "What is 17 + 25?", "--model", "toy", "--n", 8, "--json")
    found = strict(said.out)
    assert (found["answer"], found["error"], found["cost"]["passes"]) == ("42", None, 8)
    assert len(found["result"]["candidates"]) == 8
    assert said.err == ""


def test_ask_for_money(endpoint: Callable[..., Any], cli: Callable[..., Any]) -> None:
    mock = endpoint()
    said = cli("ask", "2+2?", "--model", mock.spec(prompt_price=1000, completion_price=1000), "--n", 3)
    assert re.search(r"3 passes, \d+ tokens, \$0\.0\d+", said.err)


def test_ask_within_a_budget(cli: Callable[..., Any]) -> None:
    said = cli("ask", "What is 17 + 25?", "--model", "toy", "--n", 8, "--budget", "passes=3")
    assert said.code == 3
    assert "3 passes" in said.err
    assert said.out.strip() not in ("", "no answer")
    said = cli("ask", "What is 17 + 25?", "--model", "toy", "--budget", "passes=0")
    assert (said.code, said.out) == (3, "no answer\n")


def test_a_question_that_every_pass_fails_at(cli: Callable[..., Any]) -> None:
    """The toy reads this sum too deep and breaks: no answer, and the failures are counted where the user looks."""
    said = cli("ask", "1+" * 50_000 + "1", "--model", "toy", "--n", 4)
    assert said.out == "no answer\n"
    assert "4 failed" in said.err
    assert "Traceback" not in said.err


def test_run_is_one_method(cli: Callable[..., Any], tmp_path: Path) -> None:
    said = cli("run", "--model", "toy", "--task", "held_out", "--method", "vote:n=4", "--limit", 5, "--json")
    found = strict(said.out)
    assert [row["name"] for row in found["methods"]] == ["vote:n=4"]
    assert found["methods"][0]["cost"]["passes"] == 20


def test_json_is_json(cli: Callable[..., Any], tmp_path: Path) -> None:
    line = ("compare", "--model", "toy", "--task", "held_out", "--methods", METHODS, "--n", 3, "--limit", 3)
    said = cli(*line, "--json", "--out", tmp_path)
    kept = strict((tmp_path / "comparison.json").read_text())
    assert strict(said.out).keys() == kept.keys()


def numbers(folder: Path) -> Any:
    return {name: v for name, v in strict((folder / "comparison.json").read_text()).items() if name != "wall_seconds"}


def test_a_report_is_the_run_from_its_record_alone(
    endpoint: Callable[..., Any], cli: Callable[..., Any], tmp_path: Path
) -> None:
    mock = endpoint()
    words = ("--task", "held_out", "--methods", METHODS, "--n", 4, "--limit", 6, "--out", tmp_path)
    ran = cli("compare", "--model", mock.spec(prompt_price=1), *words)
    assert ran.code == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert {"comparison.json", "methods.csv", "problems.csv", "report.html", "record.sqlite", "run.json"} <= files
    before, asked = numbers(tmp_path), mock.stats["requests"]
    for name in ("comparison.json", "methods.csv", "problems.csv", "report.html"):
        (tmp_path / name).unlink()
    said = cli("report", tmp_path)
    assert said.code == 0
    assert said.out == ran.out
    assert {"trials"} <= before["problems"][0].keys()
    assert _no_walls(numbers(tmp_path)) == _no_walls(before)
    assert (tmp_path / "report.html").is_file()
    assert strict(cli("report", tmp_path, "--json").out)["methods"] == before["methods"]
    assert mock.stats["requests"] == asked


def _no_walls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _no_walls(v) for name, v in value.items() if name != "wall_seconds"}
    return [_no_walls(one) for one in value] if isinstance(value, list) else value


def test_a_report_of_a_run_that_never_ended(cli: Callable[..., Any], tmp_path: Path) -> None:
    line = ("compare", "--model", "toy", "--task", "held_out", "--n", 4, "--limit", 5, "--out", tmp_path)
    assert cli(*line, "--methods", "single").code == 0
    plan = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(plan | {"methods": ["single", "vote"]}))
    said = cli("report", tmp_path)
    assert said.code == 0
    assert "5 of 10 trials" in said.out
    found = strict((tmp_path / "comparison.json").read_text())
    assert [row["stopped"] for row in found["methods"]] == [0, 5]
    assert [row["cost"]["passes"] for row in found["methods"]] == [5, 5]


def test_other_methods_from_a_recorded_pool(cli: Callable[..., Any], tmp_path: Path) -> None:
    line = ("--task", "held_out", "--n", 4, "--limit", 5, "--out", tmp_path)
    assert cli("compare", "--model", "toy", *line, "--methods", "vote").code == 0
    said = cli("compare", "--model", f"replay:{tmp_path}", *line, "--methods", "single,vote,first_finish", "--json")
    assert said.code == 0, said.err
    found = strict(said.out)
    assert [row["scored"] for row in found["methods"]] == [5, 5, 5]


def damage_header(folder: Path) -> None:
    path = folder / "record.sqlite"
    path.write_bytes(b"not a database at all" * 100)


def damage_page(folder: Path) -> None:
    path = folder / "record.sqlite"
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * (4096 * 2)
    path.write_bytes(data)


def damage_row(folder: Path) -> None:
    with sqlite3.connect(folder / "record.sqlite") as connection:
        connection.execute("UPDATE replies SET reply = replace(reply, 'answer', 'anzwer') WHERE id = 3")
    connection.close()


@pytest.mark.parametrize("damage", [damage_header, damage_page, damage_row])
def test_a_damaged_record_is_named(damage: Callable[[Path], None], cli: Callable[..., Any], tmp_path: Path) -> None:
    line = ("compare", "--model", "toy", "--task", "held_out", "--n", 4, "--limit", 5, "--out", tmp_path)
    assert cli(*line).code == 0
    damage(tmp_path)
    for said in (cli("report", tmp_path), cli(*line)):
        assert said.code == 1
        assert str(tmp_path / "record.sqlite") in said.message
        assert "damaged" in said.message


@pytest.mark.parametrize("text", ["", '{"model": "toy", "task"', "[]", "{}", '{"metods": []}', '{"methods": 3}'])
def test_a_damaged_plan_is_named(text: str, cli: Callable[..., Any], tmp_path: Path) -> None:
    assert cli("run", "--model", "toy", "--task", "held_out", "--limit", 2, "--out", tmp_path).code == 0
    (tmp_path / "run.json").write_text(text)
    said = cli("report", tmp_path)
    assert said.code in (1, 2)
    assert str(tmp_path / "run.json") in said.message


def test_a_record_that_is_missing_is_named(cli: Callable[..., Any], tmp_path: Path) -> None:
    assert cli("run", "--model", "toy", "--task", "held_out", "--limit", 2, "--out", tmp_path).code == 0
    (tmp_path / "record.sqlite").unlink()
    said = cli("report", tmp_path)
    assert said.code == 1
    assert str(tmp_path / "record.sqlite") in said.message


def test_length_is_an_option_of_a_model_in_the_engine(cli: Callable[..., Any]) -> None:
    said = cli("ask", "2 + 2?", "--model", "toy", "--length", 0.5)
    assert "--length: it opens an adapter of a model in the engine" in said.message
    said = cli("compare", "--task", "sums", "--limit", 1, "--model", "torch:smollm2-135m", "--length", 0.5)
    assert "cot-valve" in said.message
