"""Public tests taken out of prompts and of HumanEval's `check`."""

from __future__ import annotations

import pytest

from passel.sandbox.programs import docstring_examples, single_tests


def test_all_styles_of_examples_are_turned_into_asserts():
    prompt = '''import math


def helper(x):
    """Not this one.
    >>> helper(1)
    5
    """
    return 5


def f(a, b=1):
    """Something.

    >>> f(1)
    1
    >>> round(f(2), 2) # with a remark
    2.5
    >>> f([1, "f(9) == 9"]) == None
    f(3, 4) == 7
    f(4) ➞ 'x, y' # a remark
    f(5) ==> True
    f(6) => false
    f(7) -> (1, 2).
    f(8) = -1
    f(9) returns "a (b"
    f(10) should return 20.
    f(11)   # returns 'db11db'
    f(12) # => 'Yes'
    f([
        1,
        2], 3) == [
        4]
    Example: Input: a = [1, 2], b = 3
    Output: 24 # the sum
    For a = 1, b = 2 the output should be 3.
    """
'''
    assert docstring_examples(prompt, "f") == (
        "assert f(1) == 1",
        "assert round(f(2), 2) == 2.5",
        "assert f([1, 'f(9) == 9']) == None",
        "assert f(3, 4) == 7",
        "assert f(4) == 'x, y'",
        "assert f(5) == True",
        "assert f(6) == False",
        "assert f(7) == (1, 2)",
        "assert f(8) == -1",
        "assert f(9) == 'a (b'",
        "assert f(10) == 20",
        "assert f(11) == 'db11db'",
        "assert f(12) == 'Yes'",
        "assert f([1, 2], 3) == [4]",
        "assert f([1, 2], 3) == 24",
        "assert f(1, 2) == 3",
    )


@pytest.mark.parametrize(
    "line",
    [
        "f(1) -> 19 - 5 - 6 = 8",
        "f(1) == 1 + 9 + 0 = 10",
        "f(n) -> f(n-1) + f(n-2)",
        "f(abc) => False",
        "f(1) should return 15 and nothing else",
        "f(1) is a good example",
        "g(1) == 2",
        "self.f(1) == 2",
        ">>> g(1)\n    2",
        "f(1",
        "For N = 10, the sum will be 1 the output should be 1.",
        "Input: z = 3\n    Output: 4",
    ],
)
def test_what_is_ambiguous_is_no_example(line):
    assert docstring_examples(f'def f(a):\n    """\n    {line}\n    """\n', "f") == ()


def test_the_asserts_of_a_check_stand_alone():
    source = (
        "def check(candidate):\n    assert candidate(1) == 2, 'so'\n    assert True\n    assert abs(candidate(2)) < 1\n"
    )
    assert single_tests(source, "f") == ("assert f(1) == 2", "assert abs(f(2)) < 1")
    loop = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i\n"
    assert single_tests(loop, "f") == (f"{loop.strip()}\ncheck(f)",)
