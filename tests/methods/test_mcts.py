"""Monte Carlo tree search: what is backed up, where walks lead, and a second, plain search that must agree."""

from __future__ import annotations

import math
from functools import partial
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, no_idea, shape

from passel.core.ask import Generate, Sampling
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply
from passel.methods.mcts import mcts
from passel.methods.parts.paths import Path
from passel.methods.parts.puct import Visits, backed_up, monte_carlo, most_visited, open_nodes, puct, uct, walk
from passel.methods.parts.search import by_steps, by_verifier, tree_search
from passel.methods.parts.trees import Tree

KEY = Key(4) / "1"


def search(n: int, **options):
    return mcts(PROBLEM, key=KEY, n=n, **({"verifier": by_last_digit, "step": "line"} | options))


@st.composite
def trees(draw):
    """Trees with dead, finished and unjudged leaves."""
    tree = Tree()
    for _ in range(draw(st.integers(1, 12))):
        parents = [number for number in range(len(tree)) if not tree[number].path.done]
        if not parents:
            break
        done, stop = draw(st.sampled_from([(False, "end"), (False, "end"), (True, "end"), (True, "failed")]))
        value = None if stop == "failed" else draw(st.none() | st.integers(0, 8))
        tree = tree.grown([draw(st.sampled_from(parents))], [Path("a" * len(tree), 1, 0, done, stop)], [value])
    return tree


@given(trees(), st.data())
def test_a_nodes_visits_are_its_own_and_those_of_its_children(tree, data):
    finished = tree.finished()
    again = data.draw(st.lists(st.sampled_from(finished), max_size=5)) if finished else []
    visits = backed_up(tree, again)
    for number, node in enumerate(tree.nodes):
        own = 0 if node.value is None else 1 + again.count(number)
        below = tree.children(number)
        assert visits.counts[number] == own + sum(visits.counts[child] for child in below)
        assert visits.totals[number] == own * (node.value or 0) + sum(visits.totals[child] for child in below)


@given(trees())
def test_a_walk_ends_at_an_open_leaf_and_only_where_there_is_none_at_nothing(tree):
    leaf = walk(tree, backed_up(tree), "puct", 1.25)
    leaves = [n for n in range(len(tree)) if not tree.children(n) and not tree[n].path.dead]
    assert (leaf is None) == (not leaves)
    assert leaf is None or leaf in leaves
    wanted = {at for one in leaves for at in (0, *tree.lineage(one))}
    assert open_nodes(tree) == wanted
    growing = [one for one in leaves if not tree[one].path.done]
    assert (most_visited(tree, backed_up(tree)) in growing) if growing else (most_visited(tree, Visits((), ())) is None)


def test_the_rules_by_hand():
    visits = Visits((10, 4, 0), (6.0, 3.0, 0.0))
    assert puct(visits, 0, 1) == 0.75 + (1.25 + math.log(19663 / 19652)) * math.sqrt(10) / 5
    assert puct(visits, 0, 1, 0.0) == pytest.approx(0.75 + 0.00056 * math.sqrt(10) / 5, abs=1e-6)
    assert uct(visits, 0, 1, 2.0) == 0.75 + 2.0 * math.sqrt(math.log(10) / 4)
    assert puct(visits, 0, 2) == uct(visits, 0, 2) == -math.inf


def nodes_rounds_visits(played):
    info = played.value.info
    return info["nodes"], info["rounds"], info["visits"]


