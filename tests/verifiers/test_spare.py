"""SPARE: what a judge's records make of a solution's steps, and what it costs beside labels by rollouts."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_values import worth_of

from passel.core.ask import Call, Generate
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.verifiers.parts.records import records
from passel.verifiers.parts.steps import Step, split
from passel.verifiers.spare import annotate, labelled, spare

FIELDS = ("student_step", "label")
TWO = (Step("a\n"), Step("b\n"), Step("c"))


def read_number(text):
    """The last number."""
    numbers = re.findall(r"-?\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "3 boxes of 2 and 4 more?", read=read_number)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[{"student_step": 1, "label": "CORRECT"}]', [(1, "CORRECT")]),
        ('Here:\n```json\n[{"student_step": 1, "label": "A",},\n]\n``` {done}', [(1, "A")]),
        ("[{'student_step': 1, 'label': 'A'}, {'student_step': 2, 'label': 'B'}]", [(1, "A"), (2, "B")]),
        (r'{"student_step": 1, "why": "\(x\) and \frac{1}{2}", "label": "A"}', [(1, "A")]),
        (
            '{"why": "{", "student_step": 1, "label": "A"} {"student_step": 2, "label": "B"}',
            [(1, "A"), (2, "B")],
        ),
        ('[{"student_step": 1, "label": "A"}, {"student_step": 2, "label": "B', [(1, "A"), (2, "B")]),
        ('{"student_step": 1 "label": A}, {"student_step": 2, "label": "B"}', [(1, "A"), (2, "B")]),
        ("student_step: 1, label: A\nstudent_step: 2, label: B", [(1, "A"), (2, "B")]),
        ('{"step": 1, "label": "A"}', []),
        ("", []),
        ("[[[[", []),
    ],
)
def test_records_are_read_with_repair(text, found):
    assert [(int(record["student_step"]), record.get("label")) for record in records(text, FIELDS)] == found


@given(st.text(alphabet=st.sampled_from("{}[]\"':, \\student_plabel1"), max_size=80) | st.text(max_size=80))
def test_any_reply_gives_a_label_to_each_step(text):
    steps = labelled(TWO, text, outcome=1.0)
    assert [step.score for step in steps][:2] in ([a, b] for a in (0.0, 1.0) for b in (0.0, 1.0))
    assert steps[-1].score == 1.0
    assert [step.text for step in steps] == [step.text for step in TWO]


def scores(reply, **options):
    return [step.score for step in labelled(TWO, reply, **{"outcome": None, **options})]


def told(*pairs):
    return json.dumps([{"student_step": number, "label": label} for number, label in pairs])


ALL = ((1, "CORRECT"), (2, "CORRECT"), (3, "CORRECT"))


@pytest.mark.parametrize(
    ("reply", "options", "wanted"),
    [
        (told(*ALL), {}, [1, 1, 1]),
        (told(*ALL), {"outcome": 0.0}, [1, 1, 0]),
        (told(*ALL), {"outcome": 0.5}, [1, 1, 0]),
        (told((3, "INCORRECT")), {"outcome": 1.0}, [0, 0, 1]),
        (told((3, "INCORRECT")), {"outcome": 1.0, "missing": "outcome"}, [1, 1, 1]),
        (told((1, "INCORRECT")), {"outcome": 1.0, "missing": "outcome"}, [0, 1, 1]),
        (told((1, "CORRECT")), {"missing": "outcome"}, [1, 0, 0]),
        (told((1, "PARTLY"), (2, "correct")), {}, [0, 1, 0]),
        (told((1, "CORRECT"), (1, "INCORRECT")), {}, [0, 0, 0]),
        (told(("2", "CORRECT"), (0, "CORRECT"), (4, "CORRECT"), (None, "CORRECT")), {}, [0, 1, 0]),
        ("", {"outcome": 1.0}, [0, 0, 1]),
    ],
)
def test_labels_follow_the_public_rule(reply, options, wanted):
    """Missing and malformed is wrong or as the outcome is; the last step is as the outcome is."""
    assert scores(reply, **options) == wanted


def test_what_the_judge_says_is_kept():
    record = {"student_step": 1, "reference_steps": [1, 2], "reasoning": "Sum is off.", "label": "INCORRECT"}
    (step,) = labelled((Step("4+6=11"),), json.dumps([{**record, "error_type": "calculation"}]), outcome=None)
    assert step == Step("4+6=11", 0.0, "Sum is off.", "calculation", (1, 2))
    (fine,) = labelled((Step("4+6=10"),), json.dumps([{**record, "error_type": "none"}]), outcome=1.0)
    assert (fine.score, fine.error) == (1.0, "")


def chain_of(length, wrong=None):
    """A sum of `length` ones, with a slip in line `wrong` that later lines carry on."""
    lines, total = [], 0
    for i in range(length):
        slip = 10 if i == wrong else 0
        lines.append(f"{total}+1={total + 1 + slip}")
        total += 1 + slip
    return "\n".join([*lines, f"The answer is {total}."])


def align(ask):
    """A judge that does what the prompt says: compares each line of the student with the reference's lines."""
    if isinstance(ask, Call):
        return Reply(value=chain_of(4) if ask.tool == "reference" else float(ask.arguments["key"] == "4"))
    body = ask.prompt[0].content
    _, reference, student = re.split(r"\[(?:Reference|Student) solution\]\n", body)
    known = dict(re.findall(r"^\[(\d+)\] (.+)$", reference, re.MULTILINE))
    lines = re.findall(r"^\[(\d+)\] (.+)$", student, re.MULTILINE)
    rows = []
    for number, line in lines:
        match = [int(i) for i, text in known.items() if text == line]
        label = "CORRECT" if match else "INCORRECT"
        rows.append({"student_step": int(number), "reference_steps": match, "label": label})
    return json.dumps(rows)


