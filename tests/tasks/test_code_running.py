"""Programs on tests and on inputs, in the sandbox; programs that cheat."""

from __future__ import annotations

import json

import pytest

from passel.sandbox import Unsafe, default
from passel.sandbox.programs.outputs import Outputs, agree, close
from passel.sandbox.programs.runs import Program, outputs_of, run_tests
from passel.sandbox.programs.values import Digest, Opaque, pack, short, unpack
from passel.tasks.parts.code import Asserts

ADD = "def add(a, b):\n    return a + b"


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    try:
        default()
    except Unsafe as error:
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
    assert Asserts(("assert add(1, 2) == 3",), "", "add", 0.5).worth(program) == 0.0


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


@pytest.mark.parametrize(
    "value",
    [
        None, True, 1, -1.5, "a\n\ud800", [], (), set(), {}, [1, (2, [3])], {1: (2,), "1": {3}}, {(1, 2): [None]},
        1j, b"\0", 10**5000, frozenset({1}), [float("inf")], {1, "a", (2,)}, [True, 1, 1.0, "x", None],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_come_back_as_they_were(value):
    back = unpack(json.loads(json.dumps(pack(value))))
    assert back == value
    assert type(back) is type(value) or isinstance(value, frozenset)


def test_what_has_no_form_equals_nothing_and_nan_stays():
    assert unpack(pack(iter(()))) != unpack(pack(iter(())))
    assert isinstance(unpack(pack(object)), Opaque)
    assert str(unpack(pack(float("nan")))) == "nan"


def test_long_outputs_are_equal_where_they_are_equal():
    long = [[(i, float(i), i / 2) for i in range(2000)], {i: {i} for i in range(2000)}, "x" * 5000, list(range(9999))]
    same = [[(float(i), i, i / 2) for i in range(2000)], {float(i): {i} for i in range(2000)}, "x" * 5000]
    same.append([float(i) for i in range(9999)])
    for one, two in zip(long, same, strict=True):
        assert isinstance(unpack(short(one)), Digest)
        assert unpack(short(one)) == unpack(short(two))
        assert unpack(short(one)) != one
    assert len({unpack(short(one)) for one in long}) == 4
    assert unpack(short([(1,)] * 5000)) != unpack(short([[1]] * 5000))


def test_a_program_is_compared_with_the_reference_on_each_input():
    trial = Outputs(((1, 2), (3, 4)), Program(ADD, "", "add"), 0.0, 1.0)
    assert trial.worth(ADD) == 1.0
    assert trial.worth("def add(a, b): return b + a") == 1.0
    assert trial.worth("def add(a, b): return 3") == 0.0
    assert trial.worth("def add(a, b): return 3 if a == 1 else 1 / 0") == 0.0
    assert trial.worth("import sys\ndef add(a, b): sys.exit(0)") == 0.0
    forged = "class Yes:\n    __eq__ = lambda *_: True\n\ndef add(a, b):\n    return Yes()"
    assert trial.worth(forged) == 0.0


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
    assert Outputs(((1,),), Program("def f(x): return 1 / 0", "", "f"), 0.0, 1.0).worth("def f(x): return 1") is None


def test_outputs_too_many_for_one_reply_come_in_several():
    values, error = outputs_of(Program("def f(x): return 'é' * 600", "", "f"), [(i,) for i in range(900)], seconds=5)
    assert (len(values), error) == (900, "")


@pytest.mark.parametrize(
    ("name", "arguments", "found", "expected", "tolerance", "right"),
    [
        ("f", (), 1, 1, 0, True),
        ("f", (), 1, 2, 0, False),
        ("f", (), (1, 2), [1, 2], 0, False),
        ("f", (), 0.1 + 0.2, 0.3, 0, True),
        ("f", (), [0.1 + 0.2], [0.3], 0, True),
        ("f", (), 0.301, 0.3, 0, False),
        ("f", (), [[0.1 + 0.2]], [[0.3]], 0, False),
        ("f", (), [[0.1 + 0.2]], [[0.3]], 1e-6, True),
        ("f", (), 1, 1.0000001, 1e-4, False),
        ("f", (), "a", "b", 1e-4, False),
        ("f", (), [1.0, 2.0], [1.0], 1e-4, False),
        ("find_zero", ([-6, 11, -6, 1],), 3.0000001, 1.0, 1e-4, True),
        ("find_zero", ([-6, 11, -6, 1],), 2.5, 1.0, 1e-4, False),
        ("similar_elements", (), [3, 2, 2], (2, 3), 0, True),
        ("check_str", (), True, Opaque("Match"), 0, True),
        ("check_str", (), Opaque("Match"), Opaque("Match"), 0, True),
        ("check_str", (), None, Opaque("Match"), 0, False),
        ("check_str", (), False, None, 0, True),
        ("are_equivalent", (1, 2), "anything", True, 0, True),
        ("sum_div", (7,), 0, 1, 0, True),
        ("digit_distance_nums", (1, 256), 12, 6, 0, True),
        ("surface_Area", (3, 4), 35, 33, 0, True),
        ("surface_Area", (3, 4), 34, 33, 0, False),
    ],
)
def test_outputs_agree_as_evalplus_says(name, arguments, found, expected, tolerance, right):
    assert agree(name, arguments, found, expected, tolerance) is right


def test_closeness_is_that_of_numpy():
    assert close([1.0, (2, 3.00001)], [1.0, (2, 3.0)], 1e-4)
    assert not close([1.0, 2], [1.0, [2]], 1e-4)
    assert not close("a", "a", 1e-4)
    assert not close(float("nan"), float("nan"), 1e-4)
    assert close(1e12, 1e12 + 1e4, 0.0)
