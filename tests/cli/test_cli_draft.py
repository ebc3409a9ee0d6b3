"""`passel draft`: what it prints of the drafts, at the end and as they come."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from passel import Drafter
from tiny_folder import tiny_folder

TEXT = "A first line\nOnce upon a time"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"{tiny_folder(tmp_path_factory.mktemp('model'))}:dtype=float32:context=128:memory=0.01"


def test_the_drafts_below_the_text(cli: Callable[..., Any], model: str):
    with Drafter(model) as drafter:
        wanted = drafter.draft(TEXT, 2, max_tokens=4)
    said = cli("draft", TEXT, "-k", 2, "--model", model, "--max-tokens", 4)
    assert said.code == 0, said.err
    text, *rows = said.out.splitlines()
    assert text.strip() == "Once upon a time"
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert [row.split()[-1] for row in rows] == [f"{one.score:.2f}" for one in wanted]


def test_json_and_standard_input(cli: Callable[..., Any], model: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode() + b"\n")))
    said = cli("draft", "-", "--model", model, "--max-tokens", 4, "--json")
    found = json.loads(said.out)
    assert found["text"] == TEXT
    assert len(found["drafts"]) == 3
    assert set(found["drafts"][0]) == {"text", "score", "ended", "tokens"}
    plain = cli("draft", TEXT, "-k", 3, "--model", model, "--max-tokens", 4, "--json", "--decoder", "superposed:k=9")
    assert json.loads(plain.out) == found, "-k goes before the spec's"


def test_streamed_as_lines_of_json(cli: Callable[..., Any], model: str):
    said = cli("draft", TEXT, "--model", model, "--max-tokens", 4, "--json", "--stream")
    *stages, last = map(json.loads, said.out.splitlines())
    assert len(stages) == 4
    assert [one["text"] for one in last["drafts"]] == stages[-1]["drafts"]


def test_streamed_as_text(cli: Callable[..., Any], model: str):
    line = ("draft", TEXT, "-k", 2, "--model", model, "--max-tokens", 3)
    whole, streamed = cli(*line).out, cli(*line, "--stream").out
    assert streamed.endswith(whole)
    blocks = streamed.removesuffix(whole).strip("\n").split("\n\n")
    assert len(blocks) == 3
    assert all([row.split()[0] for row in block.splitlines()] == ["1", "2"] for block in blocks)


def test_on_a_terminal_the_drafts_change_in_place(cli: Callable[..., Any], model: str, monkeypatch: pytest.MonkeyPatch):
    """The frames are wiped, and the drafts stand below the text at the end."""
    screen = io.StringIO()
    monkeypatch.setattr("passel.cli.draft.output", lambda: Console(file=screen, force_terminal=True, width=60))
    said = cli("draft", TEXT, "-k", 2, "--model", model, "--max-tokens", 3, "--stream")
    assert said.code == 0, said.err
    frames = screen.getvalue().split("Once upon a time")
    assert len(frames) >= 1 + 1 + 3 + 1, "an empty frame, one a token, and the end"
    assert all("\x1b[2K" in frame for frame in frames[1:-1])
    assert "\x1b[2K" not in frames[-1]
    written = "".join(frames).replace("\x1b", "").replace("\n", "").replace("\r", "")
    assert written.isprintable(), "what the model writes cannot move the cursor"


def test_ngrams_from_a_file_to_drafts(cli: Callable[..., Any], model: str, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("Once upon a time, there was. " * 50)
    folder, tables = model.partition(":")[0], tmp_path / "mine.ngrams"
    assert cli("ngrams", tmp_path / "mine.txt", "--model", folder, "--out", tables).code == 0
    line = ("draft", TEXT, "--model", model, "--max-tokens", 4, "--json")
    weighed, bare = json.loads(cli(*line, "--ngrams", tables).out), json.loads(cli(*line).out)
    assert len(weighed["drafts"]) == 3
    assert weighed != bare


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (("--model", "nowhere"), "--model: no model at nowhere"),
        (("--decoder", "greedily"), "greedy"),
        (("-k", "0"), "-k"),
    ],
)
def test_what_cannot_be_is_said(cli: Callable[..., Any], model: str, line: tuple[str, ...], says: str):
    said = cli("draft", TEXT, "--model", model, *line)
    assert said.code == 2
    assert says in said.err.splitlines()[-1]
