"""The tasks whose answers are programs, on their data: reference solutions, public tests, hidden tests."""

from __future__ import annotations

import ast
import os

import pytest

from passel.core.problem import Answer
from passel.sandbox import NoSandbox, default_sandbox
from passel.sandbox.programs import Program, run_tests
from passel.tasks import Task, load
from passel.tasks.parts.code import fenced, read_code
from passel.tasks.parts.mbpp_types import restored


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    try:
        default_sandbox()
    except NoSandbox as error:
        pytest.skip(f"needs a sandbox: {error}")


def data(spec: str) -> Task:
    if not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    return load(spec)


@pytest.mark.parametrize("spec", ["humaneval", "humaneval+:inputs=mini", "mbpp", "mbpp+"])
def test_reference_solutions_pass_and_changed_ones_do_not(spec):
    task = data(spec)
    for problem in task.problems(limit=4, seed=5):
        text = task.solution(problem.id)
        assert task.score(problem.id, problem.read(text)) == 1.0, problem.id
        name = problem.details["entry_point"]
        broken = f"def {name}(*_, **__):\n    return 'neither this nor that'"
        assert task.score(problem.id, problem.read(fenced(broken))) == 0.0, problem.id
        assert task.score(problem.id, Answer("import sys\nsys.exit(0)", "")) == 0.0


@pytest.mark.parametrize(("split", "count"), [("validation", 90), ("train", 374), ("prompt", 10)])
def test_mbpp_has_its_splits(split, count):
    assert len(data(f"mbpp:split={split}")) == count


def test_public_tests_are_right():
    for spec in ("humaneval", "humaneval+:tests=base", "humaneval+:tests=base:inputs=mini", "mbpp+:tests=base", "mbpp"):
        task = data(spec)
        for problem in task.problems(limit=3, seed=11):
            details = problem.details
            program = Program(read_code(task.solution(problem.id)).text, details["prompt"], details["entry_point"])
            assert all(test["passed"] for test in run_tests(program, details["tests"], seconds=5.0)), problem.id


def test_wrong_examples_of_humaneval_are_left_out():
    """The prompts of 47, 116, 130 and 148 show examples that their own hidden tests contradict."""
    tests = {problem.id: problem.details["tests"] for problem in data("humaneval").problems()}
    assert tests["HumanEval/47"] == ("assert median([3, 1, 2, 4, 5]) == 3",)
    assert tests["HumanEval/116"] == ()
    assert tests["HumanEval/130"] == ("assert tri(3) == [1, 3, 2, 8]",)
    assert len(tests["HumanEval/148"]) == 2
    assert sum(map(len, tests.values())) == 430


def test_challenge_tests_of_mbpp_count_and_are_not_shown():
    task = data("mbpp")
    problem = next(problem for problem in task.problems() if problem.id == "11")
    assert problem.question.count("assert") == len(problem.details["tests"]) == 3
    by_heart = 'def remove_Occ(s, ch):\n    return {"hello": "heo", "abcda": "bcd", "PHP": "H"}[s]'
    assert task.score("11", problem.read(fenced(by_heart))) == 0.0


def test_a_weak_public_test_may_pass_what_the_plus_tests_refuse():
    """The setting of resampling with imperfect verifiers: base tests accept, plus tests decide."""
    task = data("humaneval+:tests=base:inputs=mini")
    problem = next(problem for problem in task.problems() if problem.details["entry_point"] == "below_threshold")
    tests = problem.details["tests"]
    known = [arguments for test in tests if (arguments := literal_arguments(test, "below_threshold"))]
    assert len(known) == len(tests) > 3
    renamed = task.gold(problem.id).replace("def below_threshold", "def right")
    by_heart = f"def below_threshold(*given):\n    return right(*given) if given in {known!r} else None"
    wrong = f"{renamed}\n\n{by_heart}"
    program = Program(wrong, problem.details["prompt"], "below_threshold")
    assert all(test["passed"] for test in run_tests(program, tests, seconds=2.0))
    assert task.score(problem.id, problem.read(fenced(wrong))) == 0.0


def test_types_that_json_lost_are_restored():
    assert restored(2, [[1], [2]]) == ((1,), (2,))
    assert restored(750, [[1], [2]]) == ([1], (2,))
    assert restored(115, [[[1], []]]) == ([{1}, {}],)
    assert restored(124, ["1", "2j"]) == (1.0, 2j)
    assert restored(791, [[1, [2, [3]]]]) == ((1, (2, (3,))),)
    assert restored(722, [{"a": [1]}, 2]) == ({"a": (1,)}, 2)
    assert restored(1, [[1]]) == ([1],)


def test_restored_inputs_have_the_types_of_the_asserts():
    """Base inputs with the values of MBPP's own asserts have their types; but for four problems, where EvalPlus gives
    lists in place of tuples."""
    task = data("mbpp_plus:tests=base")
    alike, others = 0, set()
    for problem in task.problems():
        calls = task.items.find(problem.id).secret["hidden_tests"].inputs
        for test, arguments in zip(problem.details["tests"], calls, strict=False):
            given = literal_arguments(test, problem.details["entry_point"])
            alike += given == arguments
            if given != arguments and in_lists(given) == in_lists(arguments):
                others.add(problem.id)
    assert alike > 1100
    assert others == {"Mbpp/104", "Mbpp/140", "Mbpp/145", "Mbpp/596"}


def in_lists(value: object) -> object:
    """The value with lists in place of tuples."""
    return [in_lists(item) for item in value] if isinstance(value, list | tuple) else value


def literal_arguments(test: str, name: str) -> tuple[object, ...] | None:
    """What a test calls the function with, if that is written out."""
    for node in ast.walk(ast.parse(test)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            try:
                return tuple(ast.literal_eval(argument) for argument in node.args)
            except ValueError:
                return None
    return None
