"""A comparison as a pilot: what it tells of its methods, by difficulty, without the problem at hand."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_right
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import passel
from passel.core.errors import RecordError, UsageError
from passel.measure.summary import summarise
from passel.runs.pilot import Pilot, PilotProblem
from passel.runs.run import Run

CHOOSER = """
from passel.core.flow import call, sample
from passel.core.needs import needs
from passel.core.result import Result, candidate

@needs(generator="text", tool="pilot")
def chooser(problem, *, key, samples: int = 4):
    told = yield from call("pilot", samples=samples)
    (reply,) = yield from sample(problem.prompt, key=key)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, info=told.value)
"""


def row(name: str, right: float, *draws: float | None, tokens: float = 10.0) -> PilotProblem:
    return PilotProblem(name, {"vote": right}, {"vote": tokens}, {"judge": draws} if draws else {})


def pilot(*rows: PilotProblem) -> Pilot:
    return Pilot("sums", {"vote": "vote:n=8", "never": "never"}, [], rows)


def test_figures_are_means_over_problems():
    table = pilot(row("a", 1.0, tokens=10), row("b", 0.0, tokens=20), row("c", 1.0, tokens=60)).table()
    (only,) = table["methods"].items()
    assert only[0] == "vote"
    assert only[1]["accuracy"] == pytest.approx(2 / 3)
    assert only[1]["stderr"] == pytest.approx(1 / 3)  # the standard deviation is sqrt(1/3), over sqrt(3)
    assert (only[1]["tokens"], only[1]["problems"]) == (30.0, 3)
    assert (only[1]["spec"], only[1]["uses_gold"]) == ("vote:n=8", False)
    assert table["bins"] == {}


def test_one_problem_has_no_standard_error():
    assert pilot(row("a", 1.0)).table()["methods"]["vote"]["stderr"] is None


def test_problems_are_binned_by_the_mean_score_of_their_first_draws():
    rows = [row("hard", 0.0, 0.1, 0.1, 0.9), row("mid", 0.0, 0.4, 0.6, 0.0), row("easy", 1.0, 0.8, 1.0, 0.0)]
    bins = pilot(*rows).table(samples=2, bins=3)["bins"]["judge"]
    assert bins["edges"] == pytest.approx([0.1 + 0.4 * 2 / 3, 0.5 + 0.4 / 3])
    assert [part["vote"]["accuracy"] for part in bins["methods"]] == [0.0, 0.0, 1.0]
    whole = pilot(*rows).table(bins=3)["bins"]["judge"]  # over all three draws "mid" is the hardest
    assert sorted(part["vote"]["problems"] for part in whole["methods"]) == [1, 1, 1]
    assert [bisect_right(whole["edges"], score) for score in (1.0 / 3, 1.1 / 3, 0.6)] == [0, 1, 2]


def test_a_problem_without_a_score_is_among_the_hardest():
    rows = [row("none", 0.0, None, None), row("some", 1.0, None, 0.4), row("more", 1.0, 0.9, 0.9)]
    bins = pilot(*rows).table(bins=2)["bins"]["judge"]["methods"]
    assert [part["vote"]["problems"] for part in bins] == [2, 1]


@given(st.lists(st.floats(0, 1) | st.none(), min_size=1, max_size=12), st.integers(1, 6))
def test_every_problem_is_in_one_bin(scores, count):
    table = pilot(*[row(str(i), float(i % 2), score) for i, score in enumerate(scores)]).table(bins=count)
    for found in table["bins"].values():
        assert len(found["methods"]) == count == len(found["edges"]) + 1
        assert found["edges"] == sorted(found["edges"])
        assert sum(part["vote"]["problems"] for part in found["methods"] if part) == len(scores)


def test_the_problem_at_hand_is_left_out_where_the_task_is_the_pilots():
    made = pilot(row("a", 1.0), row("b", 0.0))
    assert made.tool("sums", "a")()["methods"]["vote"]["accuracy"] == 0.0
    assert made.tool("gsm8k", "a")()["methods"]["vote"]["accuracy"] == 0.5
    assert made.tool(None, "a")()["methods"]["vote"]["accuracy"] == 0.5


def test_it_is_read_back_from_its_file(tmp_path):
    made = pilot(row("a", 1.0, 0.5, None), row("b", 0.0, 0.25))
    made.save(tmp_path)
    again = Pilot.open(tmp_path)
    assert (again.table(), again.edition) == (made.table(), made.edition)
    assert pilot(row("a", 0.0)).edition != made.edition
    for text in ("{}", "no", "[]"):
        (tmp_path / "pilot.json").write_text(text, encoding="utf-8")
        with pytest.raises(RecordError, match="does not hold a pilot"):
            Pilot.open(tmp_path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("chooser.py").write_text(CHOOSER, encoding="utf-8")
    methods = ["single", "vote", "best_of", "best_of:verifier=arithmetic:n=2", "repeat"]
    passel.compare(model="toy", task="sums:size=12", methods=methods, n=6, limit=12, out="earlier")
    return tmp_path


def told(run: str) -> dict[str, object]:
    """What the tool told, by problem, as the record holds it."""
    from passel.core.driver import Record

    record = Record(Path(run) / "record.sqlite", read_only=True)
    values = [reply.value for ask, reply in record.entries() if ask["kind"] == "call" and ask["tool"] == "pilot"]
    record.close()
    return values  # type: ignore[return-value]


def test_a_run_says_of_its_methods_what_its_report_says(folder):
    found = summarise(asyncio.run(Run.open("earlier").replay()))
    table = asyncio.run(Run.open("earlier").as_pilot()).table()
    assert list(table["methods"]) == [one.name for one in found.methods]
    for one in found.methods:
        figures = table["methods"][one.name]
        assert figures["accuracy"] == pytest.approx(one.accuracy.value)
        assert figures["tokens"] == pytest.approx(one.mean_cost["tokens"])
        assert figures["uses_gold"] == (one.name == "repeat")
    specs = [one["spec"] for one in table["methods"].values()]
    assert specs == ["single", "vote:n=6", "best_of:n=6", "best_of:verifier=arithmetic:n=2", "repeat:n=6"]


def test_bins_are_made_of_the_plain_draws_and_their_recorded_scores(folder):
    found = summarise(asyncio.run(Run.open("earlier").replay()))
    made = asyncio.run(Run.open("earlier").as_pilot())
    by_id = {one.id: one for one in made.problems}
    for one in found.problems:
        assert tuple(by_id[one.id].draws["oracle"]) == one.samples
        assert len(by_id[one.id].draws["self_evaluation"]) == 6
    assert {"oracle", "self_evaluation"} <= made.table()["bins"].keys()
    right = [f["vote"]["accuracy"] for f in made.table(bins=2)["bins"]["oracle"]["methods"] if f]
    assert right == sorted(right)


def test_a_method_is_told_and_a_report_needs_the_pilots_folder_no_more(folder):
    settings = {"model": "toy", "task": "sums:size=12", "methods": ["chooser.py:chooser"], "limit": 5}
    first = passel.compare(**settings, pilot="earlier", out="later")
    values = told("later")
    assert len(values) == 5
    assert {value["methods"]["vote"]["problems"] for value in values} == {11}, "the problem itself is left out"
    Path("earlier").rename("elsewhere")
    again = summarise(asyncio.run(Run.open("later").replay()))
    assert [row.accuracy for row in again.methods] == [row.accuracy for row in first.methods]
    assert json.loads(Path("later/run.json").read_text())["pilot"] == "earlier"
    assert "--pilot earlier" in Run.open("later").plan.command(None)


def test_another_pilot_is_asked_anew(folder):
    settings = {"model": "toy", "task": "sums", "methods": ["chooser.py:chooser"], "limit": 2}
    passel.compare(**settings, pilot="earlier", out="later")
    passel.compare(**settings, pilot="earlier", out="later")
    assert len(told("later")) == 2, "the same pilot tells the same"
    passel.compare(model="toy", task="sums:size=12", methods=["single"], limit=3, out="other")
    passel.compare(**settings, pilot="other", out="later")
    assert [len(value["methods"]) for value in told("later")] == [5, 5, 1, 1]


def test_one_question_can_have_a_pilot(folder):
    found = passel.solve("What is 2 + 3?", model="toy", method="chooser.py:chooser", pilot="earlier")
    assert found.result.info["methods"]["vote"]["problems"] == 12


@pytest.mark.parametrize("what", ["compare", "solve"])
def test_a_method_that_needs_a_pilot_is_refused_without_one(folder, what):
    runs = {
        "compare": lambda: passel.compare(model="toy", task="sums", methods=["chooser.py:chooser"], limit=2),
        "solve": lambda: passel.solve("2 + 3?", model="toy", method="chooser.py:chooser"),
    }
    with pytest.raises(UsageError, match="chooser chooses by an earlier comparison: give its folder with --pilot"):
        runs[what]()


def test_a_pilot_that_is_none_is_refused(folder, tmp_path):
    settings = {"model": "toy", "task": "sums", "methods": ["chooser.py:chooser"], "limit": 2}
    with pytest.raises(UsageError, match="no run in nowhere"):
        passel.compare(**settings, pilot="nowhere")
    plan = passel.Plan(model="toy", task="sums", methods=("vote",), limit=2, budget=passel.Budget(passes=0))
    asyncio.run(Run(plan, "empty").execute())
    with pytest.raises(UsageError, match="holds no scored problem"):
        passel.compare(**settings, pilot="empty")
