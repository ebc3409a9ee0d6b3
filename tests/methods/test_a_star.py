"""A*-decoding: f never falls, the cheapest is always next, and the first finished one that is cheapest wins."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, no_idea

from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply
from passel.methods.a_star import a_star
from passel.methods.parts.best_first import best_first, costs, frontier
from passel.methods.parts.paths import Path
from passel.methods.parts.search import by_steps, by_verifier, tree_search
from passel.methods.parts.trees import Tree

KEY = Key(4) / "1"


def star(n: int, **options):
    return a_star(PROBLEM, key=KEY, n=n, **({"verifier": by_last_digit, "step": "line"} | options))


def line_of(*values) -> Tree:
    """A tree that is one path."""
    tree = Tree()
    for number, value in enumerate(values):
        tree = tree.grown([number], [Path("a" * (number + 1))], [value])
    return tree


@st.composite
def trees(draw, values):
    tree = Tree()
    for _ in range(draw(st.integers(1, 12))):
        tree = tree.grown([draw(st.integers(0, len(tree) - 1))], [Path("a" * len(tree))], [draw(values)])
    return tree


@given(trees(st.none() | st.floats(0, 1)))
def test_f_never_falls_along_a_path_to_the_last_bit(tree):
    total = costs(tree)
    assert len(total) == len(tree)
    for number in range(1, len(tree)):
        for before, after in pairwise([0, *tree.lineage(number)]):
            assert total[before] <= total[after]


@given(trees(st.fractions(0, 1)))
def test_f_is_g_plus_h_exactly(tree):
    """g from its definition, in exact numbers: the sum of max(0, h(s) - h(s')) after the first step."""
    total = costs(tree)
    for number in range(1, len(tree)):
        h = [1 - tree[at].value for at in tree.lineage(number)]
        g = sum((max(Fraction(0), one - two) for one, two in pairwise(h)), Fraction(0))
        assert total[number] == g + h[-1]


def test_a_rise_costs_nothing_more_and_a_fall_costs_itself():
    assert costs(line_of(0.5, 0.75, 0.25, 0.5)) == [0.0, 0.5, 0.5, 1.0, 1.0]


@given(trees(st.fractions(0, 1)))
def test_a_fall_may_be_the_cost_or_nothing_at_all(tree):
    by_fall, greedy = costs(tree, "fall"), costs(tree, "none")
    for number in range(1, len(tree)):
        h = [1 - tree[at].value for at in tree.lineage(number)]
        assert by_fall[number] == sum((max(Fraction(0), two - one) for one, two in pairwise(h)), Fraction(0)) + h[-1]
        assert greedy[number] == h[-1]


@pytest.mark.parametrize("cost", ["rise", "fall", "none"])
def test_what_was_not_judged_costs_infinity_and_what_grows_from_it_too(cost):
    assert costs(line_of(0.5, None, 0.75, 0.75), cost) == [0.0, 0.5, math.inf, math.inf, math.inf]
    assert costs(line_of(None, None), cost) == [0.0, math.inf, math.inf]


def test_the_frontier_is_what_was_not_expanded_and_is_not_dead():
    dead = Path("d", 1, 0, True, "failed")
    tree = Tree().grown([0, 0, 0, 0], [Path("a"), Path("b"), dead, Path("c")], [0.75, 0.5, None, 0.75])
    assert frontier(tree) == [1, 4, 2]
    assert frontier(tree.grown([1, 1], [Path("aa"), Path("ab")], [0.5, 0.875])) == [6, 4, 2, 5]
    long, longer = Path("aa", 2), Path("aaa", 3)
    assert frontier(Tree().grown([0, 0, 0], [Path("b", 1), long, longer], [0.5] * 3)) == [3, 2, 1]


def test_it_goes_back_to_an_earlier_step_when_the_score_falls():
    script = [goes_on("8"), goes_on("6"), goes_on("3"), goes_on("4"), goes_on("7"), goes_on("9"), ends("9"), ends("1")]
    played = play(star(2), script)
    # 8 costs .2; its children cost .7 and .6; so 6 at .4 is next; its child 9 still costs .4
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "8\n", "8\n", "6\n", "6\n", "6\n9\n", "6\n9\n"]
    assert (played.value.text, played.value.stop) == ("6\n9\n9", "done")


def test_a_finished_solution_must_be_the_cheapest_to_end_it():
    played = play(star(2), [ends("5"), goes_on("6"), goes_on("2"), goes_on("3")])
    assert played.value.text == "5", "6 was tried first; what came of it costs more than 5"
    assert len(played.asks) == 4
    assert len(play(star(2), [ends("7"), goes_on("6")]).asks) == 2


def test_the_answer_is_the_cheapest_and_not_the_highest_score():
    """2.9.6! has the higher score, but 1.1! costs .9 and that 1.1: the fall from 9 to 6 is paid for."""
    script = [goes_on("2"), goes_on("1"), goes_on("9"), goes_on("0"), ends("6"), goes_on("0"), ends("1"), goes_on("0")]
    played = play(star(2), script)
    assert [one.text for one in played.value.candidates] == ["2\n9\n6", "1\n1"]
    assert played.value.text == "1\n1"


def test_finished_solutions_without_an_answer_and_dead_ones_are_passed_over():
    """The verifier likes them; they are no goals."""

    def likes_words(problem, text, *, key):
        yield from ()
        return 0.9 if "word" in text else 0.5

    played = play(star(3, verifier=likes_words), [ends("word"), FAILED, ends("7")])
    assert played.value.text == "7"
    assert [one.text for one in played.value.candidates] == ["word", "7"]
    assert play(star(2), [FAILED, Reply("length", "9")]).value.answer is None


def test_when_the_expansions_are_used_up_the_best_finished_solution_is_the_answer():
    played = play(star(2, expansions=1), [ends("3"), goes_on("9")])
    assert (played.value.text, played.value.stop) == ("3", "done")


def test_if_none_is_finished_the_cheapest_is_drawn_to_its_end():
    played = play(star(2, expansions=2), [goes_on("3"), goes_on("9"), goes_on("1"), goes_on("7"), Reply(text="4\n5")])
    assert drawn_from(played)[-1] == ("9\n7\n", 0)
    assert played.asks[-1].sampling.stop is None
    assert (played.value.text, played.value.stop) == ("9\n7\n4\n5", "done")
    cut = play(star(2, expansions=1), [goes_on("3"), goes_on("9"), OutOfBudget()]).value
    assert (cut.answer, cut.stop) == (None, "budget")
    earlier = play(star(2), [OutOfBudget(fits=1), goes_on("3"), OutOfBudget(), OutOfBudget()])
    assert (earlier.value.answer, earlier.value.stop) == (None, "budget"), "nor does the end of one path fit"


def test_where_nothing_can_be_judged_the_first_goes_straight_on():
    played = play(star(2, verifier=no_idea), [goes_on("3"), goes_on("9"), *map(ends, "12")])
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "3\n", "3\n"]
    assert played.value.text == "3\n1"


