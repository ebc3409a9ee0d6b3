"""Scoring that takes long is done once an answer, off the event loop, and kept in the record."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import passel
from passel.core.driver import Driver
from passel.core.model import Binding
from passel.core.problem import Answer
from passel.core.result import Candidate, Result
from passel.measure.summary import summarise
from passel.models.toy import toy
from passel.runs.run import Run
from passel.runs.scoring import Scorer, tools_of
from passel.tasks import NUMBER, Item, LoadedItems, Task

TASK = """
from dataclasses import replace

from passel.tasks import NUMBER, Item, LoadedItems, Task

def slow():
    def score(item, answer):
        if answer is None:
            return 0.0
        with open("scored", "a") as log:
            log.write(f"{item.id} {answer.key}\\n")
        return float(answer.key == item.gold)

    kind = replace(NUMBER, score=score, costly=True)
    return Task("slow", LoadedItems(lambda: [Item(str(i), f"What is {i} + 3?", str(i + 3), kind) for i in range(1, 6)]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("slow.py").write_text(TASK, encoding="utf-8")
    return tmp_path


def scored() -> list[str]:
    path = Path("scored")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_each_answer_is_scored_once_and_a_report_scores_nothing(folder):
    settings = {"model": "toy", "task": "slow.py:slow", "methods": "single,vote,repeat", "n": 6}
    first = passel.compare(**settings, out="run")
    assert len(scored()) == len(set(scored())) > 5
    count = len(scored())
    again = passel.compare(**settings, out="run")
    replayed = summarise(asyncio.run(Run.open("run").replay()))
    assert len(scored()) == count
    assert [row.accuracy for row in first.methods] == [row.accuracy for row in again.methods]
    assert [row.accuracy for row in first.methods] == [row.accuracy for row in replayed.methods]
    assert [row.samples for row in first.problems] == [row.samples for row in replayed.problems]
    fast = passel.compare(**settings)
    assert [row.accuracy for row in fast.methods] == [row.accuracy for row in first.methods]


def test_scoring_costs_no_method_anything(folder):
    found = passel.compare(model="toy", task="slow.py:slow", methods="single,vote", n=3)
    assert [row.cost.calls for row in found.methods] == [0, 0]
    assert found.paid.calls == len(set(scored()))


def task(score, *, costly: bool) -> Task:
    kind = replace(NUMBER, score=score, costly=costly)
    return Task("t", LoadedItems(lambda: [Item("p", "1 + 1?", "2", kind, solution="1+1=2\nThe answer is 2.")]))


@pytest.mark.parametrize("costly", [False, True])
def test_only_long_scoring_leaves_the_thread(costly):
    places: list[bool] = []

    def score(item, answer):
        places.append(threading.current_thread() is threading.main_thread())
        return 1.0

    async def main():
        value = tools_of(task(score, costly=costly), "p")["check"](text="2", key="2")
        return value if isinstance(value, float) else await value

    assert asyncio.run(main()) == 1.0
    assert places == [not costly]


def test_the_reference_tool_tells_the_solution():
    assert tools_of(task(lambda item, answer: 1.0, costly=False), "p")["reference"]() == "1+1=2\nThe answer is 2."


def test_a_scorer_that_breaks_leaves_its_answers_unscored():
    def score(item, answer):
        raise OSError("no sandbox")

    async def main():
        scorer = Scorer(task(score, costly=True))
        driver = Driver({"generator": Binding(toy())})
        answer = Answer("2", "2")
        await scorer.prepare(driver, "p", [Result(answer, candidates=(Candidate("2", answer), Candidate("", None)))])
        return scorer.score("p", answer)

    assert asyncio.run(main()) is None
