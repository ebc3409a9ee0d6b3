"""Premises and conclusion together: names that agree, sizes that are bounded."""

from __future__ import annotations

import pytest

from passel.logic.parser import Fault
from passel.logic.syntax import show
from passel.logic.theory import Theory, read_theory


def theory(premises: list[str], conclusion: str) -> Theory:
    found = read_theory(premises, conclusion)
    assert isinstance(found, Theory), str(found)
    return found


def test_spellings_that_differ_in_capitals_and_signs_are_one_name():
    found = theory(["FootballPlayer(James_Bond)", "Footballplayer(jamesBond)"], "football-player(james-bond)")
    assert [show(one) for one in (*found.premises, found.conclusion)] == ["FootballPlayer(James_Bond)"] * 3
    assert "predicate Footballplayer is the same as FootballPlayer" in found.repairs
    assert "name jamesBond is the same as James_Bond" in found.repairs


def test_short_names_and_other_words_stay_apart():
    found = theory(["P(a)", "p(A)", "Meeting(tom)"], "Meetings(tom)")
    assert [show(one) for one in found.premises] == ["P(a)", "p(A)", "Meeting(tom)"]
    assert show(found.conclusion) == "Meetings(tom)"
    assert found.repairs == ()


def test_a_predicate_and_a_thing_may_share_a_name_without_being_one():
    found = theory(["Summer(x) → Love(mia, summer)"], "Love(mia, summer)")
    assert show(found.premises[0]) == "∀x (Summer(x) → Love(mia, summer))"


def test_a_bound_variable_is_not_taken_for_a_name():
    found = theory(["∀who (Cat(who) → Pet(who))", "Cat(Who)"], "Pet(Who)")
    assert show(found.premises[0]) == "∀who (Cat(who) → Pet(who))"


def test_differing_numbers_of_arguments_are_reported():
    found = theory(["Owns(tom)", "Owns(tom, rex)"], "Owns(tom)")
    assert found.repairs == ("predicate Owns has 1 and 2 arguments: taken as 2 predicates",)


def test_repairs_name_their_formula_and_empty_premises_are_left_out():
    found = theory(["P(a))", " "], "Q(x)")
    assert len(found.premises) == 1
    assert found.repairs == (
        "premise 1: ')' without '(' left out",
        "premise 2: empty, left out",
        "conclusion: free variable x taken as for all x",
    )


@pytest.mark.parametrize(
    ("premises", "conclusion", "message"),
    [
        (["P(a)", "P(a) →"], "Q", "premise 2: a formula expected, not the end at character 6"),
        (["P(a)"], "", "conclusion: a formula expected, not the end"),
        (["P(a)"] * 201, "P(a)", "201 premises, more than 200"),
        ([" ∧ ".join(["P(a, b, c)"] * 300)] * 10, "P(a)", "more than 10000 operators"),
    ],
)
def test_faults_name_the_formula(premises, conclusion, message):
    fault = read_theory(premises, conclusion)
    assert isinstance(fault, Fault)
    assert message in str(fault)
