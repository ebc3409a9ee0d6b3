"""What programs read: the JSON comes back as it was, the CSV has its columns, the table fits a terminal."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_examples import HOSTILE, NAMES, example, hostile, single, unscored
from rich.console import Console

from passel.cli.report import report
from passel.core.errors import RecordError, UsageError
from passel.measure.comparison import Comparison, Estimate
from passel.report import footer, read_comparison, table, write_report
from passel.report.export import comparison_json, methods_csv, problems_csv

CASES = {"main": example(), "empty": example(0), "one": single(), "none": unscored(), "hostile": hostile()}


def rows(text: str) -> list[dict[str, str]]:
    csv.field_size_limit(10**6)
    return list(csv.DictReader(io.StringIO(text)))


def shown(comparison: Comparison, width: int = 80) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width)
    console.print(table(comparison))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("name", CASES)
def test_json_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    write_report(CASES[name], tmp_path)
    assert read_comparison(tmp_path) == CASES[name]


def test_what_is_not_finite_becomes_null() -> None:
    data = replace(example(), wall_seconds=math.inf, budget={"tokens": math.nan})
    read = json.loads(comparison_json(data))
    assert read["wall_seconds"] is None
    assert read["budget"] == {"tokens": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "is not a comparison"),
        ("[]", "comparison is list"),
        ('{"model": "m"}', "lacks 'task'"),
        ('{"model": 3}', "lacks 'task'"),
        ('{"model": "m", "task": "t", "seed": "x", "methods": [], "problems": []}', "comparison.seed is str"),
        ('{"model": "m", "task": "t", "seed": 0, "methods": [3], "problems": []}', r"comparison.methods\[0\] is int"),
    ],
)
def test_a_broken_file_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(RecordError, match=message):
        read_comparison(tmp_path)


def test_an_unknown_field_is_named(tmp_path: Path) -> None:
    data = json.loads(comparison_json(example()))
    data["modle"] = 1
    (tmp_path / "comparison.json").write_text(json.dumps(data))
    with pytest.raises(UsageError, match=r"unknown field of comparison 'modle'; did you mean model"):
        read_comparison(tmp_path)


def test_a_field_that_is_not_there_yet_has_its_default(tmp_path: Path) -> None:
    data = json.loads(comparison_json(example()))
    del data["notes"], data["methods"][0]["stopped"]
    (tmp_path / "comparison.json").write_text(json.dumps(data))
    assert read_comparison(tmp_path).notes == ()


def test_methods_csv() -> None:
    data = example()
    first, vote = rows(methods_csv(data))[:2]
    assert list(first)[:7] == ["method", "uses_gold", "problems", "scored", "answered", "failures", "stopped"]
    assert float(vote["accuracy"]) == 0.85
    assert first["difference"] == ""
    assert float(vote["tokens_per_problem"]) == data.methods[1].mean_cost["tokens"]
    assert float(vote["dollars_per_right_answer"]) == data.methods[1].cost_of_pass["dollars"]
    assert int(vote["completion_tokens"]) == data.methods[1].cost.completion_tokens
    assert methods_csv(example(0)).count("\n") == 6


def test_problems_csv() -> None:
    data = example()
    found = rows(problems_csv(data))
    assert len(found) == 100
    one = found[1]
    trial = data.problems[0].trials["vote:n=8"]
    assert (one["problem"], one["method"], one["gold"]) == ("rolls-001", "vote:n=8", data.problems[0].gold)
    assert float(one["score"]) == trial.score
    assert int(one["passes"]) == 8
    assert one["question"] == data.problems[0].question
    assert {r["score"] for r in rows(problems_csv(unscored()))} == {""}


def test_no_text_in_a_csv_is_a_formula_or_without_end() -> None:
    text = problems_csv(hostile())
    text.encode("utf-8")
    cells = [cell for row in rows(text) for cell in row.values()]
    assert not any(cell.startswith("=") for cell in cells)
    assert "'" + HOSTILE[3] in cells
    assert max(map(len, cells)) < 9_000
    assert any("192000 more characters" in cell for cell in cells)


def test_a_negative_number_in_a_csv_stays_a_number() -> None:
    data = example(1)
    problem = replace(data.problems[0], gold="-12")
    assert rows(problems_csv(replace(data, problems=(problem,))))[0]["gold"] == "-12"


def test_table_has_the_figures_in_80_columns() -> None:
    lines = shown(example())
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    vote = next(line for line in lines if line.startswith("vote:n=8"))
    assert vote.split() == ["vote:n=8", "85", "[70,100]", "+35", "[+15,+55]", "8", "2.0k", "8.8e-4", "2.4k", "3"]
    assert "repeat:n=8*" in text
    assert "\x1b" not in text
    assert "$" not in "\n".join(shown(replace(example(), price_known=False)))


def test_the_widest_figures_are_not_cut() -> None:
    all_of_it, gain = Estimate(1.0, 1.0, 1.0), Estimate(-1.0, -1.0, -1.0)
    means = {"tokens": 123_456.0, "passes": 1024.0, "dollars": 1.23e-6}
    data = example()
    wide = [
        replace(r, accuracy=all_of_it, difference=gain, mean_cost=means, cost_of_pass={"tokens": 9.9e6}, failures=1000)
        for r in data.methods
    ]
    lines = shown(replace(data, methods=tuple(wide)))
    assert max(map(len, lines)) <= 80
    line = next(line for line in lines if "-100 [-100,-100]" in line)
    assert line.split()[1:] == ["100", "[100,100]", "-100", "[-100,-100]", "1.0k", "123k", "1.2e-6", "9.9M", "1000"]


@pytest.mark.parametrize("name", CASES)
def test_every_comparison_has_a_table_and_a_footer(name: str) -> None:
    data = CASES[name]
    text = "\n".join(shown(data)) + "\n".join(footer(data))
    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\x00" not in text


def test_footer() -> None:
    lines = footer(example())
    assert "* knows the gold answer: coverage, an upper bound." in lines
    assert any("75 % of passes saved (tokens 74 %, dollars 74 %)." in line for line in lines)
    assert lines[-1] == "Note: 3 replies of 160 were cut at the length limit and count as wrong."
    assert all(line.isascii() for line in lines)
    assert footer(Comparison("m", "t", 0, (), ())) == []
    assert len(NAMES) == len(example().methods)


def test_a_folder_without_a_run_is_read_from_its_comparison(tmp_path: Path) -> None:
    """`passel report` draws the page of a comparison.json that was copied from elsewhere again."""
    write_report(example(), tmp_path)
    (tmp_path / "report.html").unlink()
    done = CliRunner().invoke(report, [str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").is_file()
    assert read_comparison(tmp_path) == example()
    lost = CliRunner().invoke(report, [str(tmp_path / "nowhere")])
    assert isinstance(lost.exception, UsageError)
