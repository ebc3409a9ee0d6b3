"""Deciding by going through all models: slow, small, and written without a look at the prover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from passel.logic.syntax import Atom, Connective, Equal, Formula, Not, Quantified, Term, Variable

__all__ = ["Model", "holds", "label_of", "monadic_models", "small_models", "valuations"]


@dataclass(frozen=True)
class Model:
    size: int
    constants: Mapping[str, int]
    predicates: Mapping[str, frozenset[tuple[int, ...]]]


def holds(formula: Formula, model: Model, values: Mapping[str, int] | None = None) -> bool:
    values = values or {}

    def at(term: Term) -> int:
        return values[term.name] if isinstance(term, Variable) else model.constants[term.name]

    match formula:
        case Atom(name, arguments):
            return tuple(map(at, arguments)) in model.predicates[name]
        case Equal(left, right):
            return at(left) == at(right)
        case Not(body):
            return not holds(body, model, values)
        case Quantified(quantifier, variable, body):
            found = [holds(body, model, {**values, variable: one}) for one in range(model.size)]
            return all(found) if quantifier == "∀" else any(found)
        case Connective(operator, parts):
            truths = [holds(part, model, values) for part in parts]
    if operator == "∧":
        return all(truths)
    if operator == "∨":
        return any(truths)
    if operator == "⊕":
        return sum(truths) == 1
    return truths[0] == truths[1] if operator == "↔" else (not truths[0]) or truths[1]


def label_of(models: Iterator[Model], premises: Sequence[Formula], conclusion: Formula) -> str:
    """True first, as in LINC, so that contradictory premises entail everything."""
    truths = {holds(conclusion, model) for model in models if all(holds(one, model) for one in premises)}
    if False not in truths:
        return "True"
    return "Unknown" if True in truths else "False"


def valuations(names: Sequence[str]) -> Iterator[Model]:
    """All models of propositions about one thing."""
    for truths in product((False, True), repeat=len(names)):
        predicates = {name: frozenset({(0,)} if true else ()) for name, true in zip(names, truths, strict=True)}
        yield Model(1, {"a": 0}, predicates)


def monadic_models(predicates: Sequence[str], constants: Sequence[str]) -> Iterator[Model]:
    """Without equality a set of kinds of things (which predicates they have) is all that matters of a monadic model."""
    kinds = list(product((False, True), repeat=len(predicates)))
    for chosen in product((False, True), repeat=len(kinds)):
        there = [kind for kind, taken in zip(kinds, chosen, strict=True) if taken]
        extents = {
            name: frozenset((i,) for i, kind in enumerate(there) if kind[p]) for p, name in enumerate(predicates)
        }
        for named in product(range(len(there)), repeat=len(constants)) if there else ():
            yield Model(len(there), dict(zip(constants, named, strict=True)), extents)


def small_models(unary: Sequence[str], binary: Sequence[str], constants: Sequence[str], most: int) -> Iterator[Model]:
    """All models with up to so many things."""
    for size in range(1, most + 1):
        places = [(name, (i,)) for name in unary for i in range(size)]
        places += [(name, pair) for name in binary for pair in product(range(size), repeat=2)]
        for truths in product((False, True), repeat=len(places)):
            extents: dict[str, set[tuple[int, ...]]] = {name: set() for name in (*unary, *binary)}
            for (name, place), true in zip(places, truths, strict=True):
                if true:
                    extents[name].add(place)
            frozen = {name: frozenset(places) for name, places in extents.items()}
            for named in product(range(size), repeat=len(constants)):
                yield Model(size, dict(zip(constants, named, strict=True)), frozen)
