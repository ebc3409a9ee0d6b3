"""The controlled English of ProofWriter and PrOntoQA."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from passel.logic.parser import Fault
from passel.logic.syntax import show
from passel.tasks import load

READER = Path(__file__).parents[2] / "bench" / "parts" / "controlled_english.py"
if not READER.exists():
    pytest.skip("bench is not here", allow_module_level=True)
spec = importlib.util.spec_from_file_location("controlled_english", READER)
assert spec
assert spec.loader
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)
read_english = reader.read_english


@pytest.mark.parametrize(
    ("sentence", "formula"),
    [
        ("Anne is kind.", "kind(anne)"),
        ("The bald eagle is not kind.", "¬kind(bald_eagle)"),
        ("The cat chases the bald eagle.", "chase(cat, bald_eagle)"),
        ("The bald eagle does not see the cat.", "¬see(bald_eagle, cat)"),
        ("All kind people are not blue.", "∀x (kind(x) → ¬blue(x))"),
        ("Big, cold things are young.", "∀x ((big(x) ∧ cold(x)) → young(x))"),
        ("If Anne is kind then Anne is big.", "kind(anne) → big(anne)"),
        ("If someone is red and not big then they are not rough.", "∀x ((red(x) ∧ ¬big(x)) → ¬rough(x))"),
        ("If something eats the dog and it is red then the dog is young.", "∀x ((eat(x, dog) ∧ red(x)) → young(dog))"),
        (
            "If someone visits the lion and they do not like the bald eagle then they see the cat.",
            "∀x ((visit(x, lion) ∧ ¬like(x, bald_eagle)) → see(x, cat))",
        ),
        ("Every wumpus is not sour.", "∀x (wumpus(x) → ¬sour(x))"),
        ("Each impus is a tumpus.", "∀x (impus(x) → tumpus(x))"),
        ("Jompuses are yumpuses.", "∀x (jompus(x) → yumpus(x))"),
        ("Max is an impus.", "impus(max)"),
    ],
)
def test_each_form_has_its_formula(sentence, formula):
    assert show(read_english(sentence)) == formula


@pytest.mark.parametrize("sentence", ["", "The cat.", "Most cats are kind to the dog.", "If Anne is kind, Bob is big."])
def test_other_english_is_a_fault(sentence):
    assert isinstance(read_english(sentence), Fault)


@pytest.mark.skipif(not os.environ.get("PASSEL_DATA"), reason="needs PASSEL_DATA")
@pytest.mark.parametrize("name", ["proofwriter:split=dev", "proofwriter", "prontoqa"])
def test_every_sentence_of_the_data_sets_is_read(name):
    problems = load(name).problems()
    assert len(problems) in (500, 600)
    for problem in problems:
        for sentence in [*problem.details["premises"], problem.details["conclusion"]]:
            assert sentence in problem.question
            assert not isinstance(read_english(sentence), Fault), sentence


@pytest.mark.skipif(not os.environ.get("PASSEL_DATA"), reason="needs PASSEL_DATA")
def test_folio_tells_its_sentences_and_no_formula():
    for problem in load("folio").problems():
        assert set(problem.details) == {"premises", "conclusion"}
        assert all(sentence in problem.question for sentence in problem.details["premises"])
        assert not any(sign in str(problem.details) for sign in "∀∃→")
