"""Archon by scripts of replies: what each kind of layer hands on, who is asked, and what a budget leaves."""

from __future__ import annotations

import re

import pytest

from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.archon import archon


def last_number(text: str) -> Answer | None:
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Which?", read=last_number)


def run(layers: str, replies):
    return play(archon(PROBLEM, key=Key(), layers=layers), replies)


def shown(ask) -> str:
    return ask.prompt[-1].content


def test_the_first_layer_draws_what_all_methods_draw():
    played = run("generate(2) + generate(1, role=a)", ["1", "2", "2"])
    assert [(ask.role, ask.key.path) for ask in played.asks] == [
        ("generator", ("draw", 0)),
        ("generator", ("draw", 1)),
        ("a", ("draw", 2)),
    ]
    assert {ask.prompt for ask in played.asks} == {PROBLEM.prompt}
    assert played.value.answer == Answer("2", "2"), "several without an order are voted on"


def test_critiques_reach_the_ranker_and_the_fuser_beside_their_response():
    script = ["1", "2", "[Response 1] wrong sum\n[Response 2] right sum", "[2] > [1]", "3"]
    played = run("generate(2) | critique | rank(1) | fuse", script)
    assert [ask.role for ask in played.asks[2:]] == ["critic", "judge", "fuser"]
    assert "wrong sum" in shown(played.asks[3])
    assert "right sum" in shown(played.asks[3])
    assert "right sum" in shown(played.asks[4])
    assert "wrong sum" not in shown(played.asks[4]), "only what was ranked first is fused"
    assert played.value.answer == Answer("3", "3")
    assert played.value.info == {"widths": [2, 2, 1, 1]}


def test_a_fuser_after_a_fuser_sees_no_old_critique():
    script = ["1", "2", "[Response 1] wrong sum\n[Response 2] right sum", "3", "4"]
    played = run("generate(2) | critique | fuse | fuse", script)
    assert "sum" not in shown(played.asks[4])


@pytest.mark.parametrize(
    ("layers", "replies", "roles"),
    [
        ("generate(2) | rank(1, role=r)", ["1", "2", "[2] > [1]"], ["r"]),
        ("generate(1) | verify(role=v)", ["1", "Verdict: Yes"], ["v"]),
        ("generate(1) | critique(role=c) | fuse(1, role=f)", ["1", "fine", "1"], ["c", "f"]),
        ("generate(1) | tests(1, role=t) | evaluate(1, role=e)", ["1", "1. Short.", "1: pass"], ["t", "e"]),
    ],
)
def test_a_component_is_played_by_the_role_it_names(layers, replies, roles):
    played = run(layers, replies)
    assert [ask.role for ask in played.asks if ask.role != "generator"] == roles
    assert set(roles) <= set(load(f"archon:layers={layers}").needs)


def test_verify_keeps_what_is_found_right_and_all_if_nothing_is():
    script = ["1", "2", "3", "Verdict: No", "Verdict: Yes", "Verdict: No"]
    assert run("generate(3) | verify", script).value.answer == Answer("2", "2")
    played = run("generate(2) | verify", ["1", "1", "Verdict: No", "hm"])
    assert played.value.info == {"widths": [2, 2]}


def test_checks_are_written_without_the_responses_and_read_against_each():
    script = ["1", "2", "1. It is even.\n2. It is small.", "1: fail\n2: pass", "1: pass\n2: pass"]
    played = run("generate(2) | tests(2) | evaluate(1)", script)
    assert played.value.answer == Answer("2", "2")
    assert "It is even." in shown(played.asks[3])
    assert [ask.role for ask in played.asks[2:]] == ["tester", "judge", "judge"]


def test_without_readable_checks_nobody_is_asked_about_them():
    played = run("generate(2) | tests(2) | evaluate(1)", ["1", "2", "no list"])
    assert len(played.asks) == 3
    assert played.value.answer == Answer("1", "1")


def test_a_layer_whose_replies_are_of_no_use_hands_on_what_it_was_given():
    failed = Reply("failed", error="500")
    assert run("generate(2) | fuse", ["1", "1", failed]).value.answer == Answer("1", "1")
    assert run("generate(2) | critique | fuse", ["1", "1", failed, "2"]).value.answer == Answer("2", "2")
    assert run("generate(2) | rank(1)", ["1", "2", failed]).value.answer == Answer("1", "1")


def test_a_second_component_that_does_not_fit_leaves_the_first_ones_work():
    def reply(ask):
        if ask.role == "b":
            raise OutOfBudget()
        return Reply(text="7" if ask.role == "a" else "1")

    generated = run("generate(2, role=a) + generate(2, role=b)", reply).value
    assert (generated.answer, generated.stop) == (Answer("7", "7"), "budget")
    fused = run("generate(2) | fuse(1, role=a) + fuse(1, role=b)", reply).value
    assert (fused.answer, fused.stop) == (Answer("7", "7"), "budget")


@pytest.mark.parametrize("layers", ["generate(2) | verify | fuse", "generate(2) | tests(1) | evaluate(2) | fuse"])
def test_a_judgement_that_did_not_fit_is_said_though_later_layers_fit(layers):
    judged = []

    def reply(ask):
        if ask.role == "verifier" or ask.label == "evaluate":
            judged.append(ask)
            if len(judged) == 2:
                raise OutOfBudget()
        return Reply(text={"tester": "1. It is even.", "verifier": "Verdict: Yes"}.get(ask.role, "1: pass"))

    played = run(layers, reply)
    assert played.asks[-1].role == "fuser"
    assert played.value.stop == "budget"


def test_a_bad_expression_is_refused_when_the_method_is_chosen():
    with pytest.raises(UsageError, match="first layer must generate"):
        load("archon:layers=fuse | rank(2)")
