"""What of a text can hold its answer."""

from __future__ import annotations

import pytest

from passel.reading import final_part, statements


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("The answer is 5.", "The answer is 5."),
        ("<think>12?</think>\n15", "15"),
        ("12?\n</think>\n\n15", "15"),
        ("<thought>12</thought>15", "15"),
        ("<reasoning>\n12\n</reasoning>\n<answer>15</answer>", "<answer>15</answer>"),
        ("[THINK]12[/THINK]15", "15"),
        ("<|begin_of_thought|>12<|end_of_thought|>15", "15"),
        ("<think>a</think>b<think>c</think>15", "15"),
        ("<think>12", None),
        ("<think>a</think>b <think>c", None),
        ("<|channel|>analysis<|message|>12<|end|><|start|>assistant<|channel|>final<|message|>15<|return|>", "15"),
        ("<|channel|>analysis<|message|>12", None),
        ("analysisWe try 12.assistantfinal15", "15"),
        ("analysisWe try 12.", None),
        ("15<|im_end|>", "15"),
        ("15<|im_end|>\n<|im_start|>user\nMore?", "15"),
        ("<s> 15</s>", "15"),
        ("15<end_of_turn>", "15"),
        ("", ""),
        ("1 < 2 and [3]", "1 < 2 and [3]"),
    ],
)
def test_thought_and_special_tokens(text: str, part: str | None) -> None:
    found = final_part(text)
    assert (found if found is None else found.strip()) == part


def test_a_thought_that_is_not_closed_states_nothing() -> None:
    assert [*statements("<think>The answer is 15, \\boxed{15}")] == []


def test_a_form_is_trusted_before_a_sentence_and_a_sentence_before_the_last_line() -> None:
    text = "So \\boxed{5}.\nNote: the answer is checked by 2 + 4.\n7"
    assert [statement.content.split()[0] for statement in statements(text)] == ["5", "checked", "7"]


def test_run_on_questions_are_cut_behind_an_answer_only() -> None:
    run_on = "#### 18\n\nQuestion: Max has 3 cups.\nAnswer: 3\n#### 3"
    assert next(statements(run_on)).content == "18"
    steps = "Question 1: how many are left?\n5 are left.\nThe answer is 5."
    assert next(statements(steps)).content.startswith("5.")


def test_long_texts_take_time_in_proportion() -> None:
    """A text of open brackets, boxes and marks, none of which is closed: what is looked at stays bounded."""
    for unit in ("\\boxed{", "<think></think>", "the answer is ", "(A) ", "(((", "1,", "#### ", '"answer": '):
        assert len([*statements(unit * (100_000 // len(unit)))]) <= 40
