"""Tool-integrated reasoning by scripts: when a program is run, what is shown of it, and how traces end."""

from __future__ import annotations

import pytest

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.methods.parts.programs import output_block, program_at_end
from passel.methods.tool_reasoning import tool_reasoning

PROGRAM = "Let us see.\n```python\nprint(2 + 2)\n```\n"
RAN = Reply(value={"status": "ok", "stdout": "4\n", "stderr": "", "value": None})


def last_number(text: str) -> Answer | None:
    numbers = [word.strip(".") for word in text.split() if word.strip(".").isdigit()]
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "2 + 2?", "End with the answer.", read=last_number)


def solve(*replies, **options):
    return play(tool_reasoning(PROBLEM, key=Key(), **options), replies)


def test_the_output_stands_in_the_trace_and_the_model_goes_on_from_it():
    played = solve(PROGRAM, RAN, "So it is 4.")
    assert played.value.answer == Answer("4", "4")
    first, ran, second = played.asks
    assert first.sampling.stop == ("```output",)
    assert "End with the answer." in first.prompt[-1].content
    assert ran.arguments["code"] == "print(2 + 2)"
    assert second.prefix == PROGRAM.rstrip() + "\n```output\n4\n```\n"
    assert second.key == first.key
    assert played.value.text == second.prefix + "So it is 4."


def test_a_trace_without_a_program_is_one_draw():
    played = solve("It is 4.")
    assert len(played.asks) == 1


def test_programs_end_when_enough_were_run():
    played = solve(PROGRAM, RAN, PROGRAM, RAN, PROGRAM, programs=2)
    assert [ask.kind for ask in played.asks] == ["generate", "call", "generate", "call", "generate"]


def test_traces_vote():
    played = solve("It is 5.", PROGRAM, RAN, "It is 4.", "It is 4.", n=3)
    assert played.value.answer.text == "4"
    assert [one.answer.text for one in played.value.candidates] == ["5", "4", "4"]


def test_tokens_of_all_turns_count():
    replies = [Reply(text=PROGRAM, usage=Usage(9, 20)), RAN, Reply(text="4", usage=Usage(30, 5))]
    assert solve(*replies).value.candidates[0].tokens == 25


@pytest.mark.parametrize("bad", [Reply("failed", error="500"), Reply("length", PROGRAM), Reply("filtered")])
def test_a_reply_that_is_not_whole_runs_nothing(bad):
    played = solve(bad)
    assert played.value.answer is None
    assert len(played.asks) == 1


def test_a_broken_sandbox_is_told_to_the_model():
    played = solve(PROGRAM, Reply("failed", error="no sandbox"), "4")
    assert "```output\nno sandbox\n```" in played.value.text


def test_the_budget_ends_a_trace_and_leaves_the_others_theirs():
    played = solve(PROGRAM, OutOfBudget(), "It is 4.", n=2)
    assert played.value.stop == "budget"
    assert played.value.answer.text == "4"
    assert played.value.candidates[0].answer is None


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("```py\nx = 1\n```\n\n", "x = 1"),
        ("a ```python\nx = 1\n```\nb\n```python\ny\n```", "y"),
        ("```python\nx = 1\n```\nso it is 1", None),
        ("```python\nx = 1", None),
        ("```\nx = 1\n```", None),
        ("```python\n\n```", None),
        ("```python\nx\n```\n```text\ny\n```", None),
        ("```", None),
        ("", None),
    ],
)
def test_a_program_is_a_closed_block_at_the_end(text, program):
    assert program_at_end(text) == program


@pytest.mark.parametrize(
    ("ran", "shown"),
    [
        ({"status": "ok", "stdout": "4\n", "value": 5}, "4"),
        ({"status": "ok", "stdout": "", "value": 5}, "5"),
        ({"status": "ok", "stdout": "", "value": None}, "no output"),
        ({"status": "error", "stdout": "a\n", "stderr": "Traceback\n  line\nNameError: x"}, "a\nNameError: x"),
        ({"status": "timeout", "stdout": "a"}, "stopped: timeout"),
        (None, "no output"),
    ],
)
def test_what_is_shown_of_a_run(ran, shown):
    assert output_block(ran) == f"\n```output\n{shown}\n```\n"


def test_long_output_is_cut_in_the_middle():
    block = output_block({"status": "ok", "stdout": "a" * 1000 + "b" * 1000})
    assert "a" * 400 + " … " + "b" * 400 in block
    assert len(block) < 900
