"""The generic search: rounds of expanding and judging, what is drawn from where, and where the budget can end it."""

from __future__ import annotations

import math
from functools import partial

import pytest
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, no_idea, shape

from passel.core.cost import Budget
from passel.core.errors import OutOfBudget
from passel.core.flow import sample
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply
from passel.core.result import Candidate
from passel.methods.parts.beams import beam_of, subtrees_of
from passel.methods.parts.search import Searched, by_steps, by_verifier, chosen_of, outcome, tree_search
from passel.methods.parts.trees import Tree

KEY = Key(2) / "1"


def search(select, state=(), *, depth=9, verifier=by_last_digit):
    expand, evaluate = by_steps("line", depth), by_verifier(verifier)
    return tree_search(PROBLEM, key=KEY, select=select, state=state, expand=expand, evaluate=evaluate)


def rounds_of(*rounds):
    """A rule that expands these nodes, round by round."""

    def select(tree, state, key):
        assert key == KEY / "select" / tree.rounds
        return (rounds[state] if state < len(rounds) else ()), state + 1

    return select


def with_pass(problem, text, *, key):
    """A verifier that makes a pass."""
    (reply,) = yield from sample("worth?", key=key, role="judge")
    return float(reply.text)


def test_nodes_come_in_the_order_of_the_choice_and_get_their_values():
    script = [goes_on("1"), goes_on("2"), ends("3"), goes_on("4"), goes_on("5")]
    searched = play(search(rounds_of([0, 0], [2, 1, 2]), 0), script).value
    # the draws of one prefix stand beside each other, so the script's third and fourth are both node 2's
    assert shape(searched.tree) == ["0 1", "0 2", "2 2.3!", "1 1.5", "2 2.4"]
    assert [node.value for node in searched.tree.nodes] == [None, 0.1, 0.2, 0.3, 0.5, 0.4]
    assert (searched.whole, searched.state, searched.tree.rounds) == (True, 3, 2)


def test_nodes_with_one_text_are_one_prefix_whose_draws_are_numbered_on():
    script = [goes_on("1"), goes_on("1"), *map(goes_on, "23456")]
    played = play(search(rounds_of([0, 0], [1, 2, 1], [2, 1]), 0), script)
    assert drawn_from(played) == [("", 0), ("", 1), *(("1\n", i) for i in range(5))]
    assert [len(op.asks) for op in played.rounds] == [2, 3, 2]
    assert shape(played.value.tree)[2:] == ["1 1.2", "2 1.3", "1 1.4", "2 1.5", "1 1.6"]


def test_all_nodes_of_a_round_are_judged_before_the_next_one():
    played = play(search(rounds_of([0, 0], [1]), 0, verifier=with_pass), ["a", "b", "0.5", "0.6", "c", "0.7"])
    assert [ask.role for ask in played.asks] == ["generator"] * 2 + ["judge"] * 2 + ["generator", "judge"]
    judged = [ask.key for ask in played.asks if ask.role == "judge"]
    assert judged == [KEY / "verify" / number / "draw" / 0 for number in (1, 2, 3)], "by the node's number"


def test_dead_paths_are_not_judged():
    played = play(search(rounds_of([0, 0]), 0, verifier=with_pass), [FAILED, ends("b"), "0.5"])
    assert [node.value for node in played.value.tree.nodes] == [None, None, 0.5]