def test_a_sure_verifier_does_not_make_it_broad():
    """All right steps cost the same, and all wrong ones: it goes down before it goes sideways."""

    def sure(problem, text, *, key):
        yield from ()
        return 0.9 if set(text) <= set("7\n") else 0.1

    script = [*map(goes_on, "177"), *map(goes_on, "777"), ends("7"), ends("7"), ends("1")]
    played = play(star(3, verifier=sure), script)
    assert [prefix for prefix, _ in drawn_from(played)][::3] == ["", "7\n", "7\n7\n"]
    assert (played.value.text, played.value.stop) == ("7\n7\n7", "done")


def test_without_a_cost_it_goes_for_the_highest_score():
    """9 after 2 is next, though the fall to come is paid for nowhere."""
    script = [goes_on("2"), goes_on("1"), goes_on("9"), goes_on("0"), ends("8"), goes_on("0")]
    played = play(star(2, cost="none"), script)
    assert (played.value.text, played.value.stop) == ("2\n9\n8", "done")


def popped(ends_in: int) -> list[tuple[str, float]]:
    """The node expanded in each round of a search over the hashed model, and its cost."""
    found: list[tuple[str, float]] = []
    rule = best_first(2, 9, lambda path: True)

    def noting(tree, state, key):
        chosen, state = rule(tree, state, key)
        found.extend((tree[n].path.text.strip().replace("\n", "."), round(costs(tree)[n], 9)) for n in chosen[:1])
        return chosen, state

    expand, evaluate = by_steps("line", 9), by_verifier(by_last_digit)
    flow = tree_search(PROBLEM, key=KEY, select=noting, state=None, expand=expand, evaluate=evaluate)
    play(flow, partial(hashed, ends_in=ends_in))
    return found


def test_a_golden_search():
    """Rises cost nothing: 6.4.3.6 is as cheap as 6.4.3, and both as 6.3, which is shorter and so waits."""
    found = [("", 0.0), ("6", 0.4), ("6.4", 0.6), ("6.4.3", 0.7), ("6.4.3.6", 0.7), ("6.4.3.6.6", 0.7)]
    assert popped(12)[:6] == found
    assert popped(12)[6:] == [("6.4.3.6.6.8", 0.7), ("6.4.3.6.6.7", 0.7), ("6.4.3.6.6.7.9", 0.7)]


@given(st.integers(3, 40))
def test_nodes_are_expanded_in_the_order_of_their_cost(ends_in):
    total = [cost for _, cost in popped(ends_in)]
    assert total == sorted(total)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([OutOfBudget(fits=1), ends("3"), OutOfBudget()], "3"),
        ([ends("3"), goes_on("9"), OutOfBudget()], "3"),
        ([ends("3"), goes_on("9"), OutOfBudget(fits=1), ends("5"), OutOfBudget()], "9\n5"),
    ],
)
def test_when_the_budget_ends_it_answers_with_the_best_finished(script, text):
    result = play(star(2), script).value
    assert (result.text, result.stop) == (text, "budget")
