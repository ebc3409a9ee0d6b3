"""Hidden tests of a programming problem: the protocol, and tests that are statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from passel.sandbox.programs.runner import Program, run_tests

__all__ = ["AssertTests", "HiddenTests"]


class HiddenTests(Protocol):
    """The hidden tests of a problem."""

    def score(self, program: str) -> float | None:
        """1 if the program passes all of them, else 0; None if that cannot be told. Waits for the sandbox."""
        ...


@dataclass(frozen=True, slots=True)
class AssertTests:
    """Tests that are statements: a test passes if it raises nothing.

    Args:
        prompt, entry_point: as in `Program`.
        seconds: processor time for each test.
    """

    tests: tuple[str, ...]
    prompt: str
    entry_point: str
    seconds: float

    def score(self, program: str) -> float | None:
        """See `HiddenTests`."""
        whole = Program(program, self.prompt, self.entry_point)
        verdicts = run_tests(whole, self.tests, seconds=self.seconds, stop=True)
        return float(all(verdict["passed"] for verdict in verdicts))
