"""What a reply is worth: one file a verifier, found by its file name."""

from __future__ import annotations

from typing import Annotated, Protocol

from passel.core.find import Room
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.problem import Problem

__all__ = ["Chosen", "Verifier"]


class Verifier(Protocol):
    """Judges one text as an answer to a problem, with passes of its own if it needs them.

    Returns a number, higher is better (each verifier says what it means), or None when it could not tell.
    """

    def __call__(self, problem: Problem, text: str, *, key: Key) -> Flow[float | None]: ...


Chosen = Annotated[Verifier, Room("verifiers")]
"""A parameter that takes a verifier by name."""
