"""A problem as a method sees it: the question and how to read an answer out of a text, never the gold answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from passel.core.ask import Message, Prompt

__all__ = ["Answer", "Problem", "Reader", "read_text"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in a text. Two answers with the same `key` are the same answer (1/2 and 0.5)."""

    text: str
    key: str


class Reader(Protocol):
    """Reads the final answer out of a model's text; None where the text holds none."""

    def __call__(self, text: str, /) -> Answer | None: ...


def read_text(text: str) -> Answer | None:
    """The whole text as the answer, compared without case and spacing."""
    key = " ".join(text.split()).casefold()
    return Answer(text.strip(), key) if key else None


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is given to a method.

    Args:
        id: unique within its task.
        question: the question without instructions, for prompts that quote it.
        instruction: how to answer ("Solve step by step …"), or "".
        system: a system message, or "" for the model's own default.
        read: reads the answer out of a text.
        options: choices by letter, for multiple choice.
        details: other facts of the task (subject, level, entry point), for prompts and reports.
        history: turns of the chat before the question, such as worked examples.
    """

    id: str
    question: str
    instruction: str = ""
    system: str = ""
    read: Reader = read_text
    options: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    history: tuple[Message, ...] = ()

    @property
    def prompt(self) -> Prompt:
        """The chat that asks the question."""
        user = f"{self.question}\n{self.instruction}" if self.instruction else self.question
        turns = (*self.history, Message("user", user))
        return (Message("system", self.system), *turns) if self.system else turns
