"""Programs on tests and on inputs, in the sandbox; programs that cheat."""

from __future__ import annotations

import pytest

from passel.sandbox import NoSandbox, default_sandbox
from passel.sandbox.programs import AssertTests, OutputTests, Program, outputs_of, run_tests

ADD = "def add(a, b):\n    return a + b"


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    try:
        default_sandbox()
    except NoSandbox as error:
        pytest.skip(f"needs a sandbox: {error}")


def verdicts(program: str, tests: list[str], *, prompt: str = "", entry: str = "add", seconds: float = 1.0):
    found = run_tests(Program(program, prompt, entry), tests, seconds=seconds)
    return [test["passed"] for test in found], [test["error"] for test in found]


def test_each_test_has_its_own_verdict_and_error():
    tests = [
        "assert add(1, 2) == 3",
        "assert add(1, 2) == 4",
        "assert add(1, '')",
        "import math\nassert add(1, math.e)",
    ]
    passed, errors = verdicts(ADD, tests)
    assert passed == [True, False, False, True]
    assert errors[1] == "AssertionError: got 3"
    assert errors[2].startswith("TypeError: ")


def test_a_test_without_end_leaves_the_others_theirs():
    program = "def add(a, b):\n    while a:\n        pass\n    return b"
    passed, errors = verdicts(program, ["assert add(1, 2) == 2", "assert add(0, 2) == 2"], seconds=0.3)
    assert passed == [False, True]
    assert "TimeoutError" in errors[0]


CHEATS = """
import sys
sys.exit(0)
---
raise SystemExit
---
import os
os._exit(0)
---
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
---
def add(a, b):
    raise SystemExit(0)
---
def add(a, b):
    import os
    os._exit(0)
---
import os
def add(a, b):
    while True:
        os.write(1, b"3" * 100000)
---
def add(a, b):
    while True:
        print("passed" * 100)
---
def add(a, b):
    while True:
        try:
            pass
        except BaseException:
            pass
---
class Yes:
    def __eq__(self, other):
        return True
def add(a, b):
    return Yes()
---
class Yes(int):
    __module__ = "builtins"
    __eq__ = lambda *_: True
def add(a, b):
    return Yes()
---
import sys
sys.modules["__main__"].result = [None]
def add(a, b):
    return 0
---
import atexit, sys
@atexit.register
def end():
    vars(sys.modules["__main__"])["result"] = "[null]"
def add(a, b):
    return 0
---
import builtins
builtins.AssertionError = type("E", (), {})
builtins.repr = lambda x: 3
add = lambda a, b: 0
---
def add(a, b):
    return add(a, b)
---
def add(a, b):
    return "3" * 10**10
---
print("[null]")
---
def add(a, b:
---
def other(a, b):
    return a + b
"""


@pytest.mark.parametrize("program", ["", *CHEATS.split("---\n")])
def test_a_program_that_ends_early_or_forges_fails(program):
    assert AssertTests(("assert add(1, 2) == 3",), "", "add", 0.5).score(program) == 0.0


def test_a_patched_function_does_not_reach_the_tests():
    program = "import builtins\nbuiltins.abs = lambda x: 0\nadd = lambda a, b: 99"
    assert verdicts(program, ["assert abs(add(1, 2) - 3) < 1e-6"])[0] == [False]


def test_a_program_goes_on_where_the_prompt_ends():
    prompt = 'import math\n\n\ndef half(x):\n    return x / 2\n\n\ndef f(x):\n    """Half, rounded up."""\n'
    test = ["assert f(3) == 2"]
    body, whole = "    return math.ceil(half(x))", "def f(y):\n    return math.ceil(half(y))"
    future = "from __future__ import annotations\n\n\n" + whole
    for program in (body, whole, prompt + body, future):
        assert verdicts(program, test, prompt=prompt, entry="f")[0] == [True], program
    assert verdicts("def g(y):\n    return 2", test, prompt=prompt, entry="f")[0] == [False]


def test_a_program_is_compared_with_the_reference_on_each_input():
    tests = OutputTests(((1, 2), (3, 4)), Program(ADD, "", "add"), 0.0, 1.0)
    assert tests.score(ADD) == 1.0
    assert tests.score("def add(a, b): return b + a") == 1.0
    assert tests.score("def add(a, b): return 3") == 0.0
    assert tests.score("def add(a, b): return 3 if a == 1 else 1 / 0") == 0.0
    assert tests.score("import sys\ndef add(a, b): sys.exit(0)") == 0.0
    forged = "class Yes:\n    __eq__ = lambda *_: True\n\ndef add(a, b):\n    return Yes()"
    assert tests.score(forged) == 0.0


def test_no_expected_output_reaches_the_sandbox():
    """A program that looks through all objects of its process finds the inputs and not what is right."""
    program = """import gc, sys
def add(a, b):
    frame, seen = sys._getframe(), []
    while frame:
        seen.append(repr(frame.f_locals) + repr(frame.f_globals.get('job', '')))
        frame = frame.f_back
    everything = ' '.join(seen) + ' '.join(repr(o) for o in gc.get_objects() if type(o) in (list, dict) and len(o) < 50)
    return ['31415' in everything, '27182' + '81828' in everything]
"""
    (found,), error = outputs_of(Program(program, "", "add"), [(31415, 2718250413)], seconds=5)
    assert (found, error) == ([True, False], "")


def test_a_reference_that_fails_leaves_the_score_open():
    tests = OutputTests(((1,),), Program("def f(x): return 1 / 0", "", "f"), 0.0, 1.0)
    assert tests.score("def f(x): return 1") is None


def test_outputs_too_many_for_one_reply_come_in_several():
    values, error = outputs_of(Program("def f(x): return 'é' * 600", "", "f"), [(i,) for i in range(900)], seconds=5)
    assert (len(values), error) == (900, "")
