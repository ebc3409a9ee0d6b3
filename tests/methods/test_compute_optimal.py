"""Choosing an arm by difficulty: which bin a problem falls in, which arm did best there, and what it then costs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import passel
from passel.core.ask import Call, Generate
from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.options import configured
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.methods.best_of import best_of
from passel.methods.compute_optimal import compute_optimal
from passel.methods.parts.difficulty import ORACLE as OURS
from passel.methods.parts.difficulty import best_arm, bin_of, binning_of, difficulty_of
from passel.methods.single import single
from passel.methods.vote import vote
from passel.runs.pilot import ORACLE, Pilot, PilotProblem
from passel.verifiers.arithmetic import arithmetic
from passel.verifiers.judge import judge
from passel.verifiers.math_answer import math_answer


def last_word(text: str) -> Answer | None:
    """The last word is the answer; words that begin with "no" are none."""
    words = text.split()
    return Answer(words[-1], words[-1]) if words and not words[-1].startswith("no") else None


def by_length(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """A verifier that likes long texts."""
    yield from ()
    return len(text) / 10


PROBLEM = Problem("1", "?", read=last_word)
TWO, THREE = configured(vote, {"n": 2}), configured(vote, {"n": 3})
ARMS = {"arm_1": TWO, "arm_2": THREE, "arm_3": single, "arm_4": single}


def figures(*accuracies: float) -> dict[str, dict[str, object]]:
    """Of two votes and a single sample."""
    rows = zip(("vote:n=2", "vote:n=3", "single"), accuracies, (40.0, 60.0, 20.0), strict=True)
    return {s: {"accuracy": a, "stderr": 0.1, "tokens": t, "problems": 7, "spec": s} for s, a, t in rows}


HARD, EASY = figures(0.2, 0.4, 0.2), figures(0.9, 0.8, 0.5)
TOLD = {"methods": HARD, "bins": {"oracle": {"edges": [0.5], "methods": [HARD, EASY]}}}


def run(texts, told=TOLD, checks=(), **options):
    """Plays it: the pilot, two samples, the oracle's verdicts on them, then the arm's draws."""
    script = [Reply(value=told), *texts[:2], *[Reply(value=one) for one in checks], *texts[2:]]
    settings = {**ARMS, "samples": 2, "bins": 2, "verifier": math_answer} | options
    return play(compute_optimal(PROBLEM, key=Key(), **settings), script)


def test_a_hard_problem_gets_what_was_best_on_hard_ones():
    played = run(["a", "b", "a", "b", "b"], checks=[0.0, 0.0])
    assert played.value.info == {"difficulty": 0.0, "bin": 0, "arm": "vote:n=3"} | played.value.info
    assert played.value.answer == Answer("b", "b")
    draws = [ask for ask in played.asks if isinstance(ask, Generate)]
    assert [ask.key.path[-1] for ask in draws] == [0, 1, 0, 1, 2], "the arm's first draws are the samples"
    assert len({ask.prompt for ask in draws}) == 1


def test_an_easy_problem_gets_what_was_best_on_easy_ones():
    played = run(["a", "b", "a", "b"], checks=[1.0, 0.0])
    assert played.value.info == {"difficulty": 0.5, "bin": 1, "arm": "vote:n=2"} | played.value.info
    call = played.asks[0]
    assert isinstance(call, Call)
    assert (call.tool, call.arguments) == ("pilot", {"samples": 2, "bins": 2})


def test_what_may_be_spent_limits_the_choice():
    assert run(["a", "b", "a"], checks=[0.0, 0.0], tokens=50.0).value.info["arm"] == "single"
    assert run(["a", "b", "a", "b"], checks=[1.0, 1.0], tokens=50.0).value.info["arm"] == "vote:n=2"
    found = [best_arm(HARD, [TWO, THREE, single], tokens) for tokens in (None, 60.0, 59.0, 39.0, 5.0)]
    assert [one[0] for one in found if one] == [1, 1, 2, 2, 2], "of equal ones the cheapest, of too dear ones too"


def test_by_the_oracle_a_sample_without_an_answer_is_wrong():
    assert run(["none", "b", "a", "b"], checks=[1.0]).value.info["difficulty"] == 0.5
    assert run(["none", "none", "a", "b", "b"]).value.info["bin"] == 0


def test_by_another_verifier_it_has_no_score():
    told = {"methods": HARD, "bins": {"arithmetic": {"edges": [0.2], "methods": [HARD, EASY]}}}
    found = run(["none", "2+2=4", "a", "b"], told, verifier=arithmetic).value
    assert (found.info["bin"], found.info["difficulty"]) == (1, 0.25), "by the oracle it would be halved"


def test_bins_of_another_verifier_are_not_taken():
    found = run(["a", "b", "a", "b", "b"], verifier=by_length).value
    assert (found.info["bin"], found.info["arm"]) == (None, "vote:n=3"), "the figures over all problems"
    assert binning_of(TOLD, math_answer)[0] == ORACLE == OURS
    table = {"bins": {"judge": {"edges": []}, "judge:samples=3": {"edges": [1]}, "gone.py:verifier": {}}}
    assert binning_of(table, configured(judge, {"samples": 3})) == ("judge:samples=3", {"edges": [1]})
    assert binning_of(table, configured(judge, {"samples": 2})) == ("", None)


def test_a_bin_without_the_arms_leaves_it_to_all_problems():
    told = {"methods": EASY, "bins": {"oracle": {"edges": [0.5], "methods": [{}, {}]}}}
    assert run(["a", "b", "a", "b"], told, checks=[0.0, 0.0]).value.info["arm"] == "vote:n=2"


def test_arms_that_the_pilot_does_not_know_are_refused_before_anything_is_spent():
    flow = compute_optimal(PROBLEM, key=Key(), arm_1=best_of, arm_2=best_of, arm_3=vote, arm_4=vote)
    with pytest.raises(UsageError, match="none of its arms is in the pilot with the same options; it has vote:n=2"):
        play(flow, [Reply(value=TOLD)])


def test_without_a_pilots_reply_it_is_the_first_arm():
    script = [Reply("failed", error="lost"), "a", "b", Reply(value=0.0), Reply(value=0.0), "a", "b"]
    flow = compute_optimal(PROBLEM, key=Key(), **ARMS, samples=2, verifier=math_answer)
    assert play(flow, script).value.info["arm"] == "vote"


def test_a_budget_that_ends_amid_the_arm_leaves_the_best_sample():
    texts = ["short a", "a long one b"]
    flow = compute_optimal(PROBLEM, key=Key(), **ARMS, samples=2, verifier=by_length)
    result = play(flow, [Reply(value=TOLD), *texts, OutOfBudget(fits=0)]).value
    assert (result.answer, result.stop) == (Answer("b", "b"), "budget")
    assert [one.score for one in result.candidates] == [0.7, 1.2]


ACCURACY = st.floats(0, 1)


@given(st.lists(st.tuples(ACCURACY, ACCURACY, ACCURACY), min_size=1, max_size=6))
def test_choosing_in_each_bin_is_never_worse_than_one_arm_for_all(bins):
    """On the pilot's own bins of equal size, where its means are the truth."""
    arms = [TWO, THREE, single]
    adaptive = math.fsum(best_arm(figures(*one), arms)[1]["accuracy"] for one in bins)
    assert adaptive >= max(math.fsum(column) for column in zip(*bins, strict=True)) - 1e-9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 6))
