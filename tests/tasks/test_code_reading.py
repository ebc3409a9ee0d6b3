"""Programs read out of texts."""

from __future__ import annotations

import ast

import pytest

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
