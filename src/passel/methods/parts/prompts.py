"""Prompts that grow: a line more for the user's turn, a system message, a reply and what is said to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from passel.core.ask import Message, Prompt
from passel.core.problem import Problem

__all__ = ["asked", "follow_up", "instructed", "numbered", "with_line", "with_system"]


def with_line(prompt: Prompt, line: str, *, before: bool = False) -> Prompt:
    """The prompt with a line more at the end (or the beginning) of its last turn; raw text gets it likewise.

    >>> with_line((Message("user", "2 + 2?"),), "Think first.")[-1].content
    '2 + 2?\\nThink first.'
    """
    if isinstance(prompt, str):
        return f"{line}\n{prompt}" if before else f"{prompt}\n{line}"
    *earlier, last = prompt
    content = f"{line}\n{last.content}" if before else f"{last.content}\n{line}"
    return (*earlier, replace(last, content=content))


def with_system(prompt: Prompt, text: str) -> Prompt:
    """The prompt with a text more at the end of its system message, which is made if there is none."""
    if isinstance(prompt, str):
        return f"{text}\n\n{prompt}"
    first, *rest = prompt
    if first.author == "system":
        return (replace(first, content=f"{first.content}\n{text}"), *rest)
    return (Message("system", text), *prompt)


def follow_up(prompt: Prompt, said: str, asked: str) -> Prompt:
    """The chat in which the model has said something and is then asked something more."""
    if isinstance(prompt, str):
        return f"{prompt}{said}\n\n{asked}\n"
    return (*prompt, Message("assistant", said), Message("user", asked))


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
    """The problem with a line more at the end (or the beginning) of its instruction. The question stays as it is, for
    those that quote it or hide a part of it."""
    lines = (line, problem.instruction) if before else (problem.instruction, line)
    return replace(problem, instruction="\n".join(filter(None, lines)))
