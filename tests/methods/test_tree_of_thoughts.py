"""Tree of thoughts by scripts: thoughts, judgements, which states are gone on from, and what becomes of bad replies."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, shape

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply, Usage
from passel.methods.parts.depth_first import deepest, depth_first, next_in_depth
from passel.methods.parts.paths import START, Path
from passel.methods.parts.search import by_steps, by_verifier, tree_search
from passel.methods.parts.thoughts import by_proposals, proposals, valued, voted
from passel.methods.parts.trees import Tree
from passel.methods.tree_of_thoughts import tree_of_thoughts

KEY = Key(4) / "1"
SURE, LIKELY, IMPOSSIBLE = "It works.\nsure", "Perhaps.\nlikely", "No way.\nimpossible"


def thoughts(n: int, **options):
    return tree_of_thoughts(PROBLEM, key=KEY, n=n, **({"step": "line", "judgements": 1} | options))


def by_digit(n: int, **options):
    return thoughts(n, evaluate="verifier", verifier=by_last_digit, **options)


def test_breadth_first_keeps_the_best_states_of_a_depth():
    script = [*map(goes_on, "123"), IMPOSSIBLE, SURE, LIKELY, *map(ends, "456789"), *[LIKELY] * 5, SURE]
    played = play(thoughts(3, width=2, depth=2), script)
    assert [ask.role for ask in played.asks] == ["generator"] * 3 + ["judge"] * 3 + ["generator"] * 6 + ["judge"] * 6
    drawn = [(ask.prefix, ask.key.path[-1]) for ask in played.asks if ask.role == "generator"]
    assert drawn[3:] == [*(("2\n", i) for i in range(3)), *(("3\n", i) for i in range(3))]
    assert (played.value.text, played.value.stop) == ("3\n9", "done")


def test_a_judge_sees_the_question_and_the_state():
    problem = Problem("1", "What is 6 * 7?", read=PROBLEM.read)
    flow = tree_of_thoughts(problem, key=KEY, n=1, width=1, depth=1, judgements=2)
    played = play(flow, [ends("6 * 7 = 42"), SURE, LIKELY])
    said = {ask.prompt[0].content for ask in played.asks[1:]}
    assert len(said) == 1
    assert "What is 6 * 7?" in next(iter(said))
    assert "6 * 7 = 42" in next(iter(said))
    assert [ask.key for ask in played.asks[1:]] == [KEY / "verify" / 1 / "draw" / i for i in range(2)]
    assert played.value.candidates[0].score == 10.5


def test_states_with_one_text_are_judged_once_and_the_copies_come_last():
    script = [goes_on("5"), goes_on("5"), goes_on("1"), LIKELY, IMPOSSIBLE, *map(ends, "234567"), *[LIKELY] * 6]
    played = play(thoughts(3, width=2, depth=2), script)
    prefixes = [ask.prefix for ask in played.asks if ask.role == "generator"]
    assert prefixes[3:] == ["5\n"] * 3 + ["1\n"] * 3


@pytest.mark.parametrize(
    ("replies", "value"),
    [
        ([SURE, LIKELY, IMPOSSIBLE], 21.001 / 3),
        (["sure", "SURE.", "**sure**"], 20.0),
        (["likely at first\nimpossible", "I am sure that it is wrong\nHm.", "not sure"], 0.001),
        ([FAILED, Reply("length", "sure"), "unlikely"], None),
        (["", "  ", "\n"], None),
        (["sure, or rather likely", FAILED, FAILED], 1.0),
    ],
)
def test_the_value_is_read_from_the_last_line(replies, value):
    found = play(valued(PROBLEM, "a", key=KEY), replies).value
    assert found == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("replies", "shares"),
    [
        (["Best: 2", "The best choice is 2", "2 is weak.\nBest: [1]", "best 2", "Best: 3"], [0.2, 0.6, 0.2]),
        (["Best: 9", "Best: 0", "Best: 1", FAILED, Reply("length", "Best: 2")], [1.0, 0.0, 0.0]),
        (["none", "2", FAILED, "Best: 4", ""], [None, None, None]),
    ],
)
def test_votes_are_shared_among_those_that_can_be_read(replies, shares):
    played = play(voted(PROBLEM, ["x", "y", "z"], key=KEY), replies)
    assert played.value == shares
    assert len(played.rounds) == 1
    assert "[Solution 3]\nz" in played.asks[0].prompt[0].content


def test_where_there_is_no_choice_there_is_no_vote():
    assert play(voted(PROBLEM, ["x"], key=KEY)).value == [1.0]
    assert play(voted(PROBLEM, [], key=KEY)).value == []


def test_a_vote_goes_over_the_new_states_of_a_round():
    script = [*map(goes_on, "12"), "Best: 2", "Best: 2", *map(ends, "34"), "Best: 1", "Best: 1"]
    played = play(thoughts(2, width=1, depth=2, evaluate="vote", judgements=2), script)
    assert played.value.text == "2\n3"
    assert [one.score for one in played.value.candidates] == [1.0, 0.0]


def test_one_reply_proposes_all_thoughts_and_the_last_is_drawn_to_the_end():
    listed = "Let me see.\n1. add 2\n2) double it: 4 [done]\n- add 2\n3. halve it"
    script = [listed, SURE, LIKELY, LIKELY, *(Reply(text=f"so {i}") for i in (3, 5, 7)), SURE, LIKELY, LIKELY]
    played = play(thoughts(3, width=1, depth=2, generate="propose"), script)
    first, *_ = played.asks
    assert (first.prefix, first.label, first.key) == ("", "propose", KEY / "draw" / 0)
    assert first.prompt[-1].content.startswith("?\n")
    assert "nothing is written yet" in first.prompt[-1].content
    assert drawn_from(played)[4:7] == [("add 2\n", 0), ("add 2\n", 1), ("add 2\n", 2)]
    assert [one.text for one in played.value.candidates] == ["double it: 4", *(f"add 2\nso {i}" for i in (3, 5, 7))]
    assert played.value.text == "add 2\nso 3"


def test_proposals_are_asked_for_from_where_the_solution_stands():
    flow = by_proposals("line", 9)(PROBLEM, Path("a 1\n", 1, 5), 2, 4, KEY)
    played = play(flow, [Reply(text="1. b\n2. c", usage=Usage(1, 3))])
    assert played.value == [Path("a 1\nb\n", 2, 8), Path("a 1\nc\n", 2, 8)]
    assert "a 1" in played.asks[0].prompt[-1].content
    assert played.asks[0].key == KEY / "draw" / 4


@pytest.mark.parametrize("bad", [FAILED, Reply("length", "1. a\n2. b"), Reply(text="I would rather not."), Reply()])
def test_a_reply_without_proposals_is_a_dead_end(bad):
    assert all(path.dead for path in proposals(START, bad, 3, "\n"))
    played = play(thoughts(2, generate="propose"), [bad, "7"])
    assert drawn_from(played) == [("", 0), ("", 2)], "and the root is drawn to its end"
    assert played.value.text == "7"


@given(st.text(alphabet="1.[done]- \nab", max_size=60), st.integers(1, 4))
def test_whatever_is_proposed_there_are_n_paths_that_go_on_from_their_start(text, n):
    start = Path("s\n", 1)
    paths = proposals(start, Reply(text=text), n, "\n")
    assert len(paths) == n
    assert all(path.steps == 2 and path.text.startswith("s") for path in paths)
    alive = [path.text for path in paths if not path.dead]
    assert len(set(alive)) == len(alive)
    assert all(path.done or path.text.endswith("\n") for path in paths)


def test_depth_first_follows_the_best_thought_and_comes_back():
    """9 before 5; below it 3 leads to one solution (0 is hopeless) and 2 to two more: 5 is never gone into."""
    script = [*map(goes_on, "59"), *map(goes_on, "32"), *map(ends, "04"), *map(ends, "26")]
    played = play(by_digit(2, search="depth", solutions=3, depth=9), script)
    assert [prefix for prefix, _ in drawn_from(played)] == [*[""] * 2, *["9\n"] * 2, *["9\n3\n"] * 2, *["9\n2\n"] * 2]
    assert (played.value.text, len(played.value.candidates)) == ("9\n2\n6", 4)


def test_depth_first_does_not_go_into_hopeless_states():
    script = [*map(goes_on, "98"), *map(goes_on, "01"), ends("7"), ends("3")]
    played = play(by_digit(2, search="depth", solutions=1, depth=9), script)
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "9\n", "9\n", "8\n", "8\n"], "9.0 and 9.1 are not"
    assert played.value.text == "8\n7"
    kept = play(by_digit(2, search="depth", solutions=1, depth=9, threshold=0.05), script)
    assert [prefix for prefix, _ in drawn_from(kept)[4:]] == ["9\n1\n"] * 2


def test_depth_first_takes_no_more_than_its_expansions_and_then_draws_the_deepest_to_its_end():
    script = [*map(goes_on, "59"), *map(goes_on, "38"), Reply(text="so\n6")]
    played = play(by_digit(2, search="depth", expansions=2, depth=9), script)
    assert drawn_from(played)[-1] == ("9\n8\n", 0)
    assert played.asks[-1].sampling.stop is None
    assert (played.value.text, played.value.stop) == ("9\n8\nso\n6", "done")


def test_solutions_below_the_threshold_do_not_end_it():
    script = [ends("1"), goes_on("9"), ends("1"), ends("8")]
    played = play(by_digit(2, search="depth", solutions=1, depth=9), script)
    assert len(played.asks) == 4
    assert played.value.text == "9\n8"


def test_a_golden_depth_first_tree():
    """Two solutions below 6.4.3.6, then back to 6.4.3.2 for the third; 6.4.3.2.1! is worth too little to count."""
    select = depth_first(2, 9, 3, 0.15, lambda path: True)
    expand, evaluate = by_steps("line", 5), by_verifier(by_last_digit)
    flow = tree_search(PROBLEM, key=KEY, select=select, state=None, expand=expand, evaluate=evaluate)
    assert shape(play(flow, partial(hashed, ends_in=7)).value.tree) == [
        *("0 0", "0 6"),
        *("2 6.4", "2 6.3"),
        *("3 6.4.1", "3 6.4.3"),
        *("6 6.4.3.2", "6 6.4.3.6"),
        *("8 6.4.3.6.6!", "8 6.4.3.6.4!"),
        *("7 6.4.3.2.1!", "7 6.4.3.2.2!"),
    ]


def test_where_depth_first_goes():
    tree = Tree().grown([0, 0, 0], [Path("a"), Path("b"), Path("c", 1, 0, True)], [0.4, None, 0.9])
    assert next_in_depth(tree, 0.1) == 1, "c is finished"
    assert next_in_depth(tree, 0.4) == 2, "unjudged states last, but not pruned"
    deeper = tree.grown([1], [Path("aa", 2)], [0.05])
    assert next_in_depth(deeper, 0.1) == 2
    assert deepest(deeper) == 4
    assert next_in_depth(Tree().grown([0], [Path("x", 1, 0, True, "failed")], [None]), 0.1) is None
    assert deepest(Tree()) == 0


@pytest.mark.parametrize("search", ["breadth", "depth"])
def test_when_the_budget_ends_it_answers_from_what_is_finished(search):
    script = [ends("5"), goes_on("9"), LIKELY, LIKELY, OutOfBudget()]
    result = play(thoughts(2, search=search), script).value
    assert (result.text, result.stop) == ("5", "budget")
    unjudged = play(thoughts(2, search=search), [ends("5"), goes_on("9"), OutOfBudget(), OutOfBudget()]).value
    assert (unjudged.text, unjudged.stop) == ("5", "budget")
