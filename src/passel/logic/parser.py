"""A parser of first-order formulas that accepts the usual notations and repairs slips of people and models."""

from __future__ import annotations

import re
from dataclasses import dataclass

from passel.logic.grammar import Grammar, Reading, Stop
from passel.logic.syntax import Formula, Function, Term, Variable, functions, renamed, universal

__all__ = ["Fault", "Parsed", "parse"]

MAX_TEXT = 4000
_FREE = re.compile(r"[u-z]\d?'*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no formula, and at which character of it."""

    text: str
    at: int
    message: str

    def __str__(self) -> str:
        return f"{self.message} at character {self.at} of {self.text[:120]!r}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A formula, and the repairs that were needed to read it."""

    formula: Formula
    repairs: tuple[str, ...] = ()


def parse(text: str) -> Parsed | Fault:
    """The formula in a text; a Fault says where it cannot be read. Every name comes out as letters, digits and `_`.

    Repaired, and reported: brackets that do not match; names with spaces, hyphens, apostrophes, dots or signs; a comma
    between formulas (∧); three or more formulas joined by ⊕ (exactly one); a quantifier whose variable is used beyond
    its brackets (reaches further); a free variable (u to z, or bound elsewhere in the formula: for all); comparisons
    (plain predicates).

    >>> parse("∀x (Cat(x) → Pet(x)))")
    Parsed(formula=Quantified(quantifier='∀', ... repairs=("')' without '(' left out",))
    >>> print(parse("all x. (Cat(x) -> & Pet(x))"))
    a formula expected, not '&' at character 18 of 'all x. (Cat(x) -> & Pet(x))'
    """
    if len(text) > MAX_TEXT:
        return Fault(text, MAX_TEXT, f"longer than {MAX_TEXT} characters")
    try:
        found = Grammar(text).parsed()
        if _loose(found.formula, found.bound):
            wide = _attempt(text)
            if wide and len(_loose(wide.formula, wide.bound)) < len(_loose(found.formula, found.bound)):
                found = wide
                found.repairs.append("a quantifier reaches to the end, for its variable is used there")
        return Parsed(_closed(found), tuple(dict.fromkeys(found.repairs)))
    except Stop as stop:
        return Fault(text, stop.at, stop.message)


def _attempt(text: str) -> Reading | None:
    try:
        return Grammar(text, wide=True).parsed()
    except Stop:
        return None


def _loose(formula: Formula, bound: set[str]) -> list[str]:
    """Constants that must be meant as variables."""
    names = (constant.name for constant in functions(formula) if not constant.arguments)
    return list(dict.fromkeys(name for name in names if name in bound or _FREE.fullmatch(name)))


def _closed(read: Reading) -> Formula:
    loose = tuple(_loose(read.formula, read.bound))
    if not loose:
        return read.formula
    read.repairs.extend(f"free variable {name} taken as for all {name}" for name in loose)

    def term(one: Function, bound: frozenset[str]) -> Term:
        return Variable(one.name) if one.name in loose and not one.arguments else one

    return universal(loose, renamed(read.formula, lambda atom: atom.name, term))
