"""The question of MBPP and MBPP+, the public tests, and the function that the tests call."""

from __future__ import annotations

import re
from collections.abc import Sequence

from passel.tasks.parts.files import Row

__all__ = ["called", "public_tests", "question"]


def question(text: str, tests: Sequence[str]) -> str:
    """The question in the words of Austin et al. 2021, section 3."""
    shown = "\n".join(test.strip() for test in tests)
    return (
        f"You are an expert Python programmer, and here is your task: {text.strip()} "
        f"Your code should pass these tests:\n\n{shown}"
    )


def public_tests(row: Row, tests: Sequence[str]) -> tuple[str, ...]:
    """Each test, preceded by the set-up code of its problem, so that it can run by itself."""
    setup = row["test_setup_code"].replace("\r\n", "\n")
    return tuple(f"{setup}\n{test}".strip() for test in tests)


def called(program: str, tests: Sequence[str]) -> str:
    """The name of the function of the program that the tests call, the last if they call several; "" if none."""
    names = re.findall(r"^def\s+(\w+)", program, re.MULTILINE)
    return next((name for name in names[::-1] if any(re.search(rf"\b{name}\s*\(", test) for test in tests)), "")