def test_walks_weigh_value_against_visits():
    """8 is best at first; when much was drawn from it that is worth little, 6 is."""
    script = [goes_on("8"), goes_on("6"), goes_on("1"), goes_on("0"), ends("7"), ends("5")]
    played = play(search(2, simulations=3), script)
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "8\n", "8\n", "6\n", "6\n"]
    assert nodes_rounds_visits(played) == (6, 3, [3, 3])
    assert [(row["visits"], row["value"]) for row in played.value.info["tree"]][:3] == [
        (6, pytest.approx(0.45)),
        (3, pytest.approx(0.3)),
        (3, pytest.approx(0.6)),
    ]
    assert played.value.text == "6\n7"
    played = play(search(2, simulations=3, exploration=0.0), [*script[:2], goes_on("7"), goes_on("7"), *script[4:]])
    assert [prefix for prefix, _ in drawn_from(played)[4:]] == ["8\n7\n"] * 2, "without a bonus the better mean"


def test_a_walk_to_a_finished_solution_takes_no_pass_but_counts():
    played = play(search(2, simulations=9, exploration=0.0), [ends("9"), goes_on("1")])
    assert len(played.asks) == 2
    assert nodes_rounds_visits(played) == (2, 1, [9, 1])
    assert (played.value.text, played.value.stop) == ("9", "done")


def test_with_enough_visits_a_finished_solution_gives_way():
    played = play(search(2, simulations=9), [ends("9"), goes_on("5"), ends("6"), ends("7")])
    assert drawn_from(played)[2:] == [("5\n", 0), ("5\n", 1)]
    assert played.value.info["rounds"] == 2


def test_failed_steps_are_never_walked_to():
    played = play(search(2, simulations=3), [FAILED, goes_on("1"), FAILED, Reply("length", "cut 9")])
    assert drawn_from(played)[2:] == [("1\n", 0), ("1\n", 1)], "and where all have failed the search ends"
    assert (played.value.answer, played.value.stop) == (None, "done")


def test_what_could_not_be_judged_is_walked_to_last():
    played = play(search(2, simulations=2), [goes_on("what"), goes_on("0"), ends("1"), ends("2")])
    assert drawn_from(played)[2:] == [("0\n", 0), ("0\n", 1)]
    blind = play(search(2, simulations=2, verifier=no_idea), [goes_on("8"), goes_on("9"), ends("1"), ends("2")])
    assert blind.value.text == "8\n1"


def test_if_nothing_is_finished_the_most_visited_path_is_drawn_to_its_end():
    script = [*map(goes_on, ["8", "1", "7", "6"]), Reply(text="3\n4")]
    played = play(search(2, simulations=2), script)
    assert (drawn_from(played)[-1], played.asks[-1].sampling.stop) == (("8\n7\n", 0), None)
    assert (played.value.text, played.value.stop) == ("8\n7\n3\n4", "done")
    assert played.value.candidates[0].score is None


def test_a_step_may_be_worth_what_a_rollout_from_it_comes_to():
    script = [goes_on("8"), goes_on("1"), goes_on("5"), ends("0"), ends("9"), ends("2"), ends("3")]
    played = play(search(2, simulations=2, max_rollout_steps=9), script)
    assert [prefix for prefix, _ in drawn_from(played)] == ["", "", "8\n", "8\n5\n", "1\n", "1\n", "1\n"]
    greedy = [ask.sampling == Sampling(temperature=0.0, stop=("\n",)) for ask in played.asks]
    assert greedy == [False, False, True, True, True, False, False]
    assert played.value.text == "1\n3"
    whole = play(search(1, simulations=1, max_rollout_steps=9, depth=2), [goes_on("1"), ends("2\n3"), ends("4")])
    assert [ask.sampling.stop for ask in whole.asks] == [("\n",), None, None], "the last step goes to the end"


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([OutOfBudget(fits=1), ends("3"), OutOfBudget()], "3"),
        ([ends("3"), goes_on("9"), OutOfBudget()], "3"),
        ([goes_on("3"), goes_on("9"), OutOfBudget(fits=1), ends("5"), OutOfBudget()], "9\n5"),
    ],
)
def test_when_the_budget_ends_it_answers_from_what_is_finished(script, text):
    result = play(search(2), script).value
    assert (result.text, result.stop) == (text, "budget")