@pytest.mark.parametrize("select", [beam_of(4, 2, 2), subtrees_of(2, 2)])
@pytest.mark.parametrize("verifier", [by_last_digit, with_pass])
def test_the_search_survives_the_end_of_its_budget_at_every_point(select, verifier):
    """What was drawn and judged by then is in the tree, and it does not call itself whole."""

    def answer(ask):
        return Reply(text=f"0.{len(repr(ask)) % 10}") if ask.role == "judge" else hashed(ask)

    state = () if "beam" in select.__qualname__ else None
    free = play(search(select, state, verifier=verifier), answer).value
    assert free.whole
    total = len(play(search(select, state, verifier=verifier), answer).asks)
    for point in range(1, total):
        left = iter([True] * point)

        def script(ask, left=left):
            if not next(left, False):
                raise OutOfBudget()
            return answer(ask)

        if point < 4:  # a first round that does not fit brings no reply
            with pytest.raises(OutOfBudget):
                play(search(select, state, verifier=verifier), script)
            continue
        searched = play(search(select, state, verifier=verifier), script).value
        assert not searched.whole
        assert 1 < len(searched.tree) <= len(free.tree)
        assert {node.path.text for node in searched.tree.nodes} <= {node.path.text for node in free.tree.nodes}


def test_out_of_budget_leaves_the_search_only_if_nothing_was_drawn():
    with pytest.raises(OutOfBudget):
        play(search(rounds_of([0, 0]), 0), [OutOfBudget()])
    some = play(
        search(rounds_of([0, 0], [1]), 0), [OutOfBudget(fits=1), goes_on("1"), OutOfBudget(), OutOfBudget()]
    ).value
    assert (shape(some.tree), some.whole) == (["0 1"], False)
    later = play(search(rounds_of([0], [1]), 0), [goes_on("1"), OutOfBudget(), OutOfBudget()]).value
    assert (shape(later.tree), later.whole) == (["0 1"], False)


def test_a_search_that_finished_nothing_ends_its_best_path_with_what_is_left():
    script = [goes_on("1"), goes_on("2"), OutOfBudget(), ends("7")]
    searched = play(search(rounds_of([0, 0], [1]), 0), script).value
    assert (searched.tree.nodes[-1].path.text, searched.whole) == ("2\n7", False)
    small = [goes_on("1"), goes_on("2"), OutOfBudget(), OutOfBudget(), ends("7")]
    played = play(search(rounds_of([0, 0], [1]), 0), small, left=Budget(completion_tokens=9))
    assert played.asks[-1].sampling.max_tokens == 9
    assert played.asks[-1].prefix == "2\n"
    assert played.value.tree.nodes[-1].path.finished


def test_what_is_short_for_one_node_leaves_the_others_theirs():
    script = [goes_on("1"), goes_on("2"), OutOfBudget(), ends("4")]
    searched = play(search(rounds_of([0, 0], [1, 2]), 0), script).value
    assert (shape(searched.tree), searched.whole) == (["0 1", "0 2", "2 2.4!"], False)


def test_nodes_that_could_not_be_judged_are_kept_without_a_value():
    script = ["a", "b", "0.5", OutOfBudget(), OutOfBudget()]
    searched = play(search(rounds_of([0, 0], [1]), 0, verifier=with_pass), script).value
    assert ([node.value for node in searched.tree.nodes], searched.whole) == ([None, 0.5, None], False)


# Golden trees: the model is a pure function of the prefix and the draw's number


def test_the_tree_of_a_beam():
    """Of 0, 6, 1 and 5! the beam keeps 6 and 5!; 5! stays until 8 and 7 push it out; 9! stays beside 8, then 8 ends."""
    tree = play(search(beam_of(4, 2, 2)), hashed).value.tree
    assert shape(tree) == [
        *("0 0", "0 6", "0 1", "0 5!"),
        *("2 6.4", "2 6.3!"),
        *("5 6.4.1", "5 6.4.3"),
        *("8 6.4.3.2", "8 6.4.3.6"),
        *("10 6.4.3.6.6", "10 6.4.3.6.4"),
        *("11 6.4.3.6.6.8", "11 6.4.3.6.6.7"),
        *("13 6.4.3.6.6.8.6", "13 6.4.3.6.6.8.0", "14 6.4.3.6.6.7.6", "14 6.4.3.6.6.7.9!"),
        *("15 6.4.3.6.6.8.6.7", "15 6.4.3.6.6.8.6.8"),
        *("20 6.4.3.6.6.8.6.8.0!", "20 6.4.3.6.6.8.6.8.1!"),
    ]


