"""Premises and a conclusion, read from texts together: one name is spelt in one way, and sizes are bounded."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain

from passel.logic.parser import Fault, parse
from passel.logic.syntax import Atom, Formula, Function, Variable, atoms, functions, renamed, size

__all__ = ["Theory", "read_theory", "unify"]

MAX_PREMISES, MAX_SIZE = 200, 10_000


@dataclass(frozen=True, slots=True)
class Theory:
    """Premises and a conclusion. `repairs` lists the repairs that were needed to read them, as "premise 3: …"."""

    premises: tuple[Formula, ...]
    conclusion: Formula
    repairs: tuple[str, ...] = ()


def read_theory(premises: Sequence[str], conclusion: str) -> Theory | Fault:
    """Parses all formulas and makes their names agree; a Fault names the first formula that cannot be read.

    Empty premises are left out. Sizes are bounded: at most 200 premises and 10,000 operators, atoms and terms.
    """
    if len(premises) > MAX_PREMISES:
        return Fault("", 0, f"{len(premises)} premises, more than {MAX_PREMISES}")
    formulas: list[Formula] = []
    repairs: list[str] = []
    total = 0
    for number, text in enumerate([*premises, conclusion], 1):
        last = number > len(premises)
        where = "conclusion" if last else f"premise {number}"
        if not last and not text.strip():
            repairs.append(f"{where}: empty, left out")
            continue
        found = parse(text)
        if isinstance(found, Fault):
            return Fault(found.text, found.at, f"{where}: {found.message}")
        total += size(found.formula)
        if total > MAX_SIZE:
            return Fault("", 0, f"formulas with more than {MAX_SIZE} operators, atoms and terms together")
        formulas.append(found.formula)
        repairs += [f"{where}: {repair}" for repair in found.repairs]
    unified, more = unify(formulas)
    return Theory(tuple(unified[:-1]), unified[-1], (*repairs, *more))


def unify(formulas: Sequence[Formula]) -> tuple[list[Formula], list[str]]:
    """The formulas with one spelling for names that differ only in capitals and `_`, and the changes.

    The first spelling is kept. Names of one or two characters are left as they are, so that `a` and `A` stay two. A
    predicate with differing numbers of arguments stays several predicates; that is reported too.
    """
    predicates = list(dict.fromkeys((atom.name, len(atom.arguments)) for atom in _predicates(formulas)))
    terms = list(dict.fromkeys((f.name, len(f.arguments)) for f in chain.from_iterable(map(functions, formulas))))
    atom_names, term_names = _spellings(predicates), _spellings(terms)
    repairs = [
        f"{what} {name} is the same as {kept}"
        for what, names in (("predicate", atom_names), ("name", term_names))
        for (name, _), kept in names.items()
    ]
    counts: dict[str, set[int]] = {}
    for name, arity in predicates:
        counts.setdefault(atom_names.get((name, arity), name), set()).add(arity)
    for name, found in counts.items():
        if len(found) > 1:
            numbers = " and ".join(map(str, sorted(found)))
            repairs.append(f"predicate {name} has {numbers} arguments: taken as {len(found)} predicates")

    def term(one: Function, bound: frozenset[str]) -> Function | Variable:
        return Function(term_names.get((one.name, len(one.arguments)), one.name), one.arguments)

    def atom(one: Atom) -> str:
        return atom_names.get((one.name, len(one.arguments)), one.name)

    return [renamed(formula, atom, term) for formula in formulas], repairs


def _predicates(formulas: Sequence[Formula]) -> list[Atom]:
    return [atom for atom in chain.from_iterable(map(atoms, formulas)) if isinstance(atom, Atom)]


def _spellings(symbols: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """New spellings, only for symbols that change."""
    kept: dict[Hashable, str] = {}
    changed: dict[tuple[str, int], str] = {}
    for name, arity in symbols:
        plain = re.sub("_", "", name).casefold()
        first = kept.setdefault((plain if len(plain) > 2 else name, arity), name)
        if first != name:
            changed[name, arity] = first
    return changed
