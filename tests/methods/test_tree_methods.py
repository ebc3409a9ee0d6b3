"""What holds of all methods that search over steps, over a model that is a pure function of its prefix."""

from __future__ import annotations

from collections import Counter

import pytest
from step_scripts import PROBLEM, by_last_digit, hashed

from passel.core.errors import OutOfBudget
from passel.core.flow import sample
from passel.core.key import Key
from passel.core.play import play
from passel.core.registry import find
from passel.core.reply import Reply

KEY = Key(6) / "1"


def by_pass(problem, text, *, key):
    """As `by_last_digit`, with a pass."""
    (reply,) = yield from sample("worth?", key=key, role="judge")
    return (yield from by_last_digit(problem, text, key=key)) if reply.ok else None


CASES = {
    "beam": {"n": 6, "width": 3},
    "step_best_of": {"n": 3},
    "diverse_beam": {"n": 6, "width": 2},
    "lookahead": {"n": 4, "width": 2, "max_rollout_steps": 2},
    "a_star": {"n": 3, "expansions": 7},
    "mcts": {"n": 2, "simulations": 9},
    "mcts rollouts": {"n": 2, "simulations": 5, "max_rollout_steps": 3},
    "tree_of_thoughts": {"n": 3, "width": 2, "evaluate": "verifier"},
    "tree_of_thoughts value": {"n": 3, "width": 2, "judgements": 2},
    "tree_of_thoughts vote": {"n": 3, "width": 2, "evaluate": "vote", "judgements": 2},
    "tree_of_thoughts propose": {"n": 3, "width": 2, "generate": "propose", "judgements": 1},
    "tree_of_thoughts depth": {"n": 3, "search": "depth", "expansions": 6, "evaluate": "verifier"},
    "tree_of_thoughts depth propose": {"n": 2, "search": "depth", "generate": "propose", "judgements": 1},
}
PARTICLES = {"particle_filter": {"n": 5}, "particle_gibbs": {"n": 3, "iterations": 2}}
each = pytest.mark.parametrize("name", CASES)
each_and_particles = pytest.mark.parametrize("name", [*CASES, *PARTICLES])


def flow(name: str, verifier=by_pass):
    options = (CASES | PARTICLES)[name]
    return find("methods", name.split()[0])(PROBLEM, key=KEY, depth=4, step="line", verifier=verifier, **options)


def answer(ask):
    if ask.role == "judge":
        return Reply(text=("sure", "likely", "Best: 1\nimpossible", "Best: 2\nlikely")[len(repr(ask)) % 4])
    if ask.label == "propose":
        return Reply(text="".join(f"{i}. {(len(repr(ask)) + 3 * i) % 10}{' [done]' * (i == 3)}\n" for i in range(1, 4)))
    return hashed(ask)


@each_and_particles
def test_no_draw_is_made_twice_but_rollouts_of_one_step(name):
    """Nodes with one text draw different numbers. A greedy rollout may pass by where another one did."""
    asks = Counter(
        (ask.prompt, ask.prefix, ask.key, ask.label)
        for ask in play(flow(name), answer).asks
        if ask.role == "generator" and ask.sampling.temperature is None
    )
    assert asks
    assert max(asks.values()) == 1


@each_and_particles
def test_the_draws_of_one_prefix_stand_together(name):
    """So that a server computes the prefix once: between two judgements each prefix is in one round of asks."""
    seen: set[str] = set()
    for op in play(flow(name), answer).rounds:
        if op.asks[0].role == "judge":
            seen.clear()
        elif op.asks[0].label == "step" and op.asks[0].sampling.temperature is None:
            (prefix,) = {ask.prefix for ask in op.asks}
            assert prefix not in seen
            seen.add(prefix)


@each
def test_it_ends_by_itself_with_an_answer(name):
    result = play(flow(name), answer).value
    assert result.stop == "done"
    assert result.answer is not None
    assert result.answer == PROBLEM.read(result.text)


@each
def test_the_budget_can_end_at_every_point(name):
    """What was finished by then can still be the answer, and nothing else is."""
    free = play(flow(name), answer)
    finished = {one.text for one in free.value.candidates}
    first = len(free.rounds[0].asks)
    for point in range(len(free.asks)):
        turns = iter(range(10_000))

        def script(ask, point=point, turns=turns):
            if next(turns) >= point:
                raise OutOfBudget()
            return answer(ask)

        if point < first:
            with pytest.raises(OutOfBudget):
                play(flow(name), script)
            continue
        result = play(flow(name), script).value
        assert result.stop == "budget"
        assert result.answer is None or result.text in finished


@each
def test_bad_replies_at_every_point_are_survived(name):
    total = len(play(flow(name), answer).asks)
    for bad in range(total):
        for stop in ("failed", "length", "filtered"):
            turns = iter(range(10_000))
            result = play(
                flow(name), lambda ask: Reply(stop, "half 9") if next(turns) == bad else answer(ask)  # noqa: B023
            ).value  # fmt: skip
            assert "half 9" not in result.text
            assert result.stop == "done"
