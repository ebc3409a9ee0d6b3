"""Every task of the room keeps these laws; nothing here lists the tasks."""

import os
from dataclasses import fields, replace

import pytest

from passel.core.errors import UsageError
from passel.core.options import parameters
from passel.core.problem import Answer, Problem
from passel.core.registry import find, names
from passel.tasks import Task, load

SHIPPED = ("held_out", "rg", "text_to_sql")
MAX_PROBLEMS, MAX_COSTLY = 40, 5
SLOW = {"HumanEval/139", "Mbpp/603"}  # their reference programs run for half a minute; bench/mutants.py runs them
SPECS = [f"{name}:chain_sum" if name == "rg" else name for name in names("tasks")]


@pytest.fixture(params=SPECS, ids=SPECS)
def task(request: pytest.FixtureRequest) -> Task:
    if request.param == "rg:chain_sum":
        pytest.importorskip("reasoning_gym")
    elif request.param not in SHIPPED and not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    return load(request.param)


def problems(task: Task) -> list[Problem]:
    try:
        return task.problems(limit=MAX_PROBLEMS)
    except UsageError as error:
        if "math_verify" in str(error):
            pytest.skip(str(error))
        raise


def few(task: Task) -> list[Problem]:
    """Problems whose answers are scored here; few where that takes long."""
    found = problems(task)
    return [p for p in found if p.id not in SLOW][:MAX_COSTLY] if task.costly(found[0].id) else found


def test_the_gold_answer_is_read_and_accepted(task: Task) -> None:
    for problem in few(task):
        text = f"First this, then that.\nThe answer is {task.gold(problem.id)}."
        texts = [task.solution(problem.id)] + [text] * (not task.costly(problem.id))  # a program is no short answer
        for said in texts:
            answer = problem.read(said)
            assert answer is not None, (problem.id, said)
            assert task.score(problem.id, answer) == 1.0, (problem.id, said, answer)


def test_a_wrong_answer_and_none_are_worth_less(task: Task) -> None:
    for problem in few(task):
        for text in ("The answer is 987654321.", "The answer is (Z).", "I cannot tell"):
            score = task.score(problem.id, problem.read(text))
            assert score is not None
            assert 0.0 <= score < 1.0, (problem.id, text)
        assert task.score(problem.id, None) == 0.0


def test_a_problem_holds_no_gold_answer(task: Task) -> None:
    secret = {"answer", "gold", "solution", "target_scores", "label", "rationale"}
    for problem in problems(task):
        assert {f.name for f in fields(problem)} == {f.name for f in fields(Problem)}
        assert not secret & set(problem.details)
        gold = task.gold(problem.id)
        assert all(str(value) != gold for value in problem.details.values() if len(gold) > 1)
        reachable = [cell.cell_contents for cell in getattr(problem.read, "__closure__", None) or ()]
        assert not reachable, "a reader is a function of the options alone"


def test_problems_are_well_formed(task: Task) -> None:
    found = problems(task)
    assert found
    assert len({problem.id for problem in found}) == len(found)
    for problem in found:
        assert problem.question.strip()
        assert problem.instruction
        assert all(option in problem.question for option in problem.options)
        assert problem.prompt


def test_a_larger_limit_keeps_the_earlier_problems(task: Task) -> None:
    problems(task)
    few, more = task.problems(limit=5, seed=3), task.problems(limit=9, seed=3)
    assert more[:5] == few
    assert len(few) == 5
    assert [p.id for p in task.problems(limit=5, seed=4)] != [p.id for p in few]


def test_a_prompt_of_ones_own(task: Task) -> None:
    problem = problems(replace(task, instruction="Be brief.", system="You are a clerk."))[0]
    assert problem.prompt[0].content == "You are a clerk."  # type: ignore[union-attr]
    assert problem.prompt[1].content.endswith("\nBe brief.")  # type: ignore[union-attr]


def test_unknown_problems_and_limits_are_named(task: Task) -> None:
    with pytest.raises(UsageError, match="unknown problem 'nowhere'"):
        task.score("nowhere", Answer("1", "1"))
    with pytest.raises(UsageError, match="at least 1, got 0"):
        task.problems(limit=0)


@pytest.mark.parametrize("name", names("tasks"))
def test_every_option_has_a_type_and_a_default(name: str) -> None:
    for option, (annotation, default) in parameters(find("tasks", name)).items():
        assert annotation is not None, option
        assert default is not parameters, option
    assert find("tasks", name).__doc__
