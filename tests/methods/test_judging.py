"""Candidates carry a verifier's score with its reason, whichever method scored them."""

from __future__ import annotations

import pytest
from step_scripts import PROBLEM, ends, goes_on

from passel.core.flow import Flow
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.registry import find
from passel.core.result import Candidate
from passel.methods.parts.judging import all_judged

METHODS = {
    "best_of": {"n": 2},
    "feedback_scaling": {"n": 2, "mode": "parallel"},
    "reflexion": {"trials": 1},
    "iterative_agent": {"n": 2, "rounds": 1},
    "sequential_revision": {"n": 2, "length": 1},
    "beam": {"n": 2, "width": 2},
    "a_star": {"n": 2},
    "mcts": {"n": 2, "simulations": 1},
    "particle_filter": {"n": 2},
}


def explained(problem: Problem, text: str, *, key: Key) -> Flow[Judgement]:
    """A score with its reason; the key says which candidate it is."""
    yield from ()
    return Judgement(0.5, f"because of {text}, number {key.path[-1]}")


def test_a_candidate_without_an_answer_is_not_judged_and_numbers_go_on_from_the_first():
    candidates = [Candidate("4", PROBLEM.read("4")), Candidate("?", None), Candidate("5", PROBLEM.read("5"))]
    scored, whole = play(all_judged(explained, PROBLEM, candidates, key=Key(), first=3), []).value
    assert [one.reason for one in scored] == ["because of 4, number 3", "", "because of 5, number 5"]
    assert ([one.score for one in scored], whole) == ([0.5, None, 0.5], True)


@pytest.mark.parametrize("name", METHODS)
def test_methods_keep_the_reasons(name):
    flow = find("methods", name)(PROBLEM, key=Key(), verifier=explained, **METHODS[name])
    candidates = play(flow, lambda ask: ends(f"It is {ask.key.path[-1]}")).value.candidates
    assert candidates
    assert all(one.reason.startswith(f"because of {one.text}") and one.score == 0.5 for one in candidates)


def test_a_text_that_stops_early_says_why():
    flow = find("methods", "confidence_inject")(PROBLEM, key=Key(), verifier=explained, step="line")
    (candidate,) = play(flow, [goes_on("It is 4")]).value.candidates
    assert (candidate.score, candidate.reason) == (0.5, "because of It is 4, number 1")