# A plain search with nodes that are changed in place


class Plain:
    """A node as textbooks have it."""

    def __init__(self, text: str, above: Plain | None, done: bool) -> None:
        self.text, self.above, self.done = text, above, done
        self.below: list[Plain] = []
        self.visits, self.total = 0, 0.0

    def back_up(self, value: float) -> None:
        at: Plain | None = self
        while at is not None:
            at.visits += 1
            at.total += value
            at = at.above

    def child(self, rule: str, c: float) -> Plain:
        def worth(one: Plain) -> float:
            mean = one.total / one.visits
            if rule == "uct":
                return mean + c * math.sqrt(math.log(self.visits) / one.visits)
            bonus = c + math.log((self.visits + 19652 + 1) / 19652)
            return mean + bonus * math.sqrt(self.visits) / (1 + one.visits)

        return max(self.below, key=worth)


def plain(n: int, simulations: int, rule: str, c: float, ends_in: int) -> list[tuple[str, int, float]]:
    """Text, visits and total of every node, in the order in which they were made."""
    drawn: dict[str, count[int]] = {}
    made = [Plain("", None, False)]
    for _ in range(simulations):
        at = made[0]
        while at.below:
            at = at.child(rule, c)
        if at.done:
            at.back_up(int(at.text[-1]) / 10)
            continue
        numbers = drawn.setdefault(at.text, count())
        for _ in range(n):
            ask = Generate("", Key() / next(numbers), at.text, Sampling(stop=("\n",)))
            reply = hashed(ask, ends_in=ends_in)
            at.below.append(Plain(at.text + reply.text + (reply.stop_text or ""), at, reply.stop_text == ""))
        for one in at.below:
            one.back_up(int(one.text.strip()[-1]) / 10)
        made += at.below
    return [(one.text, one.visits, round(one.total, 6)) for one in made]


def grown(n: int, simulations: int, rule: str, c: float, ends_in: int):
    expand, evaluate = by_steps("line", 99), by_verifier(by_last_digit)
    select = monte_carlo(n, simulations, rule, c)  # type: ignore[arg-type]
    flow = tree_search(PROBLEM, key=KEY, select=select, state=(), expand=expand, evaluate=evaluate)
    return play(flow, partial(hashed, ends_in=ends_in)).value


@settings(max_examples=40)
@given(
    st.integers(1, 4), st.integers(1, 25), st.sampled_from(["puct", "uct"]), st.sampled_from([0.0, 0.3, 1.25]),
    st.integers(2, 9),
)  # fmt: skip
def test_it_is_the_plain_search(n, simulations, rule, c, ends_in):
    searched = grown(n, simulations, rule, c, ends_in)
    visits = backed_up(searched.tree, searched.state)
    totals = [round(total, 6) for total in visits.totals]
    texts = [node.path.text for node in searched.tree.nodes]
    assert list(zip(texts, visits.counts, totals, strict=True)) == plain(n, simulations, rule, c, ends_in)
    assert searched.tree.rounds + len(searched.state) == simulations


def test_a_golden_tree():
    """The finished 6.4! is walked to twice, which takes no pass; six walks expand a node."""
    searched = grown(2, 8, "puct", 0.3, 5)
    assert shape(searched.tree) == [
        *("0 0", "0 6"),
        *("2 6.4!", "2 6.3"),
        *("4 6.3.7", "4 6.3.4"),
        *("5 6.3.7.2", "5 6.3.7.8"),
        *("6 6.3.4.9", "6 6.3.4.8"),
        *("9 6.3.4.9.3", "9 6.3.4.9.5"),
    ]
    assert searched.state == (3, 3)
    visits = backed_up(searched.tree, searched.state)
    assert visits.counts == (14, 1, 13, 3, 9, 3, 5, 1, 1, 3, 1, 1, 1)
    assert most_visited(searched.tree, visits) == 12, "6.3.4.9.5"