def test_a_problem_of_the_pilot_falls_in_the_bin_where_the_pilot_has_it(scores, count):
    rows = [PilotProblem(str(i), {"single": float(i)}, {"single": 1.0}, {"judge": [x]}) for i, x in enumerate(scores)]
    bins = Pilot("t", {"single": "single"}, [], rows).table(bins=count)["bins"]["judge"]
    for place, part in enumerate(bins["methods"]):
        own = [float(i) for i, x in enumerate(scores) if bin_of(bins["edges"], difficulty_of([x])) == place]
        assert len(own) == (part["single"]["problems"] if part else 0)
        assert not own or part["single"]["accuracy"] == pytest.approx(sum(own) / len(own))


def test_from_a_comparison_to_a_choice(tmp_path, monkeypatch):
    """With the toy model: every problem is answered by the arm that the pilot has for its bin, without that problem."""
    monkeypatch.chdir(tmp_path)
    settings = {"model": "toy", "task": "sums:size=40", "limit": 40}
    arms = ["single", "vote:n=6", "best_of:n=6"]
    passel.compare(**settings, methods=arms, out="pilot")
    spec = "compute_optimal:arm_1=vote:arm_1.n=6:arm_2=single:arm_3=best_of:arm_3.n=6:arm_4=single:samples=3:bins=3"
    found = passel.compare(**settings, methods=[spec, *arms], pilot="pilot", out="later")
    chosen, *others = found.methods
    assert chosen.scored == 40
    by_spec = {one.name: one for one in others}
    for problem in found.problems:
        answers = {problem.trials[name].answer for name in by_spec}
        assert problem.trials[spec].answer in answers, "its answer is that of one of its arms"
    assert chosen.accuracy.value >= min(one.accuracy.value for one in others)
    assert chosen.mean_cost["passes"] <= 12, "the samples are the arm's first draws, charged once"
    assert json.loads(Path("later/run.json").read_text())["pilot"] == "pilot"
    assert not chosen.uses_gold
    oracle_spec = f"{spec}:verifier=math_answer"
    known = passel.compare(**settings, methods=[oracle_spec], pilot="pilot")
    assert known.methods[0].uses_gold
