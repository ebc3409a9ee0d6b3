"""The signs of a formula, in whichever of the usual notations they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Token", "tokens"]


@dataclass(frozen=True, slots=True)
class Token:
    """One sign: `kind` is the sign itself in our notation, or "name", "compare", "odd" or "end"; `at` is where."""

    kind: str
    text: str
    at: int


def _words(*names: str) -> str:
    return rf"\\(?:{'|'.join(names)})(?![A-Za-z])"


_BINDS = r"(?=\s+[A-Za-z][\d_]*\b)|\b"  # a word is a quantifier before a variable, not in "all cats"
_ANY = rf"(?i:\b(?:for\s*all|for\s+every|for\s+each|every|each|all){_BINDS}forall(?=\s*[(\[]))"
_SOME = rf"(?i:\b(?:there\s+exists?|there\s+is|exists?|some){_BINDS}exists(?=\s*[(\[]))"
_PATTERNS = {
    "skip": r"\s+|\$+|\\(?:left|right|quad|qquad|big[lr]?)(?![A-Za-z])|\\[,;:!|\[\] ]",
    "styled": r"\\(?:text|textit|textbf|mathrm|mathit|mathsf|mathbf|operatorname)\{(?P<inner>[^{}]*)\}",
    "quoted": r"\"(?P<double>[^\"\n]{1,80})\"|(?<!\w)'(?P<single>[^'\n]{1,80})'",
    "⊕": rf"[⊕⊻≢]|<~>|{_words('oplus', 'veebar', 'lxor', 'not.equiv')}|(?i:\bxor\b)",
    "↔": rf"[↔⇔⟷⟺≡]|<-{{1,2}}>|<={{1,2}}>|{_words('[lL]eftrightarrow', 'iff', 'equiv')}|(?i:\biff\b)",
    "→": rf"[→⇒⟶⟹⊃➔]|-{{1,2}}>|={{1,2}}>|{_words('[rR]ightarrow', 'implies', 'to', 'supset')}|(?i:\bimplies\b)",
    "←": rf"[←⇐⟵]|{_words('[lL]eftarrow')}",
    "∧": rf"[∧⋀]|&&?|/\\|\^|{_words('land', 'wedge')}|(?i:\band\b)",
    "∨": rf"[∨⋁]|\|\|?|\\/|{_words('lor', 'vee')}|(?i:\bor\b)",
    "≠": rf"≠|!=|{_words('neq?')}",
    "∀": rf"∀|!(?=\s*\[)|{_words('forall')}|{_ANY}",
    "∃": rf"∃|\?|{_words('exists')}|{_SOME}",
    "compare": rf"[≥≤<>]=?|{_words('geq?', 'leq?')}",
    "=": r"==?",
    "¬": rf"[¬~−!-]|{_words('lnot', 'neg', 'not')}|(?i:\bnot\b)",
    "(": r"[(\[{]",
    ")": r"[)\]}]",
    ",": r"[,;]",
    ".": r"[.:]|(?i:\bsuch\s+that\b)",
    "name": r"\w(?:\w|\\_|['’`‑–-](?=\w)|\.(?=\w))*\+*['’]*",
    "odd": r".",
}
_SIGN = re.compile("|".join(f"(?P<k{index}>{pattern})" for index, pattern in enumerate(_PATTERNS.values())), re.DOTALL)
_KINDS = list(_PATTERNS)
_BOUND = re.compile(r"(?!such\s)\w+'*")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a formula, the last of kind "end". Names are given as written."""
    place, binding, last = 0, False, ""
    while place < len(text):
        match = _BOUND.match(text, place) if binding else None  # in "all x.P(x)" the dot is no part of a name
        kind = "name"
        if match is None:
            match = _SIGN.match(text, place)
            assert match is not None, "the last pattern matches any character"
            kind = next(_KINDS[index] for index in range(len(_KINDS)) if match[f"k{index}"] is not None)
        place = match.end()
        if kind == "skip":
            continue
        if match[0] == "v" and last == ")":
            kind = "∨"
        binding = kind in "∀∃" or (binding and (kind in ("name", ",") or (kind == "(" and last in "∀∃")))
        last = kind
        inner = next((match[name] for name in ("inner", "double", "single") if kind != "name" and match[name]), None)
        kind = "name" if inner else "odd" if kind in ("styled", "quoted") else kind
        yield Token(kind, inner or match[0], match.start())
    yield Token("end", "", len(text))
