"""Trees: nodes by number, whose child each one is, what has been drawn from where."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_scripts import PROBLEM, by_last_digit, hashed

from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.play import play
from passel.core.registry import find
from passel.methods.parts.paths import Path
from passel.methods.parts.trees import Node, Tree, tree_info, worth

CUT = Path("a\nd", 2, 0, True, "length")
EXAMPLE = (
    Tree()
    .grown([0, 0, 0], [Path("a\n", 1), Path("b\n", 1), Path("a\n", 1)], [0.2, None, 0.9])
    .grown([1, 3, 1], [Path("a\nc", 2, 0, True), CUT, Path("a\ne\n", 2)], [0.9, 1.0, 0.1])
)


def test_a_new_tree_is_a_root():
    assert len(Tree()) == 1
    assert Tree().last == (0,)
    assert (Tree().children(0), Tree().lineage(0), Tree().finished()) == ([], [], [])


def test_children_and_lineage_follow_the_parents():
    assert EXAMPLE.children(0) == [1, 2, 3]
    assert EXAMPLE.children(1) == [4, 6]
    assert EXAMPLE.lineage(6) == [1, 6]
    assert EXAMPLE[5] == Node(CUT, 3, 1.0)
    assert (EXAMPLE.last, EXAMPLE.rounds) == ((4, 5, 6), 2)


def test_draws_are_counted_by_text_not_by_node():
    assert EXAMPLE.sampled == {"": 3, "a\n": 3}


def test_only_whole_solutions_are_finished():
    assert EXAMPLE.finished() == [4]


def test_the_best_come_first_ties_to_the_earlier_and_the_unjudged_last():
    assert EXAMPLE.best([6, 4, 3, 2, 1], 9) == [3, 4, 1, 6, 2]
    assert EXAMPLE.best([2, 6], 1) == [6]
    assert worth(None) < worth(-1e300)


@given(st.data())
def test_a_tree_keeps_what_it_had_and_adds_what_it_is_given(data):
    tree = Tree()
    for _ in range(data.draw(st.integers(0, 4))):
        parents = data.draw(st.lists(st.integers(0, len(tree) - 1), min_size=1, max_size=4))
        paths = [Path(tree[parent].path.text + data.draw(st.sampled_from("ab"))) for parent in parents]
        before, tree = tree, tree.grown(parents, paths, [data.draw(st.none() | st.floats(0, 1)) for _ in parents])
        assert tree.nodes[: len(before)] == before.nodes
        assert [tree[number].parent for number in tree.last] == parents
        assert sum(tree.sampled.values()) == len(tree) - 1
    for number in range(1, len(tree)):
        line = [0, *tree.lineage(number)]
        assert line[-1] == number
        assert all(child in tree.children(parent) for parent, child in pairwise(line))
    ordered = tree.best(range(len(tree)), len(tree))
    assert sorted(ordered) == list(range(len(tree)))
    values = [worth(tree[number].value) for number in ordered]
    assert values == sorted(values, reverse=True)


def joined(rows: list[dict[str, Any]], index: int) -> str:
    """The texts from the root down to a node."""
    at: int | None = index
    text = ""
    while at is not None:
        text, at = rows[at]["text"] + text, rows[at]["parent"]
    return text


def test_a_tree_as_json_holds_each_step_once():
    rows = json.loads(json.dumps(tree_info(EXAMPLE, visits=range(7), cost=[math.inf, *[0.5] * 6])))
    assert [row["text"] for row in rows] == ["", "a\n", "b\n", "a\n", "c", "d", "e\n"]
    assert [(row["index"], row["parent"], row["score"]) for row in rows[4:]] == [(4, 1, 0.9), (5, 3, 1.0), (6, 1, 0.1)]
    assert [row["index"] for row in rows if row["finished"]] == [4]
    assert [row["visits"] for row in rows] == list(range(7))
    assert (rows[0]["cost"], rows[1]["cost"]) == (None, 0.5)


SEARCHES = {
    "beam": {"n": 4, "width": 2},
    "diverse_beam": {"n": 4, "width": 2},
    "lookahead": {"n": 4, "width": 2},
    "step_best_of": {"n": 3},
    "a_star": {"n": 2},
    "mcts": {"n": 2, "simulations": 9},
    "tree_of_thoughts": {"n": 3, "width": 2, "evaluate": "verifier"},
    "particle_filter": {"n": 4},
    "particle_gibbs": {"n": 3},
}


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("depth", [2, 6])
def test_every_search_returns_its_tree(name, depth):
    method = find("methods", name)
    flow = method(PROBLEM, key=Key(4), verifier=by_last_digit, step="line", depth=depth, **SEARCHES[name])
    result = play(flow, hashed).value
    rows = result.info["tree"]
    assert json.loads(json.dumps(rows)) == rows
    assert len(rows) == result.info["nodes"] + 1
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert all(row["parent"] < row["index"] for row in rows[1:])
    texts = {joined(rows, row["index"]).rstrip("\n") for row in rows if row["finished"]}
    assert {one.text for one in result.candidates} <= texts
    chosen = rows[result.info["chosen"]]
    assert joined(rows, chosen["index"]).rstrip("\n") == result.text
    assert chosen["finished"]
    assert chosen["index"] not in {row["parent"] for row in rows}, "it is a leaf"
    assert any((one.text, one.score) == (result.text, chosen["score"]) for one in result.candidates)


def test_reasons_stay_with_the_nodes():
    tree = Tree().grown([0, 0], [Path("a"), Path("b")], [Judgement(0.5, "half of it"), None])
    assert [(node.value, node.reason) for node in tree.nodes[1:]] == [(0.5, "half of it"), (None, "")]
