"""Word problems to train on: of public sets those that the catalog's reasoner has not put aside, as it is asked."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from passel.models.catalog import FOLDER, find_card

__all__ = ["MODEL", "asked", "held_out", "problems", "write_prompts"]

MODEL = "passel-reasoner-135m"
_HELD_OUT = "held_out.jsonl"


def _data() -> Path:
    folder = os.environ.get("PASSEL_DATA", "")
    if not folder:
        raise SystemExit("PASSEL_DATA must name the folder of benchmark data")
    return Path(folder)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    packed = path.with_name(f"{path.name}.gz")
    text = gzip.decompress(packed.read_bytes()).decode() if packed.is_file() else path.read_text(encoding="utf-8")
    yield from map(json.loads, filter(None, text.splitlines()))


def asked(question: str) -> str:
    """A question with the line that the reasoner was trained with."""
    return f"{question}\n{find_card(MODEL).instruction}"


def held_out() -> list[tuple[str, str]]:
    """(question, answer) of the 500 problems that the reasoner never saw."""
    path = FOLDER / MODEL / _HELD_OUT
    return [(row["question"], row["answer"]) for row in _rows(path)]


def problems() -> list[tuple[str, str]]:
    """(question, answer) of all others: MAWPS, SVAMP, ASDiv; each question once, in a fixed order."""
    data, found = _data(), dict[str, str]()
    for name in ("multiarith", "addsub", "singleop", "singleeq"):
        for row in _rows(data / "mawps" / f"{name}.jsonl"):
            found.setdefault(_tidy(row["input"]), f"{row['target']:g}")
    for row in _rows(data / "svamp" / "svamp.jsonl"):
        found.setdefault(_tidy(f"{row['Body'].strip()} {row['Question']}"), f"{float(row['Answer']):g}")
    for row in _rows(data / "asdiv" / "asdiv.jsonl"):
        found.setdefault(_tidy(f"{row['body']} {row['question']}"), row["answer"].split()[0])
    aside = {_tidy(question) for question, _ in held_out()}
    return [(question, answer) for question, answer in found.items() if question not in aside]


def write_prompts(path: Path, rows: list[tuple[str, str]]) -> Path:
    """The questions as prompts without completions, with their answers beside them."""
    lines = (json.dumps({"prompt": asked(question), "answer_is": answer}) + "\n" for question, answer in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _tidy(text: str) -> str:
    for mark in ".,?":
        text = text.replace(f" {mark}", mark)
    return " ".join(text.split())
