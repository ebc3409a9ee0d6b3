"""The prover against going through all models, and what it says in hard cases."""

from __future__ import annotations

import shutil
from itertools import combinations

import pytest
from enumeration import holds, label_of, monadic_models, small_models, valuations
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.logic import process, prover
from passel.logic.prover import available, decide, solve
from passel.logic.syntax import Atom, Connective, Formula, Function, Not, Quantified, Variable
from passel.logic.theory import Theory, read_theory

pytest.importorskip("cvc5", reason="needs the extra logic")
NAMES = [f"p{i}" for i in range(6)]
SOLVERS = pytest.mark.parametrize("solver", available())


def fact(name: str, holds: bool = True) -> Formula:
    atom = Atom(name, (Function("a"),))
    return atom if holds else Not(atom)


signed = st.builds(fact, st.sampled_from(NAMES), st.booleans())
plain = st.sampled_from(NAMES).map(fact)


def rules(literals: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    bodies = st.lists(literals, min_size=1, max_size=3).map(lambda ps: Connective("∧", (*ps, ps[0])))
    return st.builds(lambda body, head: Connective("→", (body, head)), bodies, literals)


def theories(literals: st.SearchStrategy[Formula]) -> st.SearchStrategy[Theory]:
    premises = st.lists(st.one_of(literals, rules(literals), rules(literals)), min_size=1, max_size=9).map(tuple)
    return st.builds(Theory, premises, signed)


@given(theories(plain))
@settings(max_examples=150, deadline=None)
def test_ground_horn_theories_are_decided_as_by_all_models(theory):
    found = decide(theory)
    assert found.label == label_of(valuations(NAMES), theory.premises, theory.conclusion)
    assert found.stop == "decided"
    assert found.contradictory is False


@given(theories(signed))
@settings(max_examples=150, deadline=None)
def test_ground_theories_with_negation_are_too_and_contradictions_are_told(theory):
    found = decide(theory)
    models = [m for m in valuations(NAMES) if all(holds(one, m) for one in theory.premises)]
    assert found.label == label_of(valuations(NAMES), theory.premises, theory.conclusion)
    assert found.contradictory is (not models)


X = Variable("x")
one_place = st.builds(Atom, st.sampled_from("PQ"), st.sampled_from([(X,), (Function("a"),), (Function("b"),)]))


@st.composite
def monadic(draw: st.DrawFn, deep: int = 3) -> Formula:
    if not deep or draw(st.integers(0, 4)) == 0:
        return draw(one_place)
    kind = draw(st.sampled_from("¬∀∃∧∨→↔⊕"))
    if kind == "¬":
        return Not(draw(monadic(deep - 1)))
    if kind in "∀∃":
        return Quantified(kind, "x", draw(monadic(deep - 1)))  # type: ignore[arg-type]
    return Connective(kind, (draw(monadic(deep - 1)), draw(monadic(deep - 1))))  # type: ignore[arg-type]


def bound(formula: Formula) -> Formula:
    return Quantified("∀", "x", formula)


@given(st.lists(monadic().map(bound), max_size=3).map(tuple), monadic().map(bound))
@settings(max_examples=150, deadline=None)
def test_monadic_problems_are_decided_exactly(premises, conclusion):
    """Monadic logic has the finite model property, so that going through kinds of things decides it."""
    found = decide(Theory(premises, conclusion))
    assert found.label == label_of(monadic_models("PQ", "ab"), premises, conclusion)


two_places = st.builds(
    Atom, st.just("R"), st.sampled_from([(X, Function("a")), (Variable("y"), X), (X, Variable("y")), (X, X)])
)


@given(
    st.lists(st.tuples(st.sampled_from("∀∃"), st.sampled_from("∀∃"), two_places, two_places), max_size=3), two_places
)
@settings(max_examples=100, deadline=None)
def test_no_proof_where_there_is_a_small_countermodel(shapes, conclusion):
    def quantified(first, second, body):
        return Quantified(first, "x", Quantified(second, "y", body))

    premises = tuple(quantified(a, b, Connective("∨", (one, Not(two)))) for a, b, one, two in shapes)
    goal = quantified("∀", "∃", conclusion)
    found = decide(Theory(premises, goal), seconds=4.0)
    labels = {holds(goal, m) for m in small_models((), "R", "a", 2) if all(holds(one, m) for one in premises)}
    assert found.label not in {"True"} or False not in labels
    assert found.label not in {"False"} or True not in labels
    assert found.label != "Unknown" or found.contradictory is False


PROBLEMS = [
    (["∀x (Man(x) → Mortal(x))", "Man(socrates)"], "Mortal(socrates)", "True"),
    (["∀x (Man(x) → Mortal(x))", "Man(socrates)"], "¬Mortal(socrates)", "False"),
    (["∀x (Man(x) → Mortal(x))", "Mortal(plato)"], "Man(plato)", "Unknown"),
    ([], "∃x (P(x) ∨ ¬P(x))", "True"),  # no domain is empty
    (["P(a)"], "a = b", "Unknown"),  # two names may name one thing
    (["a = b", "P(a)"], "P(b)", "True"),
    (["∀x (f(f(x)) = x)", "P(f(f(a)))"], "P(a)", "True"),
    (["∀x ∃y Larger(y, x)", "∀x ∀y (Larger(x, y) → ¬Larger(y, x))"], "Larger(a, b)", "Unknown"),
    (["A ⊕ B ⊕ C", "A"], "B", "False"),
    (["(A ⊕ B) ⊕ C", "A", "B"], "C", "True"),
    (["N(z)", "∀x (N(x) → N(s(x)))"], "N(" + "s(" * 20 + "z" + ")" * 21, "True"),
]


@pytest.mark.parametrize(("premises", "conclusion", "label"), PROBLEMS)
@SOLVERS
def test_each_solver_decides(solver, premises, conclusion, label):
    theory = read_theory(premises, conclusion)
    assert isinstance(theory, Theory)
    if solver == "cvc5":
        assert decide(theory, solvers=[solver]).label == label
    else:  # they may come to no end, but never to another label
        assert decide(theory, seconds=1.0, solvers=[solver]).label in (label, "Error")


def test_contradictory_premises_prove_the_conclusion_and_say_so():
    found = decide(read_theory(["P(a)", "¬P(a)"], "Q(b)"))  # type: ignore[arg-type]
    assert (found.label, found.contradictory) == ("True", True)
    assert "contradict" in found.reason


def pigeons(holes: int) -> list[Formula]:
    things = [Function(f"pigeon{i}") for i in range(holes + 1)]
    inside = [Connective("∨", tuple(Atom(f"in{hole}", (thing,)) for hole in range(holes))) for thing in things]
    alone = [
        Not(Connective("∧", (Atom(f"in{hole}", (one,)), Atom(f"in{hole}", (other,)))))
        for hole in range(holes)
        for one, other in combinations(things, 2)
    ]
    return inside + alone


def test_time_that_runs_out_is_an_error_and_the_next_question_is_answered():
    found = decide(Theory(tuple(pigeons(14)), Atom("Q", ())), seconds=0.2, solvers=["cvc5"])
    assert (found.label, found.stop, found.contradictory) == ("Error", "timeout", None)
    assert decide(read_theory(["P"], "P")).label == "True"  # type: ignore[arg-type]


def test_a_solver_that_overruns_is_killed_and_replaced(monkeypatch):
    monkeypatch.setattr(process, "_GRACE", -59.8)
    assert solve(pigeons(14), 60.0, ["cvc5"]) == ("unknown", "cvc5: timeout")
    monkeypatch.undo()
    assert solve(pigeons(3), 60.0, ["cvc5"]) == ("unsat", "")


def test_a_solver_that_breaks_down_is_an_error_too(monkeypatch):
    monkeypatch.setattr(prover, "ask", lambda *_: ("unknown", "the solver came to an end"))
    found = decide(Theory((), Atom("Q", ())), solvers=["cvc5"])
    assert (found.label, found.stop) == ("Error", "failed")
    assert "came to an end" in found.reason


def test_scripts_cannot_be_commands():
    """Names are numbered in what a solver is given."""
    theory = Theory((Atom(") (exit) (assert p", (Function('"|;)'),)),), Atom("set-logic", ()))
    assert decide(theory).label == "Unknown"


@pytest.mark.skipif(not shutil.which("eprover"), reason="needs eprover")
def test_a_second_solver_finds_what_has_infinite_models_alone():
    theory = read_theory(["∀x (s(x) ≠ zero)", "∀x ∀y (s(x) = s(y) → x = y)"], "P(zero)")
    assert isinstance(theory, Theory)
    assert decide(theory, seconds=0.3, solvers=["cvc5"]).stop == "timeout"
    assert decide(theory, seconds=1.0, solvers=["cvc5", "eprover"]).label == "Unknown"


def test_no_time_is_a_usage_error_and_so_is_no_solver(monkeypatch):
    with pytest.raises(UsageError, match="seconds must be more than 0"):
        decide(Theory((), Atom("Q", ())), seconds=0)
    monkeypatch.setattr(prover, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"passel\[logic\]"):
        decide(Theory((), Atom("Q", ())))
