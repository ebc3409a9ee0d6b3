"""Random problems with nested quantifiers, two relations, a function and equality: harder than any data set's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from passel.core.key import Key
from passel.logic.syntax import (
    Atom,
    Connective,
    Equal,
    Formula,
    Function,
    Not,
    Operator,
    Quantified,
    Quantifier,
    Term,
    Variable,
)
from passel.logic.theory import Theory

__all__ = ["random_theories"]


def random_theories(count: int, premises: int = 4, seed: int = 0) -> Iterator[Theory]:
    """Problems with so many premises each, and a conclusion of the same making."""
    for index in range(count):
        key = Key(seed) / "random logic" / index
        made = [_sentence(key / number) for number in range(premises + 1)]
        yield Theory(tuple(made[:-1]), made[-1])


def _sentence(key: Key) -> Formula:
    if (key / "closed").uniform() < 0.3:
        return _formula(key, (), 4)
    return Quantified("∀", "x", _formula(key, ("x",), 4))


def _formula(key: Key, bound: tuple[str, ...], deep: int) -> Formula:
    kind = (key / "kind").uniform()
    if not deep or kind < 0.1:
        return _atom(key, bound)
    if kind < 0.2:
        return Not(_formula(key / 0, bound, deep - 1))
    if kind < 0.6 and len(bound) < 3:
        variable = "xyz"[len(bound)]
        quantifier = cast(Quantifier, "∀∃"[(key / "quantifier").below(2)])
        return Quantified(quantifier, variable, _formula(key / 0, (*bound, variable), deep - 1))
    operator = cast(Operator, "∧∨→↔⊕"[(key / "operator").below(5)])
    return Connective(operator, (_formula(key / 0, bound, deep - 1), _formula(key / 1, bound, deep - 1)))


def _atom(key: Key, bound: tuple[str, ...]) -> Formula:
    kind = (key / "atom").uniform()
    left, right = _term(key / "left", bound), _term(key / "right", bound)
    if kind < 0.35:
        return Atom("PQ"[(key / "name").below(2)], (left,))
    return Atom("RS"[(key / "name").below(2)], (left, right)) if kind < 0.93 else Equal(left, right)


def _term(key: Key, bound: tuple[str, ...], deep: int = 1) -> Term:
    kind = key.uniform()
    if kind < 0.15 and deep:
        return Function("f", (_term(key / 0, bound, deep - 1),))
    if bound and kind < 0.8:
        return Variable(bound[(key / "variable").below(len(bound))])
    return Function("ab"[(key / "constant").below(2)])
