"""Prompts with something added: a line in the user's turn, or a reply and the user's next turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from passel.core.ask import Message, Prompt
from passel.core.problem import Problem

__all__ = ["asked", "follow_up", "instructed", "numbered", "with_line"]


def with_line(prompt: Prompt, line: str, *, before: bool = False) -> Prompt:
    """The prompt with one more line at the end (or the beginning) of its last turn, or of a raw text.

    >>> with_line((Message("user", "2 + 2?"),), "Think first.")[-1].content
    '2 + 2?\\nThink first.'
    """
    if isinstance(prompt, str):
        return f"{line}\n{prompt}" if before else f"{prompt}\n{line}"
    *earlier, last = prompt
    content = f"{line}\n{last.content}" if before else f"{last.content}\n{line}"
    return (*earlier, replace(last, content=content))


def follow_up(prompt: Prompt, reply: str, request: str) -> Prompt:
    """The chat that goes on with the model's reply and the user's next request."""
    if isinstance(prompt, str):
        return f"{prompt}{reply}\n\n{request}\n"
    return (*prompt, Message("assistant", reply), Message("user", request))


def numbered(texts: Sequence[str], title: str = "Response") -> str:
    """Several texts for one prompt, each under its number, counted from 1.

    >>> print(numbered(["It is 4.", "It is 5."]))
    [Response 1]
    It is 4.
    <BLANKLINE>
    [Response 2]
    It is 5.
    """
    return "\n\n".join([f"[{title} {number}]\n{text.strip()}" for number, text in enumerate(texts, 1)])


def asked(problem: Problem, question: str) -> Problem:
    """The problem with another question: the reader, the instruction and the system message stay."""
    return replace(problem, question=question)


def instructed(problem: Problem, line: str, *, before: bool = False) -> Problem:
    """The problem with one more line at the end (or the beginning) of its instruction. The question is unchanged, for
    verifiers that quote it or hide a part of it."""
    lines = (line, problem.instruction) if before else (problem.instruction, line)
    return replace(problem, instruction="\n".join(filter(None, lines)))
