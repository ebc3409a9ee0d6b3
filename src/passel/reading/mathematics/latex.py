"""LaTeX with one spelling for each thing, for comparing."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["clean", "split_top", "unwrapped", "words_of"]


def _set(match: re.Match[str]) -> str:
    return rf"\mathbb{{{match[1] or 'R'}}} "


def _root(match: re.Match[str]) -> str:
    return rf"\sqrt{{{match[1] or match[2]}}}"


_SPELLINGS: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\\(?:d|t|c)frac"), r"\\frac"),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|q?quad)(?![a-zA-Z])"), ""),
    (re.compile(r"\\[!,;:> ]|~|\\\\?(?=\s*$)"), " "),
    (re.compile(r"\\(?:math(?:rm|it|bf|sf)|operatorname)\s*\{\s*([A-Za-z])\s*\}"), r"\1"),  # \mathrm{e}
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degree|°"), " degrees"),
    (re.compile(r"\\%|%|\\ ?percent"), " percent"),
    (re.compile(r"\\\$|\$|€|£"), ""),
    (re.compile(r"(?<=\d)\{,\}(?=\d{3})|(?<=\d),\\!(?=\d{3})"), ""),
    (re.compile(r"\\(?:ldots|dots|cdots|dotsc|dotsb)|\.\.\.|…"), r"\\ldots "),
    (re.compile(r"\\(?:leq|leqslant|le)(?![a-zA-Z])|≤"), r"\\le "),
    (re.compile(r"\\(?:geq|geqslant|ge)(?![a-zA-Z])|≥"), r"\\ge "),
    (re.compile(r"\\(?:neq|ne)(?![a-zA-Z])|≠"), r"\\ne "),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"∞|\+\s*\\infty|(?<![a-z])infinity"), r"\\infty "),
    (re.compile(r"∪"), r"\\cup "),
    (re.compile(r"∈"), r"\\in "),
    (re.compile(r"π"), r"\\pi "),
    (re.compile(r"√\s*(\d+|\w)"), r"\\sqrt{\1}"),
    (re.compile(r"−|–"), "-"),
    (re.compile(r"×"), r"\\times "),
    (re.compile(r"·|\\cdot(?![a-z])"), r"\\times "),
    (re.compile(r"\\(?:emptyset|varnothing)|∅"), r"\\emptyset "),
    (re.compile(r"\\mathbb\s*\{?\s*([A-Z])\s*\}?|ℝ"), _set),
    (re.compile(r"\\(?:backslash|smallsetminus)(?![a-z])"), r"\\setminus "),
    (re.compile(r"\\(?:text|mbox|textrm|mathrm)\s*\{\s*(and|or|,)\s*\}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])"), " , "),
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s*(\d)\s*\{"), r"\\frac{\1}{"),
    (re.compile(r"\\frac\s*(\{[^{}]*\})\s*(\d)"), r"\\frac\1{\2}"),
    (re.compile(r"\\sqrt\s+?(\d)|\\sqrt(\d)"), _root),
    (re.compile(r"\\log_(\d)\s"), r"\\log_{\1} "),
]
_WRAPPED = re.compile(r"^\\(?:text|mbox|mathrm|textbf|mathbf|textit|boxed|fbox)\s*\{(.*)\}$", re.DOTALL)
_TEXT = re.compile(r"\\(?:text|mbox|mathrm|textbf|mathbf|textit|textrm)\s*\{([^{}]*)\}")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!)(?=\d{3})")
_OPEN, _CLOSE = "([{", ")]}"


def clean(text: str) -> str:
    """Returns LaTeX, or plain mathematics, in one spelling; trailing punctuation and dollars are gone."""
    text = unwrapped(_THOUSANDS.sub("", text.strip().strip("$").strip()))
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    text = re.sub(r"^\\[(\[]|\\[)\]]$", "", text.strip())
    return re.sub(r"\s+", " ", text).strip().rstrip(".,;: ")


def unwrapped(text: str) -> str:
    """Returns what stands in a \\text{…} that holds all of the text."""
    while (match := _WRAPPED.match(text)) and _balanced(match[1]):
        text = match[1].strip()
    return text


def words_of(text: str) -> str | None:
    """Returns the words of an answer that is words ("no solution", "Evelyn", "3:30 p.m."), for comparing; else None."""
    if re.search(r"\\(?!text|mbox|math|\s|,)[a-zA-Z]", text):
        return None
    bare = _TEXT.sub(r"\1", text).replace("{", "").replace("}", "").strip(" ()")
    bare = " ".join(bare.replace("\\", " ").split()).casefold().rstrip(".")
    if re.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]\.?\s?m\.?)?", bare):
        return bare.replace(".", "").replace(" ", "")
    if re.fullmatch(r"[^\W\d_]{2,}(?:[ '-][^\W\d_]+)*", bare) and not (text == bare and len(bare) < 4):
        return bare
    return bare if re.fullmatch(r"[a-z]", bare) else None


def split_top(text: str, separators: str) -> list[str]:
    """Splits at single characters that stand in no bracket."""
    parts, depth, start = list[str](), 0, 0
    for index, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth = max(0, depth - 1)
        elif depth == 0 and character in separators:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]]]


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
