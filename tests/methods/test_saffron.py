"""Saffron by scripts, and over planted trees: one evaluation a node, what is masked, what is kept, when it ends."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest
from step_scripts import FAILED, PROBLEM, ends, goes_on

from passel.core.ask import Generate, Sampling, Score
from passel.core.cost import Budget
from passel.core.driver import Driver, Ledger, Scope
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.plant import Plant
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply, Token
from passel.methods.parts.multifurcating import Leaf, kept_of, nucleus
from passel.methods.parts.paths import Path
from passel.methods.saffron import saffron
from passel.models.planted import planted

KEY = Key(2) / "1"
INF = math.inf


def searched(n, width, **options):
    return saffron(PROBLEM, key=KEY, n=n, width=width, **({"step": "line"} | options))


def valued(*scores):
    return Reply(scores=scores)


def scores_of(played):
    return [ask for ask in played.asks if isinstance(ask, Score)]


def test_all_children_of_a_node_are_valued_in_one_evaluation():
    script = [*map(goes_on, "123"), valued(0.1, 0.9, 0.5), *map(ends, "456"), valued(0.3, 0.2, 0.8)]
    played = play(searched(1, 3), script)
    assert [(ask.prefix, ask.continuations) for ask in scores_of(played)] == [
        ("", ("1\n", "2\n", "3\n")),
        ("2\n", ("4", "5", "6")),
    ]
    assert {(ask.role, ask.what, ask.chain) for ask in scores_of(played)} == {("reward", "reward", False)}
    assert (played.value.text, played.value.stop) == ("2\n6", "done")
    info = played.value.info
    assert (info["nodes"], info["rounds"], info["chosen"]) == (6, 2, 6)
    assert [(row["parent"], row["text"], row["score"]) for row in info["tree"]][1:] == [
        *((0, f"{step}\n", score) for step, score in (("1", 0.1), ("2", 0.9), ("3", 0.5))),
        *((2, step, score) for step, score in (("4", 0.3), ("5", 0.2), ("6", 0.8))),
    ]


def test_one_by_one_asks_once_for_each_child_and_finds_the_same():
    script = [*map(goes_on, "123"), *map(valued, [0.1, 0.9, 0.5]), *map(ends, "456"), *map(valued, [0.3, 0.2, 0.8])]
    played = play(searched(1, 3, one_call=False), script)
    assert len(scores_of(played)) == 6
    assert played.value.text == "2\n6"


def test_children_of_one_text_are_one_node():
    script = [
        *map(goes_on, "112"),
        valued(0.4, 0.3),
        *map(ends, "777"),
        valued(0.5),
        *map(ends, "889"),
        valued(0.6, 0.1),
    ]
    played = play(searched(2, 3), script)
    assert [ask.continuations for ask in scores_of(played)] == [("1\n", "2\n"), ("7",), ("8", "9")]
    assert [one.text for one in played.value.candidates] == ["2\n8", "1\n7"]


def test_what_the_reward_model_never_saw_is_masked():
    script = [*map(goes_on, "123"), valued(-INF, 0.1, -INF), *map(ends, "456"), valued(0.3, 0.2, 0.8)]
    played = play(searched(2, 3), script)
    assert [ask.prefix for ask in scores_of(played)] == ["", "2\n"], "with room for two, one alone is kept"
    every = play(searched(1, 2), [*map(goes_on, "12"), valued(-INF, -INF), *map(ends, "45"), valued(-INF, 0.2)])
    assert every.value.text == "1\n5", "but it goes on where it saw none of all"
    assert [one.score for one in every.value.candidates] == [0.2]


def test_the_kept_children_are_the_best_of_all_nodes():
    first = [*map(goes_on, "12"), valued(0.5, 0.6)]
    second = [*map(goes_on, "34"), valued(0.9, 0.8), *map(goes_on, "56"), valued(0.1, 0.7)]
    played = play(
        searched(2, 2), [*first, *second, *map(ends, "78"), valued(0.4, 0.3), *map(ends, "90"), valued(0.2, 0.1)]
    )
    assert [ask.prefix for ask in scores_of(played)] == ["", "2\n", "1\n", "2\n3\n", "2\n4\n"]
    assert played.value.text == "2\n3\n7"


def test_a_finished_one_stands_before_all_that_go_on():
    played = play(searched(2, 2), [ends("1"), goes_on("2"), valued(0.1, 0.9), *map(ends, "34"), valued(0.6, 0.05)])
    assert [one.text for one in played.value.candidates] == ["2\n3", "1"]
    alone = play(searched(1, 2), [ends("1"), goes_on("2"), valued(0.8, 0.9), *map(ends, "34"), valued(0.5, 0.6)])
    assert alone.value.text == "2\n4", "only the best child is kept, finished or not"


def leaf(text, reward, done=False):
    return Leaf(Path(text, 1, done=done), reward)


def test_kept_of():
    live, done = leaf("a", 0.9), leaf("b", 0.2, True)
    assert kept_of([], [live, done], 2) == [done, live]
    assert kept_of([], [live, done], 1) == [live]
    assert kept_of([leaf("c", 0.1, True)], [live, done], 2) == [done, leaf("c", 0.1, True)]
    unvalued, unseen = leaf("d", None), leaf("e", -INF)
    assert kept_of([], [unseen, unvalued, live], 3) == [live]
    assert kept_of([], [unseen, unvalued], 2) == [unvalued]
    assert kept_of([], [unseen], 2) == [unseen]


TOP = (("x", math.log(0.5)), ("y", math.log(0.3)), ("z", math.log(0.15)), ("</s>", math.log(0.05)))


def test_nucleus():
    token = Token("y", math.log(0.3), TOP)
    assert [len(nucleus(token, p)) for p in (0.0, 0.4, 0.5, 0.6, 0.79, 0.9, 1.0)] == [0, 1, 1, 2, 2, 3, 4]
    assert nucleus(Token("y", -0.1), 0.5) == ["y"]


def told(*pairs, stop="length"):
    """A reply to one token, with what could have come in its place."""
    top = tuple((text, math.log(share)) for text, share in pairs)
    return Reply(stop, pairs[0][0], (Token(*top[0], top),))


def test_tokens_are_told_by_one_pass_a_node():
    """The end token is no child before `min_tokens` tokens, and its reward is the solution's."""
    script = [
        told(("1", 0.5), ("</s>", 0.3), ("2", 0.2)),
        valued(0.1, 0.7),
        told(("</s>", 0.6), ("3", 0.3), ("4", 0.1)),
        valued(0.8, 0.2),
    ]
    played = play(searched(1, 5, children="tokens", min_tokens=1, top_p=0.85), script)
    asks = [ask for ask in played.asks if isinstance(ask, Generate)]
    assert [(ask.prefix, ask.sampling) for ask in asks] == [
        ("", Sampling(max_tokens=1, logprobs=5)),
        ("2", Sampling(max_tokens=1, logprobs=5)),
    ]
    assert [ask.continuations for ask in scores_of(played)] == [("1", "2"), ("", "3")]
    assert played.value.text == "2"


