"""What a run gives back."""

from __future__ import annotations

import json
import sys

import pytest

from passel.sandbox import Limits


def test_output_value_and_status(sandbox):
    ran = sandbox.run("import sys\nprint('out')\nprint('err', file=sys.stderr)\nresult = {'a': [1, 2.5, None, True]}")
    assert (ran.status, ran.stdout, ran.stderr) == ("ok", "out\n", "err\n")
    assert ran.value == {"a": [1, 2.5, None, True]}
    assert not ran.cut
    assert 0 < ran.seconds < 10
    assert json.loads(json.dumps(ran.to_json()))["stdout"] == "out\n"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", 2),
        ("x = 3\nx", 3),
        ("result = 5\nprint('a')", 5),
        ("result = 5\n7", 7),
        ("x = 1", None),
        ("", None),
        ("# nothing", None),
        ("def f():\n    return 1\nf()", 1),
        ("'a' if __name__ == '__main__' else 'b'", "a"),
    ],
)
def test_the_last_expression_is_the_value_where_asked_for(sandbox, code, value):
    assert sandbox.run(code, last_expression=True).value == value


def test_without_asking_only_result_counts(sandbox):
    assert sandbox.run("1 + 1").value is None
    assert sandbox.run("result = 1 + 1").value == 2


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("{1, 2}", [1, 2]),
        ("(1, 'a')", [1, "a"]),
        ("1j", "1j"),
        ("float('nan')", "nan"),
        ("[float('inf')]", "[inf]"),
        ("1e999", "inf"),
        ("print", "<built-in function print>"),
        ("__import__('fractions').Fraction(1, 3)", "Fraction(1, 3)"),
        ("{(1, 2): 3}", "{(1, 2): 3}"),
        ("b'a'", "b'a'"),
        ("'\\ud800'", "?"),
        ("{'\\ud800': 1}", {"?": 1}),
        ("10 ** 30", 10**30),
        ("None", None),
    ],
)
def test_a_value_that_json_cannot_hold_is_given_as_text(sandbox, value, given):
    ran = sandbox.run(f"result = {value}")
    assert (ran.status, ran.value) == ("ok", given)


def test_packages_of_the_environment_can_be_imported(sandbox):
    ran = sandbox.run("import numpy as np\nresult = [np.float64(1.5), np.arange(3), {'n': np.int64(2)}]")
    assert (ran.status, ran.value) == ("ok", [1.5, [0, 1, 2], {"n": 2}])


def test_sympy_speaks_for_itself(sandbox):
    pytest.importorskip("sympy")
    ran = sandbox.run("import sympy as sp\nx = sp.symbols('x')\nsp.integrate(x ** 2, x)", last_expression=True)
    assert ran.value == "x**3/3"


def test_a_traceback_shows_the_code_and_nothing_else(sandbox):
    ran = sandbox.run("def half(x):\n    return 1 / x\n\nhalf(0)\n")
    assert ran.status == "error"
    assert ran.stderr.splitlines() == [
        "Traceback (most recent call last):",
        '  File "<code>", line 4, in <module>',
        "    half(0)",
        '  File "<code>", line 2, in half',
        "    return 1 / x",
        "           ~~^~~",
        "ZeroDivisionError: division by zero",
    ]


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("1 +", "error", "SyntaxError"),
        ("x = (", "error", "SyntaxError"),
        ("a\0b", "error", "null bytes"),
        ("x = '\ud800'", "error", "surrogates not allowed"),
        ("\tx = 1\n y = 2", "error", "IndentationError"),
        ("(" * 500, "error", "too many nested parentheses"),
        ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("raise BaseException('base')", "error", "base"),
        ("import sys\nsys.exit(3)", "error", ""),
        ("import sys\nsys.exit('bad input')", "error", "bad input"),
        ("import sys\nsys.exit(0)", "ok", ""),
        ("raise SystemExit", "ok", ""),
        ("exit()", "error", "NameError"),
        ("import nowhere", "error", "ModuleNotFoundError"),
        ("import passel", "error", "ModuleNotFoundError"),
        ("def f():\n    f()\nf()", "error", "RecursionError"),
        ("assert 1 == 2, 'unequal'", "error", "AssertionError: unequal"),
        ("class E(Exception):\n    def __str__(self):\n        raise self\nraise E", "error", "exception str() failed"),
    ],
)
def test_how_code_ends(sandbox, code, status, said):
    ran = sandbox.run(code)
    assert ran.status == status
    assert said in ran.stderr
    assert "worker" not in ran.stderr


