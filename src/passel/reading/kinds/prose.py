"""Answers that are words: how two texts are compared without touching what carries meaning."""

from __future__ import annotations

import re

from passel.reading.kinds.numerals import number, number_key

__all__ = ["exact", "normal", "plain", "symbols"]

_ARTICLES = re.compile(r"(?<![\w-])(?:a|an|the)\s+(?=[^\W\d_]{2,})")
_EDGES = " \t\n*`\"“”‘’'«»。，、；：！？!?;:"
_WORD_EDGES = "\"'“”‘’«»,;:!?。，、；：！？"
_SPACED = re.compile(r"\s*([()\[\]{}<>=+*/^|,]|(?<=\d)-(?=\s?\d))\s*")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")
_NOT_APPLICABLE = re.compile(r"^n\s*/\s*a\.?$")


def normal(text: str) -> str:
    """Returns a text for comparing: lower case, single spaces, no articles, no punctuation at the edges of words.

    After Rajpurkar et al. 2016 (arXiv 1606.05250), who leave out all punctuation; here numbers, signs, operators, dates
    and names such as C++ keep theirs, and a number is written one way.

    >>> [normal(text) for text in ("The Eiffel Tower.", "C++", "2/3", "1,234 apples", "Vitamin A", "( 1 , 2 )", "N/A")]
    ['eiffel tower', 'c++', '2/3', '1234 apples', 'vitamin a', '(1,2)', 'na']
    """
    folded = " ".join(text.casefold().split())
    if _NOT_APPLICABLE.match(folded):
        return "na"
    folded = _ARTICLES.sub("", _HYPHEN.sub(" ", folded.strip(_EDGES)))
    folded = _SPACED.sub(r"\1", folded) if re.search(r"[()\[\]{}<>=+*/^|]", folded) else folded
    words = [_word(word) for word in folded.split(" ")]
    return " ".join(word for word in words if word) or symbols(text)


def exact(text: str) -> str:
    """Returns the text with single spaces, otherwise as it is."""
    return " ".join(text.split())


def symbols(text: str) -> str:
    """Returns the text without any space."""
    return "".join(text.split())


def plain(text: str) -> str:
    """Returns an answer without the marks that models put around it (emphasis, quotes, dollars, a full stop).

    >>> plain('**"Zaire"**.'), plain("$x$"), plain("3:45 p.m.")
    ('Zaire', 'x', '3:45 p.m.')
    """
    text = text.strip().strip("\t\n*`“”\"'。 ").removesuffix("\\]").removeprefix("\\[").strip()
    if not re.search(r"\b\w\.\w\.$", text):
        text = text.removesuffix(".").rstrip("*`“”\"'。 ")
    if text.startswith("_") and text.endswith("_"):
        text = text.strip("_")
    if text.startswith("$") and text.endswith("$"):
        text = text.strip("$").strip()
    return text


def _word(word: str) -> str:
    bare = word.strip(_WORD_EDGES)
    if bare.endswith(".") and not re.search(r"\w\.\w\.$", bare):
        bare = bare.rstrip(".")
    if bare and (bare[0].isdigit() or bare[0] in "-.$€£") and (value := number(bare)) is not None:
        sign = next((c for c in bare if c in "$€£%"), "")
        return number_key(value) + sign
    return bare.removesuffix("'s").removesuffix("’s") if bare.endswith(("'s", "’s")) and len(bare) > 3 else bare
