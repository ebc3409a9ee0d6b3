"""Steps of a solution: where they end, what they are worth together, and who judges them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_values import worth_of

from passel.core.ask import Score
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.verifiers import arithmetic as arithmetic_steps
from passel.verifiers import prm as prm_steps
from passel.verifiers.arithmetic import arithmetic
from passel.verifiers.multifurcation import multifurcation, one_by_one, values
from passel.verifiers.orm import orm
from passel.verifiers.parts.steps import aggregate, split
from passel.verifiers.prm import prm
from passel.verifiers.step_judge import labels, step_judge

PROBLEM = Problem("1", "Tom has 4 apples and buys 3 boxes of 2. How many?")
TEXTS = st.text(alphabet=st.sampled_from("ab1. \n!?\t\rStep:"), max_size=60) | st.text(max_size=60)
UNITS = st.sampled_from(["auto", "marks", "paragraphs", "lines", "sentences"])


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        (" \n", (" \n",)),
        ("one", ("one",)),
        ("a\nb\n\nc\nd", ("a\nb\n\n", "c\nd")),
        ("a\n \t\n\n  b", ("a\n \t\n\n", "  b")),
        ("a\nb\n", ("a\n", "b\n")),
        ("\n\na\nb", ("\n\na\n", "b")),
        ("Step 1: a\n\nb\nStep 2: c", ("Step 1: a\n\nb\n", "Step 2: c")),
        ("Well.\n**Step 1:** a\n## Step 2: b", ("Well.\n", "**Step 1:** a\n", "## Step 2: b")),
        ("Pi is 3.14. So what? (Nothing.) Yes!", ("Pi is 3.14. ", "So what? ", "(Nothing.) ", "Yes!")),
        ("1. Add. 2. Double.", ("1. Add. ", "2. Double.")),
    ],
)
def test_marks_then_paragraphs_then_lines_then_sentences(text, steps):
    assert split(text) == steps


@given(TEXTS, UNITS)
def test_steps_joined_give_the_text_back(text, unit):
    steps = split(text, unit)
    assert "".join(steps) == text
    assert all(step.strip() for step in steps) or len(steps) <= 1


@given(TEXTS, st.integers(0, 60), UNITS.filter(lambda unit: unit not in ("auto", "marks")))
def test_all_steps_but_the_last_stay_while_a_text_grows(text, cut, unit):
    begun = split(text[:cut], unit)[:-1]
    assert split(text, unit)[: len(begun)] == begun


@pytest.mark.parametrize(
    ("scores", "least", "product", "last", "mean"),
    [
        ((), None, None, None, None),
        ((None,), None, None, None, None),
        ((0.5, 0.8), 0.5, 0.4, 0.8, 0.65),
        ((0.5, None), 0.5, 0.5, None, 0.5),
        ((None, 0.5, 1.0), 0.5, 0.5, 1.0, 0.75),
        ((-math.inf, 1.0), -math.inf, -math.inf, 1.0, -math.inf),
    ],
)
def test_scores_become_one(scores, least, product, last, mean):
    found = [aggregate(scores, how) for how in ("min", "product", "last", "mean")]
    assert found == [least, product, last, mean]


@given(st.lists(st.floats(0, 1) | st.none(), max_size=6))
def test_the_weakest_step_bounds_the_others(scores):
    least, product, mean = (aggregate(scores, how) for how in ("min", "product", "mean"))
    assert (least is None) == all(score is None for score in scores)
    if least is not None:
        assert product <= least <= mean + 1e-12


class TestArithmetic:
    @pytest.mark.parametrize(
        ("text", "scores"),
        [
            ("3*2=6\n4+6=10\nThe answer is 10.", [1, 1, 1]),
            ("3*2=6\n4+6=11\nThe answer is 11.", [1, 0, 1]),
            ("3*2=6\n4+6=10\nThe answer is 9.\nDone.", [1, 1, 0, None]),
            ("3*2=6\n9+6=15", [1, 0]),
            ("First boxes.\n3*2=6\n\n4+6=10\nSo:\n10 of 3\n10", [None, 1, 1, None, None, 1]),
            ("Nothing.\nThe answer is 10.", [None, None]),
        ],
    )
    def test_each_line_is_a_step(self, text, scores):
        steps = arithmetic_steps.labels(PROBLEM, text)
        assert [step.score for step in steps] == scores
        assert "".join(step.text for step in steps) == text

    @pytest.mark.parametrize(("how", "score"), [("min", 0.0), ("product", 0.0), ("last", 1.0), ("mean", 2 / 3)])
    def test_lines_are_put_together(self, how, score):
        text = "3*2=7\n4+7=11\nThe answer is 11."
        assert worth_of(play(arithmetic(PROBLEM, text, key=Key(), aggregate=how))) == pytest.approx(score)

    def test_a_partial_solution_is_whole_so_far(self):
        part = "3*2=6\n"
        assert worth_of(play(arithmetic(PROBLEM, part, key=Key()))) < 1.0
        assert worth_of(play(arithmetic(PROBLEM, part, key=Key(), aggregate="min"))) == 1.0
        assert worth_of(play(arithmetic(PROBLEM, "Well.", key=Key(), aggregate="min"))) is None

    @given(TEXTS)
    def test_any_text_has_labels(self, text):
        assert "".join(step.text for step in arithmetic_steps.labels(PROBLEM, text)) == text


def judged(text, reply, **options):
    return [step.score for step in play(labels(PROBLEM, text, key=Key(), **options), [reply]).value]


class TestStepJudge:
    @pytest.mark.parametrize(
        ("reply", "scores"),
        [
            ("Step 1: fine. Verdict: correct\nStep 2: no. Verdict: incorrect\nStep 3: Verdict: correct", [1, 0, 1]),
            (
                "**Step 1:** ok **Verdict: Correct**\n- Step 2 - no. verdict - WRONG\n[Step 3] Verdict: right",
                [1, 0, 1],
            ),
            ("Step 1: correct\nStep 2: incorrect\nStep 3: not correct", [1, 0, 0]),
            ("Step 1: It seems incorrect at first. Verdict: correct", [1, 0, 0]),
            ("Step 2: Verdict: correct\nStep 2: no. Verdict: incorrect\nStep 9: Verdict: correct", [0, 0, 0]),
            ("Step 1: Verdict: maybe\nStep 2: Verdict: correct", [0, 1, 0]),
            ("All good.", [None] * 3),
            ("", [None] * 3),
            (Reply("length", "Step 1: Verdict: correct\nStep 2: let me see"), [1, None, None]),
            (Reply("failed", error="500"), [None] * 3),
            (Reply("filtered", "Step 1: Verdict: correct"), [None] * 3),
        ],
    )
    def test_verdicts_are_read(self, reply, scores):
        assert judged("a\nb\nc", reply) == scores

    def test_reasons_are_kept(self):
        reply = "Step 1: Three boxes of two. Verdict: correct"
        (step,) = play(labels(PROBLEM, "3*2=6", key=Key()), [reply]).value
        assert (step.text, step.reason) == ("3*2=6", "Three boxes of two.")

    def test_it_is_asked_once_greedily_with_numbered_steps(self):
        played = play(step_judge(PROBLEM, "3*2={6}\n4+6=10", key=Key()), ["Step 1: Verdict: correct"])
        (ask,) = played.asks
        assert (ask.role, ask.sampling.temperature) == ("judge", 0.0)
        assert "[1] 3*2={6}\n[2] 4+6=10" in ask.prompt[0].content
        assert worth_of(played) == 0.0

    def test_nothing_is_asked_of_a_blank_text(self):
        played = play(step_judge(PROBLEM, " \n", key=Key()))
        assert (worth_of(played), played.asks) == (None, [])

    @given(st.text(max_size=80))
    def test_any_reply_can_come(self, text):
        assert set(judged("a\nb", text)) <= {0.0, 1.0, None}


class TestTrained:
    def test_steps_go_as_a_chain_in_one_ask(self):
        played = play(prm(PROBLEM, "a\nb", key=Key(), aggregate="product"), [Reply(scores=(0.5, 0.5))])
        assert worth_of(played) == 0.25
        assert played.asks == [Score(PROBLEM.prompt, ("a\n", "b"), "", "reward", "prm", "reward", True)]

    @pytest.mark.parametrize("reply", [Reply("failed", error="500"), Reply(scores=(0.5,))])
    def test_a_reply_without_a_score_for_each_step_is_none(self, reply):
        steps = play(prm_steps.labels(PROBLEM, "a\nb"), [reply]).value
        assert [step.score for step in steps] == [None, None]

    def test_the_outcome_is_the_whole_texts(self):
        played = play(orm(PROBLEM, "a\nb", key=Key()), [Reply(scores=(-2.0,))])
        assert worth_of(played) == -2.0
        assert played.asks == [Score(PROBLEM.prompt, ("a\nb",), "", "reward", "orm", "reward")]

    def test_multifurcation_asks_once_a_node(self):
        children = [f" {i}" for i in range(7)]
        scored = lambda ask: Reply(scores=tuple(float(part) for part in ask.continuations))  # noqa: E731
        one, many = (play(how(PROBLEM, "So", children), scored) for how in (values, one_by_one))
        assert one.value == many.value == tuple(map(float, range(7)))
        assert (len(one.asks), len(many.asks)) == (1, len(children))
        assert {(ask.prefix, ask.chain) for ask in [*one.asks, *many.asks]} == {("So", False)}

    def test_multifurcation_of_a_text_values_its_end_given_the_rest(self):
        played = play(multifurcation(PROBLEM, "a\nb\nc", key=Key()), [Reply(scores=(0.3,))])
        assert worth_of(played) == 0.3
        assert (played.asks[0].prefix, played.asks[0].continuations) == ("a\nb\n", ("c",))

    def test_nothing_comes_of_no_children_and_of_failed_passes(self):
        assert play(values(PROBLEM, "So", [])).value == ()
        assert play(values(PROBLEM, "So", ["a", "b"]), [Reply("failed", error="500")]).value == (None, None)