def test_tokens_without_an_end_are_drawn_to_their_end():
    script = [told(("1", 1.0)), valued(0.5), told(("2", 1.0)), valued(0.5), Reply(text="34")]
    played = play(searched(1, 5, children="tokens", depth=2), script)
    assert played.asks[-1].prefix == "12"
    assert played.asks[-1].sampling == Sampling()
    assert played.value.text == "1234"


@pytest.mark.parametrize(
    "bad", [FAILED, Reply("length"), Reply("filtered"), Reply("end", "")], ids=["failed", "empty", "filtered", "end"]
)
def test_bad_replies_are_survived(bad):
    assert play(searched(2, 2, children="tokens", min_tokens=1), lambda ask: bad).value.answer is None
    failed = play(searched(2, 2), [FAILED, ends("3"), FAILED])
    assert failed.value.text == "3", "what no value came for is still an answer"
    assert play(searched(2, 2), [FAILED, FAILED]).value.answer is None


PLANT = Plant(5, 4, 3)
TREE = Problem("1", PLANT.question)


def run(options, budget=None, seed=0, **model):
    """The result, the asks by kind and the ledger, over a planted tree."""
    played_by = planted(tokens=1, **model)

    async def main():
        scope = Scope("1", {}, Ledger(budget))
        driver = Driver({"generator": Binding(played_by, Sampling(max_tokens=16))})
        return await driver.run(saffron(TREE, key=Key(seed), **options), scope), scope.ledger

    return asyncio.run(main())


