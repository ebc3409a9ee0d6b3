"""The verifier `logic` by scripts."""

from __future__ import annotations

import pytest
from judged_values import worth_of

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.tasks import LETTER, TRUE_FALSE_UNKNOWN
from passel.verifiers.logic import PROMPT, decide, logic, means, read_translation, shared_key, translation_prompt

PREMISES = ["Every cat is a pet.", "Tom is a cat."]
PROBLEM = Problem(
    "p1",
    "Every cat is a pet. Tom is a cat.\nTom is a pet?",
    read=TRUE_FALSE_UNKNOWN.reader(()),
    details={"premises": PREMISES, "conclusion": "Tom is a pet."},
)
OPTIONS = ("True", "False", "Unknown")
CHOICE = Problem("p2", "Tom is a pet?", read=LETTER.reader(OPTIONS), options=OPTIONS)


def written(conclusion: str = "Pet(tom)") -> str:
    return (
        "Premise: Every cat is a pet.\nFormula: ∀x (Cat(x) → Pet(x))\n"
        f"Premise: Tom is a cat.\nFormula: Cat(tom)\nConclusion: Tom is a pet.\nFormula: {conclusion}"
    )


def proved(label: str) -> Reply:
    return Reply(value={"label": label, "reason": "", "repairs": [], "contradictory": False, "seconds": 0.0})


def judged(script, text="The answer is True.", problem=PROBLEM, k=3):
    return play(logic(problem, text, key=Key() / "p1", k=k), script)


def test_it_is_the_share_of_usable_votes_for_the_texts_answer():
    script = [written("A"), written("B"), written("C"), proved("True"), proved("False"), proved("True")]
    assert worth_of(judged(script)) == pytest.approx(2 / 3)
    assert worth_of(judged(script, "The answer is False.")) == pytest.approx(1 / 3)
    assert worth_of(judged(script, "The answer is Unknown.")) == 0.0


def test_errors_are_dropped():
    script = [written("A"), written("B"), "no formulas", proved("Error"), proved("True")]
    assert worth_of(judged(script)) == 1.0
    assert worth_of(judged([written("A")] * 3 + [proved("Error")])) is None


def test_equal_translations_are_proved_once_and_each_has_its_vote():
    played = judged([written("A"), written("B"), written("A"), proved("True"), proved("False")])
    assert worth_of(played) == pytest.approx(2 / 3)
    assert [ask.kind for ask in played.asks] == ["generate"] * 3 + ["call"] * 2


def test_labels_are_letters_where_the_options_say_them():
    assert means(CHOICE, "Unknown") == {"C"}
    assert means(PROBLEM, "Unknown") == {"unknown"}
    assert means(Problem("1", "?", read=LETTER.reader(("True", "False"))), "Unknown") == set()
    script = [written("A"), written("B"), proved("Unknown"), proved("True")]
    assert worth_of(judged(script, "The answer is (C).", CHOICE, k=2)) == 0.5


def test_a_text_without_an_answer_costs_nothing():
    played = judged([], "I cannot tell whether")
    assert (worth_of(played), played.asks) == (None, [])


def test_the_translator_is_asked_in_its_role_at_the_papers_temperature_and_the_prover_for_formulas():
    played = judged([written(), proved("True")], k=1)
    draw, call = played.asks
    assert (draw.role, draw.sampling.temperature) == ("translator", 0.8)
    assert draw.key == shared_key(PROBLEM, Key()) / "draw" / 0
    assert draw.prompt[0].content.endswith(
        "Premise: Every cat is a pet.\nPremise: Tom is a cat.\nConclusion: Tom is a pet."
    )
    assert call.tool == "prover"
    assert call.arguments == {
        "premises": ["∀x (Cat(x) → Pet(x))", "Cat(tom)"],
        "conclusion": "Pet(tom)",
        "seconds": 10.0,
    }


def test_all_texts_of_a_problem_share_its_translations():
    keys = {judged([written(), proved("True")], text, k=1).asks[0].key for text in ("True", "False")}
    one = play(logic(PROBLEM, "True", key=Key() / "p1" / "verify" / 7, k=1), [written(), proved("True")])
    assert keys == {one.asks[0].key}


def test_without_sentences_the_whole_question_is_quoted():
    (message,) = translation_prompt(CHOICE)
    assert message.content == PROMPT + "Tom is a pet?"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (written(), (("∀x (Cat(x) → Pet(x))", "Cat(tom)"), "Pet(tom)")),
        ("**Premise 1:** a\n**Formula:** `P(a)`\n- Conclusion: b\n- Formula: Q(b)", (("P(a)",), "Q(b)")),
        ("Conclusion: b\nFormula: Q(b)", ((), "Q(b)")),
        ("1. Premise: a\nFormula: P(a)\n2. Conclusion: b\n\nFormula: Q(b)\nDone.", (("P(a)",), "Q(b)")),
        ("Premise: a\nFormula: P(a)", None),
        ("Conclusion: b\nFormula: Q(b)\nConclusion: c\nFormula: Q(c)", None),
        ("Conclusion: b\nFormula:", None),
        ("Formula: Q(b)", None),
        ("", None),
    ],
)
def test_formulas_are_found_in_what_the_model_writes(text, found):
    assert read_translation(text) == found


def test_failed_and_truncated_replies_are_errors():
    failed = Reply("failed", error="500")
    cut = Reply("length", written())
    assert worth_of(judged([failed, cut, written(), proved("True")])) == 1.0
    assert worth_of(judged([failed, cut, failed])) is None
    assert worth_of(judged([written()] * 3 + [failed])) is None


def decided(script, k=3):
    return play(decide(PROBLEM, key=Key(), k=k), script).value


def test_the_majority_decides_and_ties_go_to_the_first_seen():
    found = decided([written("A"), written("B"), "none", proved("False"), proved("True")])
    assert found.label == "False"
    assert dict(found.votes) == {"False": 1, "True": 1}
    assert (found.errors, found.stop) == (1, "done")
    assert [one.label for one in found.translations] == ["False", "True", "Error"]


def test_only_errors_are_no_label():
    found = decided(["none"] * 3)
    assert (found.label, found.errors) == (None, 3)


def test_a_budget_that_ends_midway_leaves_what_was_paid_for():
    found = decided([OutOfBudget(fits=2), written("A"), written("B"), OutOfBudget(), proved("True"), proved("True")])
    assert (found.label, found.stop, len(found.translations)) == ("True", "budget", 2)
    one = [written("A"), written("B"), written("C")]
    found = decided([*one, OutOfBudget(fits=1), proved("False")])
    assert (found.label, found.stop, dict(found.votes)) == ("False", "budget", {"False": 1})
    assert [one.label for one in found.translations] == ["False", None, None]
    found = decided([*one, OutOfBudget()])
    assert (found.label, found.stop, found.errors) == (None, "budget", 0)
    assert worth_of(judged([*one, OutOfBudget()])) is None


def test_nothing_paid_for_is_out_of_budget():
    with pytest.raises(OutOfBudget):
        decided([OutOfBudget()])
