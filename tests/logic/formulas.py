"""Formulas for hypothesis to draw."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from passel.logic.syntax import Atom, Connective, Equal, Formula, Function, Not, Quantified, Term, Variable

__all__ = ["closed", "names"]

WORDS = {"and", "or", "not", "xor", "iff", "implies", "all", "some", "every", "each", "exists", "forall", "v"}
VARIABLES = ("x", "y", "z", "x1", "who")
names = st.from_regex(r"[A-Za-tA-T][A-Za-z0-9_éß]{0,6}", fullmatch=True).filter(
    lambda name: name.lower() not in WORDS and name not in VARIABLES
)


def _terms(bound: Sequence[str], deep: int = 2) -> st.SearchStrategy[Term]:
    constants = names.map(Function)
    leaves: st.SearchStrategy[Term] = (
        st.one_of(constants, st.sampled_from([*bound]).map(Variable)) if bound else constants
    )
    if not deep:
        return leaves
    below = st.lists(_terms(bound, deep - 1), min_size=1, max_size=2).map(tuple)
    return st.one_of(leaves, leaves, st.builds(Function, names, below))


@st.composite
def closed(draw: st.DrawFn, bound: tuple[str, ...] = (), deep: int = 4) -> Formula:
    """A formula without free variables."""
    kind = draw(st.sampled_from(["atom", "equal", "not", "joined", "arrow", "quantified"])) if deep else "atom"
    terms = _terms(bound)
    if kind == "atom":
        return Atom(draw(names), tuple(draw(st.lists(terms, max_size=3))))
    if kind == "equal":
        return Equal(draw(terms), draw(terms))
    if kind == "not":
        return Not(draw(closed(bound, deep - 1)))
    if kind == "quantified":
        variable = draw(st.sampled_from(VARIABLES))
        return Quantified(draw(st.sampled_from("∀∃")), variable, draw(closed((*bound, variable), deep - 1)))
    if kind == "arrow":
        parts = draw(closed(bound, deep - 1)), draw(closed(bound, deep - 1))
        return Connective(draw(st.sampled_from("→↔")), parts)
    several = draw(st.lists(closed(bound, deep - 1), min_size=2, max_size=3))
    return Connective(draw(st.sampled_from("∧∨⊕")), tuple(several))
