"""Programs read out of texts, and examples out of prompts."""

from __future__ import annotations

import ast

import pytest

from passel.sandbox.programs.examples import examples
from passel.sandbox.programs.tests import single_tests
from passel.tasks.parts.code import fenced, read_code

ADD = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (f"Here:\n```python\n{ADD}\n```\nDone.", ADD),
        (f"```py\n{ADD}\n```", ADD),
        (f"~~~\n{ADD}\n~~~", ADD),
        (f"First try:\n```python\ndef add(a): pass\n```\nBetter:\n```python\n{ADD}\n```", ADD),
        (f"```python\n{ADD}\n```\nUse it:\n```python\nprint(add(1, 2))\n```", ADD),
        (f"```python\n{ADD}\n```\nTests:\n```python\ndef test_add():\n    assert add(1, 2) == 3\n```", ADD),
        (f"```python\n{ADD}\n```\n```bash\npip install add\n```", ADD),
        (f"```python\n{ADD}\n```\n```python\ndef add(a, b:\n```", ADD),
        (f"```python\n{ADD}", ADD),
        ("  - so:\n  ```python\n  def add(a, b):\n      return a + b\n  ```", ADD),
        ("```python\nadd = lambda a, b: a + b\n```", "add = lambda a, b: a + b"),
        (f"{ADD}\n\nThis adds two numbers.", ADD),
        (f"Sure, this is it.\n\n{ADD}\nThis adds.\nIt is simple.", ADD),
        ("    return a + b\n\ndef other(): oops oops", "    return a + b"),
        ("return a + b", "    return a + b"),
        ("```python\n    return a + b\n```", "    return a + b"),
        ("import math\nfrom os import path\n" + ADD, "import math\nfrom os import path\n" + ADD),
    ],
)
def test_a_program_is_read(text, program):
    answer = read_code(text)
    assert answer is not None
    assert ast.dump(_tree(answer.text)) == ast.dump(_tree(program))


def _tree(program: str) -> ast.Module:
    return ast.parse(f"def body():\n{program}" if program.startswith("    ") else program)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The answer is 987654321.",
        "The answer is (Z).",
        "I cannot tell",
        "Yes",
        "42",
        "```python\n```",
        "```python\nadd(1, 2)\n```",
        "```python\nimport math\nassert 1 == 1\n```",
        "```python\ndef add(a, b:\n```",
        "```javascript\nfunction add(a, b) { return a + b }\n```",
        "def add(a, b) is what you want",
        "from here on it is easy",
        "```python\ndef f(): return '\0'\n```",
        "```python\ndef f(): return " + "(" * 5000 + ")" * 5000 + "\n```",
        "```python\ndef f(): return " + "-" * 40000 + "1\n```",
        "```python\ndef f(): return 1\n" + "#" * 60000 + "\n```",
        "return to sender",
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_program_is_not_read(text):
    assert read_code(text) is None


def test_comments_spacing_and_docstrings_do_not_make_another_answer():
    same = [
        fenced(ADD),
        "```\ndef add( a,b ) :\n\n  # sums\n  return (a+b)\n```",
        '```python\ndef add(a, b):\n    """The sum."""\n    return a + b\n```',
        '```python\n"""Sums."""\ndef add(a, b):\n    return a + b\n```',
    ]
    assert len({read_code(text).key for text in same}) == 1
    others = [ADD.replace("+", "-"), ADD.replace("a + b", "b + a"), ADD + "\nx = 1", ADD.replace("add", "plus")]
    assert len({read_code(fenced(text)).key for text in [ADD, *others]}) == 5


def test_a_docstring_alone_is_a_body_of_nothing():
    assert read_code(fenced('def f():\n    """Only."""')).key == read_code(fenced("def f():\n    pass")).key


def test_a_parser_warning_is_no_error():
    assert read_code("```python\ndef f(): return '\\d'\n```") is not None


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
    assert examples(prompt, "f") == (
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
    assert examples(f'def f(a):\n    """\n    {line}\n    """\n', "f") == ()


def test_the_asserts_of_a_check_stand_alone():
    source = (
        "def check(candidate):\n    assert candidate(1) == 2, 'so'\n    assert True\n    assert abs(candidate(2)) < 1\n"
    )
    assert single_tests(source, "f") == ("assert f(1) == 2", "assert abs(f(2)) < 1")
    loop = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i\n"
    assert single_tests(loop, "f") == (f"{loop.strip()}\ncheck(f)",)
