"""Contexts of made-up facts, and questions about them: names and words in combinations of which some are never trained
on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from passel.core.key import Key

__all__ = ["NAMES", "WORDS", "facts", "question", "rows", "statement", "write"]

_NAMES = """Maria Tom Anna Peter Lucy David Sarah James Emma Paul Alice Mark Julia Simon Laura Kevin Helen Oscar Nina
Victor Diana George Sofia Henry Clara Martin Felix Rosa Albert Grace Leo Eva Hugo Ruth Adam Karen Philip Jane Eric Susan
Robert Linda Daniel Carol Frank Betty Walter Rose"""
_WORDS = """tiger apple river silver piano castle winter orange rabbit garden copper violin forest purple dragon butter
mountain coffee eagle marble candle desert lemon falcon island velvet banana hammer shadow ocean pepper crystal anchor
pencil thunder cotton lion planet sugar bridge rocket window wolf honey camera temple diamond maple"""
NAMES, WORDS = tuple(_NAMES.split()), tuple(_WORDS.split())


def facts(key: Key, count: int, *, unseen: bool) -> list[tuple[str, str]]:
    """Names with their words; a name has one word, and a word one name. A fifth of all pairs are unseen ones: they are
    in no context that is trained on."""
    found: list[tuple[str, str]] = []
    pairs = (
        (name, word)
        for round_ in range(64)
        for name, word in zip(
            (key / "names" / round_).permutation(len(NAMES)),
            (key / "words" / round_).permutation(len(WORDS)),
            strict=True,
        )
    )
    for name, word in pairs:
        fresh = all(NAMES[name] != other[0] and WORDS[word] != other[1] for other in found)
        if fresh and ((7 * name + 3 * word) % 5 == 0) == unseen:
            found.append((NAMES[name], WORDS[word]))
        if len(found) == count:
            return found
    raise ValueError(f"no {count} facts")


def statement(name: str, word: str) -> str:
    """A fact as a sentence."""
    return f"The code word of {name} is {word}."


def question(names: Sequence[str]) -> str:
    """What asks for the words of names."""
    if len(names) == 1:
        return f"What is the code word of {names[0]}?"
    return f"What are the code words of {', '.join(names[:-1])} and {names[-1]}?"


def rows(key: Key, count: int, per_context: int, *, unseen: bool) -> list[dict[str, Any]]:
    """Contexts, each with a question: every second one for one name, the others for all of them in another order."""
    found: list[dict[str, Any]] = []
    for at in range(count):
        here = key / at
        known = facts(here, per_context, unseen=unseen)
        asked = [known[place] for place in (here / "asked").permutation(per_context)]
        if unseen or at % 2:
            asked = asked[:1]
        found.append(
            {
                "context": " ".join(statement(*one) for one in known),
                "prompt": question([name for name, _ in asked]),
                "completion": " ".join(statement(*one) for one in asked),
                "word": asked[0][1],
            }
        )
    return found


def write(path: Path, given: Sequence[dict[str, Any]]) -> Path:
    """Rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    return path
