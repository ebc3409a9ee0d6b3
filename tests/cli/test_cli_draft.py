"""`passel draft`: what it prints of the drafts, at the end and as they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

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
    import io
    import sys
    from types import SimpleNamespace

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
