"""The examples of docs/reading.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from passel.reading.kinds.letter import LetterReader
from passel.reading.kinds.number import read_number
from passel.reading.kinds.text import read_text
from passel.reading.mathematics.equal import same

PAGE = (Path(__file__).parents[2] / "docs" / "reading.md").read_text("utf-8")
READERS = {"number": read_number, "letter": LetterReader(("red", "green", "blue", "violet")), "text": read_text}


def rows(kind: str) -> list[list[str]]:
    tables = re.findall(rf"<!-- {kind} -->(.*?)<!-- /{kind} -->", PAGE, re.DOTALL)
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for table in tables for line in table.strip().split("\n")[2:]]
    return [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in cells]


@pytest.mark.parametrize("kind", READERS)
def test_texts_are_read_as_the_page_says(kind: str) -> None:
    assert len(rows(kind)) >= 3
    for text, wanted in rows(kind):
        answer = READERS[kind](text)
        assert (answer.key if answer else "none") == wanted, text


def test_mathematics_is_compared_as_the_page_says() -> None:
    pytest.importorskip("math_verify", reason="needs math-verify")
    from passel.reading.mathematics.algebra import equal

    assert len(rows("math")) >= 5
    for gold, given, wanted in rows("math"):
        assert same(gold, given, lambda a, b: bool(equal(a, b))) == (wanted == "yes"), (gold, given)
