"""Few-shot prompting: examples before the question, from a file or from problems that are not evaluated."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from passel.core.ask import Message
from passel.core.driver import Record, run_sync
from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.measure.summary import summarise
from passel.methods import load
from passel.methods.few_shot import few_shot
from passel.methods.vote import vote
from passel.runs.plan import Plan
from passel.runs.run import Run

PROBLEM = Problem("1", "2 + 2?", "End with the answer.", system="Be brief.")
SHOWN = [{"question": "1 + 1?", "solution": "It is 2."}, {"question": "3 + 3?", "solution": "It is 6."}]


def test_examples_are_earlier_turns_asked_in_the_same_form():
    played = play(few_shot(PROBLEM, key=Key(), k=2), [Reply(value=SHOWN), "4"])
    asked, drawn = played.asks
    assert (asked.tool, asked.arguments) == ("examples", {"k": 2})
    assert drawn.prompt == (
        Message("system", "Be brief."),
        Message("user", "1 + 1?\nEnd with the answer."),
        Message("assistant", "It is 2."),
        Message("user", "3 + 3?\nEnd with the answer."),
        Message("assistant", "It is 6."),
        Message("user", "2 + 2?\nEnd with the answer."),
    )
    assert played.value.info == {"examples": 2}


def test_they_stand_before_what_was_said_earlier():
    earlier = replace(PROBLEM, history=(Message("user", "Hello."), Message("assistant", "Hello.")))
    played = play(few_shot(earlier, key=Key(), k=1), [Reply(value=SHOWN[:1]), "4"])
    begun = [turn.content.partition("\n")[0] for turn in played.asks[1].prompt]
    assert begun == ["Be brief.", "1 + 1?", "It is 2.", "Hello.", "Hello.", "2 + 2?"]


def test_it_goes_around_any_method_and_keeps_what_that_tells():
    played = play(few_shot(PROBLEM, key=Key(), k=1, method=vote), [Reply(value=SHOWN[:1]), *["4"] * 16])
    assert {ask.prompt for ask in played.asks[1:]} == {played.asks[1].prompt}
    assert played.value.info == {"votes": {"4": 16}, "examples": 1}
    around = load("vote:n=2:prompt=few_shot").make(PROBLEM, key=Key())
    assert len(play(around, [Reply(value=SHOWN), "4", "4"]).asks[1].prompt) == 6


def test_where_the_tool_fails_it_is_asked_without_examples():
    played = play(few_shot(PROBLEM, key=Key()), [Reply("failed", error="gone"), "4"])
    assert played.asks[1].prompt == PROBLEM.prompt
    assert played.value.info == {"examples": 0}


def test_without_a_task_the_way_out_is_named():
    with pytest.raises(UsageError, match=r"few_shot finds no examples: unknown tool.*examples=FILE"):
        play(few_shot(PROBLEM, key=Key()), [UsageError("unknown tool 'examples'")])


def test_a_budget_that_ends_behind_the_call_leaves_no_answer():
    result = play(few_shot(PROBLEM, key=Key()), [Reply(value=SHOWN), OutOfBudget()]).value
    assert (result.answer, result.stop) == (None, "budget")


def test_it_needs_the_tool_only_without_a_file():
    assert load("few_shot").needs["tool"] == {"examples"}
    assert "tool" not in load("few_shot:examples=shots.jsonl").needs
    assert not load("few_shot").uses_gold


# A file of examples


@pytest.fixture
def shots(tmp_path):
    path = tmp_path / "shots.jsonl"
    rows = [
        {"question": "2 +  2?", "solution": "It is 4."},
        {"question": "1 + 1?", "answer": "1+1=<<1+1=2>>2\n#### 2"},
        {"question": "3 + 3?", "answer": "6", "solution": "It is 6."},
        {"question": "5 + 5?", "solution": "It is 10."},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def test_the_first_rows_of_a_file_but_never_the_question_itself(shots):
    played = play(few_shot(PROBLEM, key=Key(), k=2, examples=shots), ["4"])
    turns = [turn.content for turn in played.asks[0].prompt]
    assert turns[1:5:2] == ["1 + 1?\nEnd with the answer.", "3 + 3?\nEnd with the answer."]
    assert turns[2:5:2] == ["1+1=2\nThe answer is 2.", "It is 6."], "the solution, without notation"


def test_files_that_do_not_hold_what_is_wanted_are_refused_by_name(shots, tmp_path):
    with pytest.raises(UsageError, match="has 3 examples beside the question itself, and k=4"):
        play(few_shot(PROBLEM, key=Key(), k=4, examples=shots), ["4"])
    with pytest.raises(UsageError, match="no file at"):
        play(few_shot(PROBLEM, key=Key(), examples=str(tmp_path / "none.jsonl")), ["4"])
    other = tmp_path / "other.csv"
    other.write_text("q,a\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="row 2: an example has the columns question and solution"):
        play(few_shot(PROBLEM, key=Key(), examples=str(other)), ["4"])


# In a run


def shown_in(folder, seed: int) -> set[str]:
    """The questions that stood before others in what the model was asked, by the record."""
    record = Record(folder / "record.sqlite", read_only=True)
    asks = [ask for ask, _ in record.entries() if ask["kind"] == "generate" and ask["key"].startswith(f"{seed}/")]
    record.close()
    return {text.partition("\n")[0] for ask in asks for role, text in ask["prompt"][:-1] if role == "user"}


def test_a_run_shows_the_model_no_problem_that_it_evaluates(tmp_path):
    """In one folder with another seed, too: what was recorded for other problems is not shown again."""
    for seed in (0, 1):
        plan = Plan(model="toy", task="sums:size=30", methods=("few_shot:k=3",), limit=20, seed=seed)
        run = Run(plan, tmp_path)
        assert summarise(run_sync(run.execute())).methods[0].problems == 20
        shown = shown_in(tmp_path, seed)
        assert len(shown) == 3
        assert shown == {one["question"] for one in run.examples(3)}
        assert not shown & {problem.question for problem in run.task.problems(limit=20, seed=seed)}


def test_a_run_that_evaluates_everything_has_no_examples():
    run = Run(Plan(model="toy", task="sums:size=5", methods=("few_shot:k=3",)))
    with pytest.raises(UsageError, match=r"sums:size=5 has 0 problems .* 3 examples, beside the 5 .* examples=FILE"):
        run_sync(run.execute())


@pytest.mark.skipif(not os.environ.get("PASSEL_DATA"), reason="needs PASSEL_DATA")
def test_gsm8k_examples_end_as_its_instruction_asks():
    run = Run(Plan(model="toy", task="gsm8k", methods=("few_shot:k=4",), limit=2))
    assert summarise(run_sync(run.execute())).methods[0].problems == 2
    for one in run.examples(4):
        assert "<<" not in one["solution"]
        assert one["solution"].splitlines()[-1].startswith("The answer is ")
