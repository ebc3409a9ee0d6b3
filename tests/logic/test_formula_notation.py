"""Reading formulas: notations, slips, faults, and print -> parse."""

from __future__ import annotations

import pytest
from formulas import closed
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.logic.parser import Fault, Parsed, parse
from passel.logic.syntax import Equal, Function, Not, show


def read(text: str) -> str:
    found = parse(text)
    assert isinstance(found, Parsed), str(found)
    return show(found.formula)


def repairs(text: str) -> tuple[str, ...]:
    found = parse(text)
    assert isinstance(found, Parsed), str(found)
    return found.repairs


@given(closed())
@settings(max_examples=100, deadline=None)
def test_what_is_printed_is_read_back_as_it_was(formula):
    found = parse(show(formula))
    assert isinstance(found, Parsed), str(found)
    assert found.formula == formula
    assert all("exactly one" in repair for repair in found.repairs)


SIGNS = st.sampled_from([*"∀∃¬∧∨⊕→↔=()[],.:-~!?|&^$'’\" xyzPQab1", "->", "all ", "exists ", "\\land ", "\\text{", "v "])


@given(st.one_of(st.text(max_size=60), st.lists(SIGNS, max_size=40).map("".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_formula_or_a_fault_and_what_is_read_is_stable(text):
    found = parse(text)
    if isinstance(found, Fault):
        assert 0 <= found.at <= len(text)
        assert found.message
    else:
        again = parse(show(found.formula))
        assert isinstance(again, Parsed), (show(found.formula), str(again))
        assert again.formula == found.formula


CAT = "∀x (Cat(x) → ¬Dog(x))"


@pytest.mark.parametrize(
    "text",
    [
        "∀x (Cat(x) → ¬Dog(x))",
        "∀x(Cat(x)→¬Dog(x))",
        "  ∀x  (Cat (x)→ ¬ Dog (x)) ",
        "all x. (Cat(x) -> -Dog(x))",
        "all x.(Cat(x) -> -Dog(x)).",
        "all x (Cat(x) -> -Dog(x)).",
        "all x.Cat(x) -> ~Dog(x)",
        "forall x: Cat(x) => !Dog(x)",
        "For all x, Cat(x) implies not Dog(x)",
        "ForAll(x, Cat(x) ==> ~Dog(x))",
        "∀x [Cat(x) ⊃ ~Dog(x)]",
        "! [x] : (Cat(x) => ~ Dog(x))",
        r"\forall x (Cat(x) \to \neg Dog(x))",
        r"$\forall x \, \left( \text{Cat}(x) \Rightarrow \lnot \mathrm{Dog}(x) \right)$",
        "∀x. Cat(x) ⇒ ¬Dog(x)",
        "∀x (¬Dog(x) ← Cat(x))",
        "∀(x) (Cat(x) ⟶ ¬Dog(x))",
    ],
)
def test_one_formula_in_many_notations(text):
    assert read(text) == CAT
    assert repairs(text) == ()


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("exists x. (P(x) & Q(x))", "∃x (P(x) ∧ Q(x))"),
        ("There exists an x such that P(x)", None),
        ("there exists x such that P(x) and Q(x)", "∃x (P(x) ∧ Q(x))"),
        ("∀x ∃y Likes(x, y)", "∀x ∃y (Likes(x, y))"),
        ("∀x, y (R(x, y) ↔ R(y, x))", "∀x ∀y (R(x, y) ↔ R(y, x))"),
        ("all x y.(R(x,y) <-> R(y,x))", "∀x ∀y (R(x, y) ↔ R(y, x))"),
        ("∀x∀y R(x,y)", "∀x ∀y (R(x, y))"),
        ("? [X, Y] : (r(X,Y) <~> q(X))", "∃X ∃Y (r(X, Y) ⊕ q(X))"),
        ("P(a) XOR Q(a)", "P(a) ⊕ Q(a)"),
        ("A /\\ B \\/ C", "(A ∧ B) ∨ C"),
        ("A ∧ B ⊕ C → D ↔ E", "(((A ∧ B) ⊕ C) → D) ↔ E"),
        ("A -> B -> C", "A → (B → C)"),
        ("P(a) v Q(b)", "P(a) ∨ Q(b)"),
        ("¬¬P(a)", "¬¬P(a)"),
        ("-(P(a) & -Q(a))", "¬(P(a) ∧ ¬Q(a))"),
        ("∀x (x = a ∨ x ≠ b)", "∀x (x = a ∨ ¬(x = b))"),
        ("f(a) == b", "f(a) = b"),
        ("¬∃x P(x)", "¬(∃x (P(x)))"),
        ("(∀x P(x)) → (∃x P(x))", "(∀x (P(x))) → (∃x (P(x)))"),
        ("∀x P(x) → ∃x Q(x)", "(∀x (P(x))) → (∃x (Q(x)))"),
    ],
)
def test_notations(text, formula):
    if formula is None:
        assert isinstance(parse(text), Fault)
    else:
        assert read(text) == formula


@pytest.mark.parametrize(
    ("text", "formula", "repair"),
    [
        ("∀x (P(x) → Q(x)))", "∀x (P(x) → Q(x))", "')' without '(' left out"),
        ("∀x (P(x) → (Q(x) ∨ R(x))", "∀x (P(x) → (Q(x) ∨ R(x)))", "1 missing ')' added at the end"),
        ("(A ∧ B) ∨ ¬A ∧ ¬B)", "(A ∧ B) ∨ (¬A ∧ ¬B)", "')' without '(' left out"),
        ("∀x (Self-employed(x) → Happy(x))", "∀x (Self_employed(x) → Happy(x))", "name 'Self-employed' written"),
        ("Companies’Stocks(kO)", "Companies_Stocks(kO)", "name 'Companies’Stocks' written"),
        ("Tall(captain america)", "Tall(captain_america)", "name 'captain america' written"),
        ('Tall("Captain America")', "Tall(Captain_America)", "name 'Captain America' written"),
        ("Rides Bike(tom)", "Rides_Bike(tom)", "name 'Rides Bike' written"),
        ("In(x1, c++)", "∀x1 (In(x1, c_plus_plus))", "name 'c++' written"),
        ("Valued(yale, y42.3billion)", "Valued(yale, y42_3billion)", "name 'y42.3billion' written"),
        ("∀x P(x) → Q(x)", "∀x (P(x) → Q(x))", "a quantifier reaches to the end"),
        ("P(x) → Q(x)", "∀x (P(x) → Q(x))", "free variable x taken as for all x"),
        ("∃x (P(x) ∧ R(x, y))", "∀y ∃x (P(x) ∧ R(x, y))", "free variable y taken as for all y"),
        ("∀x (P(x), R(x) → Q(x))", "∀x ((P(x) ∧ R(x)) → Q(x))", "a comma between formulas read as ∧"),
        ("A ⊕ B ⊕ C", "A ⊕ B ⊕ C", "3 formulas joined by ⊕ read as exactly one of them"),
        ("Age(tom) > 5", "Greater(Age(tom), 5)", "comparison > read as a predicate"),
    ],
)
def test_slips_are_repaired_and_reported(text, formula, repair):
    assert read(text) == formula
    assert any(repair in one for one in repairs(text)), repairs(text)


def test_a_bracketed_choice_of_a_choice_is_no_choice_among_three():
    assert repairs("(A ⊕ B) ⊕ C") == ()
    assert read("(A ⊕ B) ⊕ C") == "(A ⊕ B) ⊕ C"


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 0, "a formula expected, not the end"),
        ("∀x (P(x) → )", 11, "a formula expected, not ')'"),
        ("∃x (Country(x) Nearby(b, x))", 15, "')' expected, not 'Nearby'"),
        ("All cats are animals of some kind.", 0, "words where a formula was expected"),
        ("Cats are animals.", 0, "words where a formula was expected"),
        ("P(a ∧ b)", 4, "')' expected, not '∧'"),
        ("∀x x", 3, "expected"),
        ("∀ (P(a))", 4, "expected"),
        ("P(a) # Q(a)", 5, "an operator or the end expected, not '#'"),
        ("(" * 60 + "A", 51, "nested more than 50 deep"),
        ("¬" * 60 + "A", 51, "nested more than 50 deep"),
        ("f(" * 60 + "a", 102, "nested more than 50 deep"),
        ("A → " * 60 + "A", 204, "nested more than 50 deep"),
        (" ⊕ ".join(["A"] * 40), 157, "more than 32 formulas joined by ⊕"),
        ("A ∧ " * 2000 + "A", 4000, "longer than 4000 characters"),
    ],
)
def test_a_fault_says_what_and_where(text, at, message):
    fault = parse(text)
    assert isinstance(fault, Fault)
    assert message in str(fault)
    assert fault.at == at


def test_inequality_is_a_negated_equation():
    found = parse("a ≠ b")
    assert found == Parsed(Not(Equal(Function("a"), Function("b"))))