def test_the_trees_of_subtrees():
    """The second of three ends at once, the first after three steps, the third at the depth."""
    tree = play(search(subtrees_of(3, 2), None, depth=4), partial(hashed, ends_in=6)).value.tree
    assert shape(tree) == [
        *("0 0", "0 6", "0 1", "0 5!", "0 0", "0 8"),
        *("2 6.4", "2 6.3", "6 8.5", "6 8.3"),
        *("7 6.4.1", "7 6.4.3!", "9 8.5.8", "9 8.5.4"),
        *("13 8.5.8.8!", "13 8.5.8.3!"),
    ]


# Results


def found(*paths: Reply, verifier=by_last_digit) -> Searched[object]:
    return play(search(rounds_of([0] * len(paths)), 0, verifier=verifier), paths).value


def test_the_best_finished_path_is_the_answer():
    result = outcome(PROBLEM, found(goes_on("9"), ends("5"), ends("7"), FAILED, ends("7")))
    assert (result.text, result.stop, result.info["nodes"], result.info["rounds"]) == ("7", "done", 5, 1)
    assert [(one.text, one.score) for one in result.candidates] == [("5", 0.5), ("7", 0.7), ("7", 0.7)]


def test_the_result_holds_the_whole_tree_and_which_node_was_chosen():
    result = outcome(PROBLEM, found(goes_on("9"), ends("5"), ends("7"), FAILED), cost=[0.0, 0.1, 0.5, math.inf, 1.0])
    assert [(row["parent"], row["text"], row["score"], row["finished"]) for row in result.info["tree"]] == [
        (None, "", None, False),
        (0, "9\n", 0.9, False),
        (0, "5", 0.5, True),
        (0, "7", 0.7, True),
        (0, "", None, False),
    ]
    assert [row["cost"] for row in result.info["tree"]] == [0.0, 0.1, 0.5, None, 1.0]
    assert result.info["chosen"] == 3
    assert outcome(PROBLEM, found(goes_on("9"))).info["chosen"] is None


def test_a_search_that_finished_nothing_has_no_answer():
    result = outcome(PROBLEM, found(goes_on("9"), FAILED))
    assert (result.answer, result.text, result.candidates, result.stop) == (None, "", (), "done")


def test_a_search_cut_by_the_budget_says_so():
    tree = found(ends("5")).tree
    assert outcome(PROBLEM, Searched(tree, None, False)).stop == "budget"


def scored(text: str, score: float | None) -> Candidate:
    return Candidate(text, PROBLEM.read(text), score)


SOME = [scored("1", 0.4), scored("1", 0.3), scored("2", 0.6), scored("3", None), scored("3", -5.0), scored("3", 0.1)]


@pytest.mark.parametrize(("choice", "text"), [("best", "2"), ("vote", "3"), ("weighted", "1")])
def test_the_choice_is_by_value_by_majority_or_by_the_sum_of_values(choice, text):
    chosen = chosen_of(SOME, choice)
    assert chosen is not None
    assert chosen.text == text


@pytest.mark.parametrize("choice", ["best", "vote", "weighted"])
def test_the_first_of_equals_is_chosen_and_nobody_without_an_answer(choice):
    assert chosen_of([scored("none", 1.0)], choice) is None
    unjudged = [scored("none", 1.0), scored("4", None), scored("5", None)]
    assert chosen_of(unjudged, choice) == unjudged[1]


def test_a_verifier_that_cannot_tell_makes_the_beam_keep_the_first():
    searched = play(search(beam_of(3, 1, 1), depth=2, verifier=no_idea), [*map(goes_on, "987"), ends("1")]).value
    assert shape(searched.tree)[-1] == "1 9.1!"
    assert Tree().best([0], 1) == [0]
