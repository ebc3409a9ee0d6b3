"""What a user gets wrong: exit code 2 (1 for the world's faults), one line that names it, and nothing spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMPARE = ("compare", "--model", "toy", "--task", "held_out", "--limit", "2")
ASK = ("ask", "2+2?", "--model", "toy")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (("comapre",), ["command", "comapre", "compare"]),
        (("compare", "--modle", "toy"), ["--modle", "--model"]),
        (("compare",), ["--task"]),
        (("report",), ["FOLDER"]),
        (("ask",), ["QUESTION"]),
        (("pull", "smolm2-135m"), ["smolm2-135m", "smollm2-135m"]),
        (("methods", "--model", "toyy"), ["model", "toyy", "toy?"]),
        ((*COMPARE, "--methods", "vot"), ["--methods", "vot", "vote"]),
        (("run", "--model", "toy", "--task", "held_out", "--method", "bestof"), ["--method", "bestof", "best_of"]),
        ((*ASK, "--method", "vot"), ["method", "vot", "vote"]),
        ((*COMPARE, "--methods", ","), ["--methods", "no method"]),
        ((*COMPARE, "--methods", "vote,vote"), ["given twice", "vote"]),
        ((*COMPARE, "--methods", "vote:m=3"), ["--methods", "'m'", "n"]),
        ((*COMPARE, "--methods", "best_of:verifer=judge"), ["--methods", "verifer", "verifier"]),
        ((*COMPARE, "--methods", "best_of:verifier=jugde"), ["--methods", "jugde", "judge"]),
        ((*COMPARE, "--methods", "vote:n=0"), ["--methods", "n of method vote", "0"]),
        ((*COMPARE, "--methods", "vote:n=2.5"), ["--methods", "n of method vote", "2.5"]),
        ((*COMPARE, "--methods", "best_of:weighted=maybe"), ["--methods", "weighted", "maybe"]),
        ((*ASK, "--method", "single", "--n", "4"), ["single", "'n'"]),
        ((*COMPARE, "--n", "0"), ["--n", "0"]),
        ((*COMPARE, "--n", "many"), ["--n", "many"]),
        ((*COMPARE, "--limit", "0"), ["--limit", "0"]),
        ((*COMPARE, "--concurrency", "0"), ["--concurrency", "0"]),
        ((*COMPARE, "--seed", "x"), ["--seed", "x"]),
        ((*COMPARE, "--temperature", "hot"), ["--temperature", "hot"]),
        ((*COMPARE, "--temperature", "nan"), ["--temperature", "nan"]),
        ((*COMPARE, "--top-p", "2"), ["--top-p", "between 0.0 and 1.0", "2"]),
        ((*ASK, "--min-p", "-1"), ["--min-p", "between", "-1"]),
        ((*COMPARE, "--max-tokens", "0"), ["--max-tokens", "at least 1|between 1", "0"]),
        ((*COMPARE, "--presence-penalty", "1"), ["toy", "presence.penalty", "temperature"]),
        ((*ASK, "--repetition-penalty", "1.1"), ["toy", "repetition.penalty", "temperature"]),
        ((*COMPARE, "--budget", "token=3"), ["--budget", "token", "tokens"]),
        ((*COMPARE, "--budget", "tokens=few"), ["--budget", "tokens", "few"]),
        ((*COMPARE, "--budget", "passes=nan"), ["--budget", "passes", "nan"]),
        ((*COMPARE, "--budget", "tokens=inf"), ["--budget", "tokens", "inf"]),
        ((*COMPARE, "--budget", "money=-1"), ["--budget", "money", "-1"]),
        ((*COMPARE, "--problem-budget", "token=3"), ["--problem-budget", "token", "tokens"]),
        ((*ASK, "--budget", "dollars=3"), ["--budget", "dollars", "money"]),
        ((*COMPARE, "--methods", "best_of:verifier=judge", "--role", "jugde=toy"), ["role", "jugde", "judge"]),
        ((*ASK, "--method", "best_of:verifier=judge", "--role", "jugde=toy"), ["role", "jugde", "judge"]),
        ((*COMPARE, "--role", "judge"), ["--role", "ROLE=SPEC"]),
        ((*COMPARE, "--role", "generator=toy"), ["--role", "--model"]),
        ((*COMPARE, "--methods", "best_of:verifier=judge", "--role", "judge=toyy"), ["model", "toyy", "toy?"]),
        (("compare", "--model", "toyy", "--task", "held_out"), ["model", "toyy", "toy?"]),
        (("compare", "--model", "", "--task", "held_out"), ["model"]),
        (("compare", "--model", "n=4", "--task", "held_out"), ["model"]),
        (("compare", "--model", "toy:skil=1", "--task", "held_out"), ["toy", "skil", "skill"]),
        (("compare", "--model", "openai:x@ftp://q", "--task", "held_out"), ["ftp://q", "http"]),
        (("compare", "--model", "nowhere.gguf", "--task", "held_out"), ["nowhere.gguf"]),
        (("compare", "--model", "nowhere.py:model", "--task", "held_out"), ["nowhere.py"]),
        (("compare", "--model", "toy", "--task", "heldout"), ["--task", "heldout", "held_out"]),
        (("compare", "--model", "toy", "--task", ""), ["--task"]),
        (("compare", "--model", "toy", "--task", "n=4"), ["--task"]),
        (("compare", "--model", "toy", "--task", "held_out:set=al"), ["--task", "set", "al", "all"]),
        (("compare", "--model", "toy", "--task", "held_out:sat=all"), ["--task", "sat", "set"]),
        (("compare", "--model", "toy", "--task", "nowhere.csv"), ["nowhere.csv"]),
        ((*COMPARE, "--methods", "nowhere.py:mine"), ["--methods", "nowhere.py"]),
        (("report", "nowhere"), ["nowhere", "run.json"]),
        (("ask", "", "--model", "toy"), ["QUESTION", "empty"]),
        (("ask", " \n", "--model", "toy"), ["QUESTION", "empty"]),
    ],
    ids=lambda value: " ".join(value[-3:]) if isinstance(value, tuple) else "",
)
def test_a_usage_error_is_one_line_that_names_it(
    line: tuple[str, ...], named: list[str], cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    said = cli(*line)
    assert said.code == 2
    assert said.out == ""
    for text in named:
        pattern = text if re.search(r"[|.]", text) and "/" not in text else re.escape(text)
        assert re.search(pattern, said.message), text
    assert "Traceback" not in said.err


FILES: list[tuple[str, bytes, tuple[str, ...], list[str]]] = [
    ("q.csv", b"q,a\n1+1,2\n", (), ["q.csv", "row 2", "'question'", "q, a"]),
    ("a.csv", b"q,a\n1+1,2\n", ("--question", "q"), ["a.csv", "row 2", "'answer'"]),
    ("short.csv", b"question,answer\n1+1,2\n1+2\n", (), ["short.csv", "row 3", "'answer'"]),
    ("wide.csv", b"question,answer\n1+1,2,3\n", (), ["wide.csv", "row 2", "3 cells"]),
    ("none.csv", b"", (), ["none.csv", "no rows"]),
    ("m.jsonl", b'{"question":"1+1","answer":"2"}\n{"question":"1+1"}\n', (), ["m.jsonl", "row 2", "'answer'"]),
    ("list.jsonl", b"[1, 2]\n", (), ["list.jsonl", "row 1", "object"]),
    ("cut.jsonl", b'{"question":"1+1","answer":"2"}\n{"question', (), ["cut.jsonl", "row 2", "not JSON"]),
    ("e.csv", b"question,answer\n  ,2\n", (), ["e.csv", "row 2", "empty", "'question'"]),
    ("e.jsonl", b'{"question":"","answer":"2"}\n', (), ["e.jsonl", "row 1", "empty", "'question'"]),
    ("latin.csv", b"question,answer\ncaf\xe9,2\n", (), ["latin.csv", "line 2", "UTF-8"]),
    ("zip.csv.gz", b"no gzip at all", (), ["zip.csv.gz", "cannot be read"]),
    ("twice.csv", b"id,question,answer\n7,1+1,2\n7,1+2,3\n", (":id=id",), ["twice.csv", "'7'"]),
]


@pytest.mark.parametrize(("name", "data", "flags", "named"), FILES, ids=[name for name, *_ in FILES])
def test_a_wrong_file_is_named_with_its_row_and_column(
    name: str, data: bytes, flags: tuple[str, ...], named: list[str], cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    task = str(tmp_path / name) + "".join(flag for flag in flags if flag[0] == ":")
    said = cli("compare", "--model", "toy", "--task", task, *(flag for flag in flags if flag[0] != ":"))
    assert said.code == 2
    for text in named:
        assert text in said.message


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made(place: str, cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = cli(*COMPARE, "--out", tmp_path / place)
    assert said.code == 1
    assert str(tmp_path / place) in said.message


def test_a_user_file_that_cannot_be_loaded(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import nothing_of_that_name\n")
    said = cli(*COMPARE, "--methods", f"{tmp_path}/mine.py:mine")
    assert said.code == 2
    assert "mine.py" in said.message
    assert "nothing_of_that_name" in said.message
    (tmp_path / "other.py").write_text("def vot(problem, *, key): ...\n")
    assert "'vote'; did you mean vot?" in cli(*COMPARE, "--methods", f"{tmp_path}/other.py:vote").message


@pytest.mark.parametrize(
    ("model", "method", "needs"),
    [("prefix=none", "begun.py:begun", "prefix"), ("prefix=none", "wild.py:wild", "forward")],
)
def test_an_impossible_method_is_refused_before_anything_is_spent(
    model: str, method: str, needs: str, endpoint: Callable[..., Any], cli: Callable[..., Any], tmp_path: Path
) -> None:
    source = """