def test_input_is_given_line_by_line_and_then_ends(sandbox):
    ran = sandbox.run("print(input(), input())\nimport sys\nprint(repr(sys.stdin.read()))\ninput()", stdin="é\nb\nc\n")
    assert ran.stdout == "é b\n'c\\n'\n"
    assert "EOFError" in ran.stderr
    assert sandbox.run("input()").status == "error"


def test_much_input_is_given_whole_and_may_be_left_unread(sandbox):
    text = "x" * (3 << 20)
    assert sandbox.run("import sys\nresult = len(sys.stdin.read())", stdin=text).value == len(text)
    assert sandbox.run("result = 1", stdin=text).value == 1
    assert sandbox.run("import os\nos.close(0)\nresult = 1", stdin=text).value == 1


def test_output_is_cut_at_the_limit_and_the_run_goes_on(sandbox):
    ran = sandbox.run("print('a' * 300)\nprint('b' * 200_000)\nresult = 1", limits=Limits(output=100))
    assert (ran.status, ran.value, ran.cut, ran.stdout) == ("ok", 1, True, "a" * 100)
    assert sandbox.run("print('a' * 50)", limits=Limits(output=51)).cut is False


def test_output_before_the_time_is_up_is_kept(sandbox):
    ran = sandbox.run("print('so far')\nwhile True: pass", limits=Limits(seconds=0.5))
    assert (ran.status, ran.stdout) == ("timeout", "so far\n")


def test_output_that_is_no_text_is_replaced(sandbox):
    assert sandbox.run("import os\nos.write(1, b'a\\xff\\xfe')").stdout == "a\ufffd\ufffd"


def test_what_is_registered_for_the_end_is_done_and_told(sandbox):
    ran = sandbox.run("import atexit\natexit.register(print, 'bye')\natexit.register(lambda: 1 / 0)\nresult = 1")
    assert ran.stdout == "bye\n"
    assert "ZeroDivisionError" in ran.stderr


def test_threads_are_waited_for(sandbox):
    code = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('later'))).start()"
    assert sandbox.run(code).stdout == "later\n"


def test_definitions_belong_to_main(sandbox):
    code = (
        "import pickle, dataclasses as d\n@d.dataclass\nclass P:\n    x: int\nprint(pickle.loads(pickle.dumps(P(1))))"
    )
    assert sandbox.run(code).stdout == "P(x=1)\n"


def test_huge_code_is_run(sandbox):
    assert sandbox.run("x = 1\n" * 20_000 + "result = x").value == 1
    assert sandbox.run("x = '" + "a" * (2 << 20) + "'\nresult = len(x)").value == 2 << 20


def test_nothing_is_left_of_one_run_in_the_next(sandbox):
    mess = (
        "import builtins, math, sys, os\nbuiltins.len = lambda x: 0\nmath.pi = 3\nopen('/tmp/left', 'w').close()\nx = 1"
    )
    for _ in range(3):
        assert sandbox.run(mess).status == "ok"
        ran = sandbox.run("import math, os\nresult = [len('ab'), math.pi > 3, os.listdir('/tmp'), 'x' in globals()]")
        assert ran.value == [2, True, [], False]


def test_the_interpreter_is_the_same(sandbox):
    assert sandbox.run("import sys\nresult = list(sys.version_info[:3])").value == list(sys.version_info[:3])
