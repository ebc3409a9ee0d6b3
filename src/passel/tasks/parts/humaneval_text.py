"""The question of HumanEval and HumanEval+, and the wrong examples in its prompts."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["question", "without_faulty"]

_FAULTY: dict[str, tuple[str, ...]] = {
    "HumanEval/47": ("assert median([-10, 4, 6, 1000, 10, 20]) == 15.0",),
    "HumanEval/116": (
        "assert sort_array([1, 5, 2, 3, 4]) == [1, 2, 3, 4, 5]",
        "assert sort_array([-2, -3, -4, -5, -6]) == [-6, -5, -4, -3, -2]",
    ),
    "HumanEval/130": ("assert tri(1) == 3", "assert tri(4) == 3"),
    "HumanEval/148": ("assert bf('Earth', 'Mercury') == 'Venus'",),
}
"""Public examples that are wrong: the reference solutions, and the hidden tests, contradict them."""


def question(prompt: str) -> str:
    """The prompt as a question to a chat model."""
    return f"Complete this Python function:\n```python\n{prompt.strip()}\n```"


def without_faulty(name: str, tests: Sequence[str]) -> tuple[str, ...]:
    """The public tests of a problem, without the wrong ones."""
    return tuple(test for test in tests if test not in _FAULTY.get(name, ()))