from passel.core.flow import sample
from passel.core.needs import needs
from passel.core.result import Result, candidate

@needs(generator="text {0}")
def {1}(problem, *, key):
    (reply,) = yield from sample(problem.prompt, key=key)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, candidates=(one,))
"""
    name = method.split(".")[0]
    (tmp_path / f"{name}.py").write_text(source.format(needs, name))
    mock = endpoint()
    spec = f"openai:mock@{mock.base}:{model}"
    for line in (
        ("compare", "--model", spec, "--task", "held_out", "--methods", f"single,{tmp_path}/{method}", "--limit", 3),
        ("ask", "2+2?", "--model", spec, "--method", f"{tmp_path}/{method}"),
    ):
        said = cli(*line)
        assert said.code == 2
        assert f"needs {needs}" in said.message
        assert "generator" in said.message
    assert mock.stats["requests"] == 0


def test_a_sampling_parameter_that_the_model_does_not_take_spends_nothing(
    endpoint: Callable[..., Any], cli: Callable[..., Any]
) -> None:
    mock = endpoint()
    line = ("compare", "--model", mock.spec(), "--task", "held_out", "--methods", "best_of:verifier=judge")
    said = cli(*line, "--role", "judge=toy", "--presence-penalty", "1", "--limit", "2", "--n", "2")
    assert said.code == 0, said.err  # the flags are the generator's, not the judge's
    spent = mock.stats["requests"]
    said = cli("ask", "2+2?", "--model", "toy", "--presence-penalty", "1")
    assert said.code == 2
    assert mock.stats["requests"] == spent > 0


@pytest.mark.parametrize("command", ["run", "ask"])
def test_no_endpoint_of_that_model(command: str, endpoint: Callable[..., Any], cli: Callable[..., Any]) -> None:
    """A wrong path is a 404 on every request: one line, at once, exit 1."""
    mock = endpoint()
    model = f"openai:mock@{mock.base}/v2"
    line = ("run", "--model", model, "--task", "held_out", "--limit", "3") if command == "run" else ASK[:2]
    said = cli(*line) if command == "run" else cli(*line, "--model", model)
    assert said.code == 1
    assert "404" in said.message
    assert "base URL" in said.message


def test_weird_input_runs(cli: Callable[..., Any], passel: Callable[..., Any], tmp_path: Path) -> None:
    questions = [
        "1+" * 100_000 + "1",
        "What is 2+2? " + "x" * 200_000,
        "¿Cuánto es 2+2? \u202e\u0000 \U0001f600 [bold]{}%s</b>",
        "\x1b[31m2+2",
        "007 + 1",
    ]
    rows = [json.dumps({"question": q, "answer": "4", "extra": [1]}) for q in questions]
    (tmp_path / "weird [x].jsonl").write_text("\ufeff" + "\r\n".join(rows) + "\n\n", encoding="utf-8")
    line = ("compare", "--model", "toy", "--task", tmp_path / "weird [x].jsonl", "--n", "3", "--out", tmp_path / "out")
    said = cli(*line, "--methods", "single,vote,best_of,repeat,first_finish", "--seed", "-3", "--system", "[/] \ud800")
    assert said.code == 0, said.err
    assert len(json.loads((tmp_path / "out" / "comparison.json").read_text())["problems"]) == 5
    assert cli("report", tmp_path / "out").out == said.out
    said = passel("ask", b"\xff 2+2?".decode("utf-8", "surrogateescape"), "--model", "toy", "--method", "single")
    assert said.code == 0
    assert "Traceback" not in said.err
