"""Answers that are text: normalised as in SQuAD, exact, or one of a few labels."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from passel.core.problem import Answer
from passel.tasks.parts.stated import first_line, last_line, plain, stated

__all__ = ["LabelReader", "exact", "normal", "read_exact", "read_symbols", "read_text", "symbols"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normal(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces (Rajpurkar et al. 2016, arXiv 1606.05250); a text of
    nothing else is only stripped of spaces.
    """
    words = _ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split()
    return " ".join(words) or symbols(text)


def exact(text: str) -> str:
    """Single spaces, otherwise as it is."""
    return " ".join(text.split())


def symbols(text: str) -> str:
    """Without any space."""
    return "".join(text.split())


def _found(text: str) -> str:
    lines = (plain(first_line(rest)) for rest in stated(text))
    return next((line for line in lines if line), "") or plain(last_line(text))


def read_text(text: str) -> Answer | None:
    """The stated answer, or the last line; compared as `normal` text."""
    found = _found(text)
    return Answer(found, normal(found)) if found else None


def read_exact(text: str) -> Answer | None:
    """The stated answer, or the last line; compared letter by letter."""
    found = _found(text)
    return Answer(found, exact(found)) if found else None


def read_symbols(text: str) -> Answer | None:
    """The stated answer, or the last line; compared without spaces."""
    found = _found(text)
    return Answer(found, symbols(found)) if found else None


@dataclass(frozen=True, slots=True)
class LabelReader:
    """Reads one of a few words: the one after the mark of a final answer, else the one that the text begins with, else
    the last one in it. `labels` maps each word in lower case to its answer, so that true can mean yes.
    """

    labels: Mapping[str, str]

    def __call__(self, text: str, /) -> Answer | None:
        word = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(self.labels, key=len, reverse=True))})(?!\w)", re.IGNORECASE)
        found = [word.search(first_line(rest)) for rest in stated(text)] + [word.match(text.lstrip(" \n*\"'"))]
        match = next((match for match in found if match), None)
        last = match.group() if match else next(reversed(word.findall(text)), None)
        return Answer(last, self.labels[last.lower()]) if last else None