@pytest.mark.parametrize("children", ["steps", "tokens"])
def test_a_perfect_reward_model_leads_along_the_right_path(children):
    """And one call values a node: of n nodes at each level but the first, no more."""
    options = {"n": 2, "width": 8, "children": children, "top_p": 1.0, "min_tokens": 2, "depth": 8}
    asks: Counter[str] = Counter()
    model = planted(tokens=1, rho=1.0, chance=0.5)

    def answer(ask):
        asks[ask.kind] += 1
        return model.reply(ask)

    result = play(saffron(Problem("1", PLANT.question), key=Key(1), **options), answer).value
    assert PLANT.path in "".join(result.text.split())
    assert asks["score"] <= 1 + 2 * 4
    assert asks["generate"] == asks["score"] * (8 if children == "steps" else 1)


@pytest.mark.parametrize(("n", "width"), [(1, 4), (2, 3), (3, 5)])
def test_a_step_costs_one_evaluation_a_kept_node_in_place_of_one_a_child(n, width):
    """The identity of calls: B a step against B times the candidates. Every node has `width` different children."""

    def answer(ask):
        if isinstance(ask, Score):
            return valued(*(float(part[0]) / 10 for part in ask.continuations))
        digit = str(ask.key.path[-1])
        return goes_on(digit) if ask.prefix.count("\n") < 2 else ends(digit)

    calls = {}
    for one_call in (True, False):
        played = play(searched(n, width, one_call=one_call), answer)
        levels = Counter(ask.prefix.count("\n") for ask in scores_of(played))
        calls[one_call] = [levels[level] for level in range(3)]
        assert played.value.text == "\n".join([str(width - 1)] * 3)
    assert calls[True] == [1, n, n]
    assert calls[False] == [width, n * width, n * width]


def test_what_begins_alike_is_asked_with_one_prefix_in_one_round():
    """The trie: a kept node's children are drawn and valued behind its text, once, so that an engine keeps it."""
    steps = {"": "112", "1\n": "333", "2\n": "344"}
    rewards = {"1\n": 0.9, "2\n": 0.8, "1\n3\n": 0.5, "2\n3\n": 0.7, "2\n4\n": 0.6}

    def answer(ask):
        if isinstance(ask, Score):
            return valued(*(rewards.get(ask.prefix + part, 0.1) for part in ask.continuations))
        drawn = steps.get(ask.prefix)
        return goes_on(drawn[ask.key.path[-1]]) if drawn else ends("5")

    played = play(searched(2, 3), answer)
    asked = [[(type(ask).__name__, ask.prefix) for ask in op.asks] for op in played.rounds]
    assert all(len(set(op)) == 1 for op in asked), "one prefix a round"
    assert [op[0] for op in asked if op[0][0] == "Generate"] == [
        ("Generate", prefix) for prefix in ("", "1\n", "2\n", "2\n3\n", "2\n4\n")
    ]
    assert max(Counter(op[0] for op in asked).values()) == 1, "no prefix twice"


@pytest.mark.parametrize(
    "options", [{"n": 2, "width": 2}, {"n": 2, "width": 3, "children": "tokens", "depth": 3}], ids=str
)
def test_no_budget_is_passed_and_each_point_is_survived(options):
    (free, _) = run(options)
    for limit in range(80):
        outcome, ledger = run(options, Budget(passes=limit))
        assert ledger.spent.passes <= limit
        assert outcome.error is None
        if outcome.result.stop == "done":
            assert outcome.result == free.result
            break
    else:
        pytest.fail("it never had enough")
    assert limit == free.cost.passes


def test_only_where_nothing_was_drawn_may_the_budget_leave_it():
    with pytest.raises(OutOfBudget):
        play(searched(1, 2), [OutOfBudget()])
    kept = play(searched(1, 2), [ends("4"), ends("5"), OutOfBudget()]).value
    assert (kept.text, kept.stop) == ("4", "budget")
    unvalued = play(searched(1, 2), [goes_on("5"), ends("4"), OutOfBudget()]).value
    assert (unvalued.text, unvalued.stop) == ("4", "budget"), "finished, though it came second"
    later = play(searched(2, 2), [ends("4"), goes_on("5"), valued(0.1, 0.9), OutOfBudget()]).value
    assert (later.text, later.stop) == ("4", "budget")
