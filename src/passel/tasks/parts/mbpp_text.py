"""What MBPP and MBPP+ share: the question, the public tests, and the function that these call."""

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
    """Each test with the set-up of its problem, so that it stands alone."""
    setup = row["test_setup_code"].replace("\r\n", "\n")
    return tuple(f"{setup}\n{test}".strip() for test in tests)


def called(program: str, tests: Sequence[str]) -> str:
    """The function of the program that the tests call; the last one where they call several."""
    names = re.findall(r"^def\s+(\w+)", program, re.MULTILINE)
    return next((name for name in names[::-1] if any(re.search(rf"\b{name}\s*\(", test) for test in tests)), "")
