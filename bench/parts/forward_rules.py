"""ProofWriter's own way to a label: rules run forward from the facts, never backwards and never by cases."""

from __future__ import annotations

from collections.abc import Iterator

from passel.logic.syntax import Atom, Connective, Formula, Function, Not, Quantified, Variable
from passel.logic.theory import Theory

__all__ = ["forward_label"]

_Literal = tuple[bool, str, tuple[str, ...]]


def forward_label(theory: Theory) -> str:
    """True or False if the conclusion or its negation is reached from the facts, True if both are; else Unknown."""
    literals = [_literal(one, "") for one in theory.premises if not isinstance(one, Connective | Quantified)]
    conclusion = _literal(theory.conclusion, "")
    things = sorted(_things(theory))
    rules = [rule for premise in theory.premises for rule in _ground(premise, things)]
    known = set(literals)
    while new := {head for body, head in rules if head not in known and all(one in known for one in body)}:
        known |= new
    if conclusion in known:
        return "True"
    return "False" if (not conclusion[0], *conclusion[1:]) in known else "Unknown"


def _ground(formula: Formula, things: list[str]) -> Iterator[tuple[list[_Literal], _Literal]]:
    general = isinstance(formula, Quantified)
    rule = formula.body if isinstance(formula, Quantified) else formula
    if not isinstance(rule, Connective):
        return
    body, head = rule.parts
    clauses = body.parts if isinstance(body, Connective) else (body,)
    for thing in things if general else [""]:
        yield [_literal(one, thing) for one in clauses], _literal(head, thing)


def _literal(formula: Formula, thing: str) -> _Literal:
    atom = formula.body if isinstance(formula, Not) else formula
    assert isinstance(atom, Atom)
    names = tuple(thing if isinstance(one, Variable) else one.name for one in atom.arguments)
    return not isinstance(formula, Not), atom.name, names


def _things(theory: Theory) -> set[str]:
    def inside(formula: Formula) -> Iterator[str]:
        match formula:
            case Atom(_, arguments):
                yield from (one.name for one in arguments if isinstance(one, Function))
            case Not(body) | Quantified(_, _, body):
                yield from inside(body)
            case Connective(_, parts):
                for part in parts:
                    yield from inside(part)
            case _:
                return

    return {name for formula in (*theory.premises, theory.conclusion) for name in inside(formula)}
