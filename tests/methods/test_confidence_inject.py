"""Confidence injection by scripts: which steps are drawn again, and when a sure answer ends the text."""

from __future__ import annotations

import pytest

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.methods.confidence_inject import confidence_inject
from passel.methods.parts.doubts import PHRASES, doubts, reassurance

END = "\n\n"


def stated(text: str) -> Answer | None:
    words = text.rpartition("is")[2].split() if " is " in text else []
    return Answer(words[0].strip("."), words[0].strip(".")) if words else None


PROBLEM = Problem("1", "?", read=stated)


def step(text: str, tokens: int = 1) -> Reply:
    """A step that goes on."""
    return Reply(text=text, stop_text=END, usage=Usage(1, tokens))


def last(text: str, tokens: int = 1) -> Reply:
    return Reply(text=text, stop_text="", usage=Usage(1, tokens))


def sure(value: float | None):
    def detector(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
        yield from ()
        return value

    return detector


def inject(replies, *, confidence: float | None = 0.0, **options):
    return play(confidence_inject(PROBLEM, key=Key(), verifier=sure(confidence), **options), replies)


def test_a_doubting_step_is_drawn_again_behind_a_phrase():
    played = inject([step("x = 2"), step("Wait, let me see", 7), step("then y = 3"), last("It is 5.")])
    phrase = reassurance(Key() / 1)
    assert phrase in PHRASES
    start = f"x = 2{END}"
    assert [ask.prefix for ask in played.asks] == ["", start, start + phrase, f"{start}{phrase}then y = 3{END}"]
    assert played.value.text == f"x = 2{END}{phrase}then y = 3{END}It is 5."
    assert "Wait" not in played.value.text
    assert played.value.info == {"injected": [1], "stopped_early": False, "steps": 3}
    assert played.value.candidates[0].tokens == 10, "what was thrown away was paid for"


def test_a_step_that_doubts_even_behind_the_phrase_stays():
    played = inject([step("x = 2"), step("Wait"), step("Hmm, wait"), last("It is 5.")])
    assert len(played.asks) == 4
    assert "Hmm, wait" in played.value.text


def test_the_first_step_has_nothing_to_doubt():
    played = inject([step("Let me check the question first"), last("It is 5.")])
    assert len(played.asks) == 2
    assert played.value.info["injected"] == []


def test_a_sure_answer_ends_the_text():
    result = inject([step("x = 2"), step("So it is 5."), step("never")][:2], confidence=0.5).value
    assert (result.answer, result.text, result.stop) == (Answer("5", "5"), f"x = 2{END}So it is 5.", "done")
    assert result.info["stopped_early"]
    assert result.candidates[0].score == 0.5


@pytest.mark.parametrize("confidence", [0.49, None])
def test_an_answer_that_is_not_sure_does_not_end_it(confidence):
    result = inject([step("So it is 5."), last("No, it is 6.")], confidence=confidence).value
    assert result.answer == Answer("6", "6")
    assert not result.info["stopped_early"]


def test_the_detector_is_asked_only_where_there_is_an_answer():
    asked: list[str] = []

    def detector(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
        yield from ()
        asked.append(text)
        return 0.0

    flow = confidence_inject(PROBLEM, key=Key(), verifier=detector)
    play(flow, [step("x = 2"), step("it is 5"), last("It is 5.")])
    assert asked == [f"x = 2{END}it is 5"]


def test_the_last_step_is_drawn_to_the_end():
    played = inject([step("x = 2"), last("It is 5.\n\nIt is 6.")], depth=2)
    assert [ask.sampling.stop for ask in played.asks] == [(END,), None]
    assert played.value.answer == Answer("6", "6")


def test_a_failed_step_ends_it_without_an_answer():
    result = inject([step("it is 5"), Reply("failed", error="500")]).value
    assert (result.answer, result.text, result.candidates[0].stop) == (None, "", "failed")


def test_where_the_second_draw_of_a_step_fails_the_doubting_one_stays():
    result = inject([step("x = 2"), last("Wait, it is 5."), Reply("failed", error="500")]).value
    assert (result.answer, result.info["injected"]) == (Answer("5", "5"), [])


def test_a_budget_that_ends_before_the_second_draw_leaves_the_doubting_step():
    result = inject([step("x = 2"), last("Wait, it is 5."), OutOfBudget()]).value
    assert (result.answer, result.stop) == (Answer("5", "5"), "budget")


def test_an_unfinished_text_has_no_answer_when_the_budget_ends():
    result = inject([step("it is 5"), OutOfBudget()]).value
    assert (result.answer, result.stop) == (None, "budget")


@pytest.mark.parametrize("text", [
    "Wait, that is off.", "But wait.", "Hmm, 7?", "Alternatively, use 3.", "Let me double-check.", "Let me recheck.",
    "However, is that right? No:", "To be sure, let's verify.", "I’m not sure about this.", "Did I add it?",
    "Is this correct?", "**Wait**", "Actually, no.", "Hold on.", "Let's double check: 2+2=4",
])  # fmt: skip
def test_openings_of_reflections(text):
    assert doubts(text) is ("However, is" not in text), "a contrast alone is no doubt"


@pytest.mark.parametrize("text", [
    "So 2+2=4.", "Let's add them.", "Let me add them.", "The waiter waits.", "Now consider y.", "It is 4.",
    "Waiting time is 4.", "Is n even? Yes.", "", "1. Check the sign of x.",
])  # fmt: skip
def test_steps_that_go_ahead(text):
    assert not doubts(text)


def test_phrases_depend_on_the_key_alone():
    assert {reassurance(Key(seed)) for seed in range(60)} == set(PHRASES)
    assert reassurance(Key(3)) == reassurance(Key(3))
