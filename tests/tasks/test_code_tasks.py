"""Tasks whose answers are programs: reading one, telling two apart, and scores that no program can forge."""

from __future__ import annotations

import os

import pytest

from passel.sandbox import available
from passel.tasks import Task, load
from passel.tasks.parts.code import read_code
from passel.tools.unit_tests import unit_tests

NAMES = ("humaneval", "mbpp", "humaneval+", "mbpp+")
needs_sandbox = pytest.mark.skipif(not available(), reason="no sandbox on this machine")


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest) -> Task:
    if not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    return load(request.param)


def worth(task: Task, problem_id: str, text: str) -> float | None:
    found = next(p for p in task.problems(limit=3) if p.id == problem_id)
    return task.score(problem_id, found.read(text))


def test_there_are_as_many_problems_as_the_sets_have(task):
    assert len(task) == {"humaneval": 164, "mbpp": 500, "humaneval+": 164, "mbpp+": 378}[task.name]


@needs_sandbox
def test_programs_that_do_not_do_the_work_score_nothing(task):
    """A problem of each task; tests/sandbox/programs has all cheats, for both kinds of hidden tests."""
    for problem in task.problems(limit=1):
        name = problem.details["entry_point"]
        cheats = [
            f"def {name}(*args, **kwargs):\n    return None",
            f"import os\ndef {name}(*args):\n    os._exit(0)",
            f"import sys\ndef {name}(*args):\n    sys.exit(0)",
            "import os\nos._exit(0)",
            f"class Equal:\n    def __eq__(self, other): return True\ndef {name}(*args):\n    return Equal()",
            f"import builtins\nbuiltins.AssertionError = Exception\ndef {name}(*args):\n    raise SystemExit(0)",
            "def something_else():\n    return 1",
            "raise ValueError",
        ]
        for program in cheats:
            assert worth(task, problem.id, f"```python\n{program}\n```") == 0.0, (problem.id, program)


def test_hidden_tests_and_solutions_are_not_shown(task):
    for problem in task.problems(limit=20):
        item = task.items.find(problem.id)
        shown = repr((problem.question, problem.details, problem.instruction))
        body = item.solution.strip().removeprefix("```python").removesuffix("```").strip().splitlines()[-1].strip()
        assert item.secret
        assert len(body) < 15 or body not in shown, problem.id


def test_public_tests_are_statements_about_the_function(task):
    shown = [problem for problem in task.problems(limit=60) if problem.details["tests"]]
    assert len(shown) > 30
    for problem in shown:
        for test in problem.details["tests"]:
            compile(test, "test", "exec")
            assert problem.details["entry_point"] in test, (problem.id, test)


@needs_sandbox
def test_reference_solutions_pass_their_public_tests(task):
    import asyncio

    for problem in task.problems(limit=6):
        answer = problem.read(task.solution(problem.id))
        tests, detail = problem.details["tests"], problem.details
        if not tests:
            continue
        prompt, name = str(detail.get("prompt", "")), detail["entry_point"]
        found = asyncio.run(unit_tests(code=answer.text, tests=list(tests), prompt=prompt, entry_point=name))
        assert all(one["passed"] for one in found), (problem.id, found)


def test_the_base_tests_can_be_the_weak_verifier():
    if not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    examples, base = load("humaneval+:inputs=mini"), load("humaneval+:inputs=mini:tests=base")
    few = sum(len(problem.details["tests"]) for problem in examples.problems())
    many = sum(len(problem.details["tests"]) for problem in base.problems())
    assert many > 2 * few > 200


@needs_sandbox
def test_a_completion_of_the_prompt_is_a_program_too():
    if not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    task = load("humaneval")
    (problem,) = [p for p in task.problems() if p.details["entry_point"] == "below_zero"]
    body = "    balance = 0\n    for op in operations:\n        balance += op\n        if balance < 0:\n"
    right = problem.read(f"```python\n{body}            return True\n    return False\n```")
    wrong = problem.read(f"```python\n{body}            return False\n    return False\n```")
    assert task.score(problem.id, right) == 1.0
    assert task.score(problem.id, wrong) == 0.0


def test_the_same_program_up_to_comments_and_spacing_is_the_same_answer():
    one = read_code("Here it is:\n```python\ndef f(x):\n    # twice\n    return 2*x\n```\nDone.")
    two = read_code('```py\ndef f( x ):\n    """Twice."""\n    return 2 * x\n```')
    other = read_code("```python\ndef f(x):\n    return 3 * x\n```")
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.key == two.key != other.key


def test_a_program_without_a_fence_is_read_and_prose_is_none():
    found = read_code("def f(x):\n    return x\n\nThis returns x, as asked.")
    assert found is not None
    assert "def f" in found.text
    assert "asked" not in found.text
    for text in ("", "I cannot tell.", "```json\n{}\n```"):
        read_code(text)  # whatever it is, it is no error
    assert read_code("") is None


@needs_sandbox
def test_each_test_has_its_own_verdict():
    import asyncio

    tests = ["assert f(1) == 2", "assert f(2) == 5", "while True: pass", "assert f(3) == 6"]
    found = asyncio.run(unit_tests(code="def f(x):\n    return 2 * x", tests=tests, seconds=0.5))
    assert [one["passed"] for one in found] == [True, False, False, True]
    assert all(one["passed"] is bool(not one["error"]) for one in found)
