"""First-order formulas as frozen trees, and their notation: ∀ ∃ ¬ ∧ ∨ ⊕ → ↔ =."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

__all__ = [
    "Atom",
    "Connective",
    "Equal",
    "Formula",
    "Function",
    "Not",
    "Operator",
    "Quantified",
    "Quantifier",
    "Term",
    "Variable",
    "atoms",
    "functions",
    "renamed",
    "show",
    "size",
    "universal",
]

Operator = Literal["∧", "∨", "⊕", "→", "↔"]
Quantifier = Literal["∀", "∃"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; a quantifier above it binds it."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function applied to terms; without arguments a constant."""

    name: str
    arguments: tuple[Term, ...] = ()


Term = Variable | Function


@dataclass(frozen=True, slots=True)
class Atom:
    """A predicate applied to terms; without arguments a proposition."""

    name: str
    arguments: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Equal:
    """Two terms name the same thing."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a formula."""

    body: Formula


@dataclass(frozen=True, slots=True)
class Connective:
    """Formulas joined by one operator: two or more by ∧, ∨ and ⊕, two by → and ↔. ⊕ says that exactly one holds."""

    operator: Operator
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Quantified:
    """A formula for every (∀) or for some (∃) value of a variable."""

    quantifier: Quantifier
    variable: str
    body: Formula


Formula = Atom | Equal | Not | Connective | Quantified


def show(formula: Formula) -> str:
    """The formula in Unicode notation. Every joined part is bracketed, so that no precedence needs to be known.

    >>> show(Quantified("∀", "x", Connective("→", (Atom("Cat", (Variable("x"),)), Not(Atom("Dog", (Variable("x"),)))))))
    '∀x (Cat(x) → ¬Dog(x))'
    """
    match formula:
        case Atom(name, arguments):
            return _applied(name, arguments)
        case Equal(left, right):
            return f"{_term(left)} = {_term(right)}"
        case Not(body):
            return f"¬{_part(body, Atom, Not)}"
        case Connective(operator, parts):
            return f" {operator} ".join(_part(part, Atom, Not, Equal) for part in parts)
        case Quantified(quantifier, variable, body):
            return f"{quantifier}{variable} {_part(body, Quantified)}"


def _part(formula: Formula, *bare: type) -> str:
    text = show(formula)
    return text if isinstance(formula, bare) else f"({text})"


def _term(term: Term) -> str:
    return term.name if isinstance(term, Variable) else _applied(term.name, term.arguments)


def _applied(name: str, arguments: tuple[Term, ...]) -> str:
    return f"{name}({', '.join(map(_term, arguments))})" if arguments else name


def atoms(formula: Formula) -> Iterator[Atom | Equal]:
    """The atoms and equations in it, from left to right."""
    match formula:
        case Atom() | Equal():
            yield formula
        case Not(body) | Quantified(_, _, body):
            yield from atoms(body)
        case Connective(_, parts):
            for part in parts:
                yield from atoms(part)


def functions(formula: Formula) -> Iterator[Function]:
    """The constants and function terms in it, from left to right."""
    for atom in atoms(formula):
        for term in atom.arguments if isinstance(atom, Atom) else (atom.left, atom.right):
            yield from _functions(term)


def _functions(term: Term) -> Iterator[Function]:
    if isinstance(term, Function):
        yield term
        for argument in term.arguments:
            yield from _functions(argument)


def size(formula: Formula) -> int:
    """Operators, quantifiers, atoms and terms in it; an exclusive choice of n counts its n * n pairs."""
    match formula:
        case Atom() | Equal():
            return 1 + sum(1 for _ in functions(formula))
        case Not(body) | Quantified(_, _, body):
            return 1 + size(body)
        case Connective(operator, parts):
            below = sum(map(size, parts))
            return 1 + below * (len(parts) if operator == "⊕" else 1)


def renamed(formula: Formula, atom: Callable[[Atom], str], term: Callable[[Function, frozenset[str]], Term]) -> Formula:
    """The same formula with other names.

    Args:
        atom: the new name of a predicate.
        term: the replacement of a constant or function, given the variables in scope; its arguments are replaced
            already.
    """

    def of_term(one: Term, bound: frozenset[str]) -> Term:
        if isinstance(one, Variable):
            return one
        return term(replace(one, arguments=tuple(of_term(below, bound) for below in one.arguments)), bound)

    def of(one: Formula, bound: frozenset[str]) -> Formula:
        match one:
            case Atom(_, arguments):
                return Atom(atom(one), tuple(of_term(below, bound) for below in arguments))
            case Equal(left, right):
                return Equal(of_term(left, bound), of_term(right, bound))
            case Not(body):
                return Not(of(body, bound))
            case Connective(operator, parts):
                return Connective(operator, tuple(of(part, bound) for part in parts))
            case Quantified(quantifier, variable, body):
                return Quantified(quantifier, variable, of(body, bound | {variable}))

    return of(formula, frozenset())


def universal(variables: tuple[str, ...], body: Formula) -> Formula:
    """The body for all values of the variables, the first variable outermost."""
    for variable in reversed(variables):
        body = Quantified("∀", variable, body)
    return body