@pytest.mark.parametrize("wrong", [None, 0, 1, 2, 3])
def test_an_alignment_finds_the_first_error(wrong):
    text = chain_of(4, wrong)
    found = play(annotate(PROBLEM, text, key=Key()), align).value
    right = 4 if wrong is None else wrong
    assert [step.score for step in found.steps] == [1.0] * right + [0.0] * (4 - right) + [float(wrong is None)]
    assert [step.references for step in found.steps][:right] == [(i,) for i in range(1, right + 1)]
    assert found.outcome == float(wrong is None)
    assert worth_of(play(spare(PROBLEM, text, key=Key()), align)) == pytest.approx((right + (wrong is None)) / 5)


@given(st.integers(1, 8), st.integers(1, 16), st.integers(1, 40), st.integers(1, 400))
def test_one_reply_a_solution_and_not_m_rollouts_a_step(size, m, length, reply):
    """The cost identity: S * m continuations and S * m * r / L times the tokens, r the mean of what remains."""
    text = "\n".join(["x" * length] * size)
    played = play(annotate(PROBLEM, text, key=Key()), lambda ask: Reply(value="y") if isinstance(ask, Call) else "")
    assert sum(isinstance(ask, Generate) for ask in played.asks) == 1
    steps = split(text)
    remaining = [sum(map(len, steps[i:])) for i in range(len(steps))]
    rollouts = [left for left in remaining for _ in range(m)]
    assert len(rollouts) == size * m
    mean = sum(remaining) / size
    assert sum(rollouts) / reply == pytest.approx(size * m * mean / reply)


def test_a_partial_solution_is_judged_without_an_outcome():
    bare = Problem("1", "?", read=lambda text: None)
    played = play(annotate(bare, "So\nfar", key=Key()), [Reply(value="So\nnear"), told((1, "CORRECT"), (2, "CORRECT"))])
    assert [step.score for step in played.value.steps] == [1, 1]
    assert played.value.outcome is None
    assert [getattr(ask, "tool", "generate") for ask in played.asks] == ["reference", "generate"]


@pytest.mark.parametrize(
    "script",
    [
        [Reply(value="")],
        [Reply("failed", error="no reference")],
        [Reply(value="4"), Reply(value=1.0), Reply("failed", error="500")],
    ],
)
def test_without_a_reference_or_a_reply_nothing_is_known(script):
    assert worth_of(play(spare(PROBLEM, "2+2=4", key=Key()), script)) is None


def test_an_answer_that_cannot_be_checked_leaves_the_judges_label():
    script = [Reply(value="4"), Reply("failed", error="x"), told((1, "CORRECT"))]
    assert worth_of(play(spare(PROBLEM, "2+2=4", key=Key()), script)) == 1.0


def test_the_prompt_numbers_both_solutions():
    played = play(annotate(PROBLEM, "a {x}\n7", key=Key()), [Reply(value="Step 1: p\nStep 2: q"), Reply(value=0.0), ""])
    ask = played.asks[-1]
    assert "[1] Step 1: p\n[2] Step 2: q" in ask.prompt[0].content
    assert "[1] a {x}\n[2] 7" in ask.prompt[0].content
    assert (ask.role, ask.sampling.temperature) == ("judge", 0.0)
