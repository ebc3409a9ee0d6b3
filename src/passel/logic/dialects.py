"""Formulas in the languages of provers: SMT-LIB 2 (z3, cvc5) and TPTP FOF (E).

Names are replaced by numbered ones, so that nothing in a formula can be read as a command or a keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from passel.logic.syntax import Atom, Connective, Equal, Formula, Not, Operator, Quantified, Term, Variable

__all__ = ["smtlib", "tptp"]


class _Names:
    """A numbered name for each symbol, by what it is and its number of arguments."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, int], str] = {}

    def of(self, kind: str, name: str, arity: int = 0) -> str:
        return self.known.setdefault((kind, name, arity), f"{kind}{len(self.known)}")


def smtlib(formulas: Sequence[Formula], domain: int | None = None) -> str:
    """Declarations and an assertion for each formula, over one uninterpreted sort.

    Args:
        domain: if given, the sort has at most this many elements.
    """
    names = _Names()
    asserted = [f"(assert {_smt(formula, names)})" for formula in formulas]
    lines = ["(declare-sort U 0)"]
    for (kind, _, arity), name in names.known.items():
        if kind != "X":
            lines.append(f"(declare-fun {name} ({' '.join(['U'] * arity)}) {'Bool' if kind == 'p' else 'U'})")
    if domain is not None:
        lines += [f"(declare-fun e{index} () U)" for index in range(domain)]
        among = " ".join(f"(= v e{index})" for index in range(domain))
        lines.append(f"(assert (forall ((v U)) (or {among} false)))")
    return "\n".join(lines + asserted)


_SMT: dict[Operator, str] = {"∧": "and", "∨": "or", "⊕": "xor", "→": "=>", "↔": "="}


def _smt(formula: Formula, names: _Names) -> str:
    match formula:
        case Atom(name, arguments):
            return _listed(names.of("p", name, len(arguments)), [_smt_term(one, names) for one in arguments])
        case Equal(left, right):
            return f"(= {_smt_term(left, names)} {_smt_term(right, names)})"
        case Not(body):
            return f"(not {_smt(body, names)})"
        case Connective("⊕", (_, _, _, *_) as parts):
            return _smt(_exactly_one(parts), names)
        case Connective(operator, parts):
            return _listed(_SMT[operator], [_smt(part, names) for part in parts])
        case Quantified(quantifier, variable, body):
            word = "forall" if quantifier == "∀" else "exists"
            return f"({word} (({names.of('X', variable)} U)) {_smt(body, names)})"


def _smt_term(term: Term, names: _Names) -> str:
    if isinstance(term, Variable):
        return names.of("X", term.name)
    return _listed(names.of("f", term.name, len(term.arguments)), [_smt_term(one, names) for one in term.arguments])


def _listed(head: str, rest: list[str]) -> str:
    return f"({head} {' '.join(rest)})" if rest else head


def _exactly_one(parts: Sequence[Formula]) -> Formula:
    pairs = [Not(Connective("∧", pair)) for pair in combinations(parts, 2)]
    return Connective("∧", (Connective("∨", tuple(parts)), *pairs))


def tptp(formulas: Sequence[Formula]) -> str:
    """An axiom for each formula; the prover looks for a contradiction among them."""
    names = _Names()
    return "\n".join(f"fof(a{i}, axiom, {_fof(formula, names)})." for i, formula in enumerate(formulas))


_FOF: dict[Operator, str] = {"∧": "&", "∨": "|", "⊕": "<~>", "→": "=>", "↔": "<=>"}


def _fof(formula: Formula, names: _Names) -> str:
    match formula:
        case Atom(name, arguments):
            return _call(names.of("p", name, len(arguments)), arguments, lambda one: _fof_term(one, names))
        case Equal(left, right):
            return f"({_fof_term(left, names)} = {_fof_term(right, names)})"
        case Not(body):
            return f"~ ({_fof(body, names)})"
        case Connective("⊕", (_, _, _, *_) as parts):
            return _fof(_exactly_one(parts), names)
        case Connective(operator, parts):
            return f"({f' {_FOF[operator]} '.join(_fof(part, names) for part in parts)})"
        case Quantified(quantifier, variable, body):
            return f"({'!' if quantifier == '∀' else '?'} [{names.of('X', variable)}] : {_fof(body, names)})"


def _fof_term(term: Term, names: _Names) -> str:
    if isinstance(term, Variable):
        return names.of("X", term.name)
    return _call(names.of("f", term.name, len(term.arguments)), term.arguments, lambda one: _fof_term(one, names))


def _call(head: str, arguments: Sequence[Term], write: Callable[[Term], str]) -> str:
    return f"{head}({', '.join(map(write, arguments))})" if arguments else head
