"""Worked examples for prompts: problems of a task that are not evaluated, with solutions in the form asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from passel.core.errors import UsageError
from passel.tasks.parts.task import Item, Task

__all__ = ["Examples", "plain_solution"]

_CALCULATOR = re.compile(r"<<[^<>\n]*>>")
_STATED = re.compile(r"\\boxed|\b(?:answer is|answer:)", re.IGNORECASE)
_HASHES = re.compile(r"^#### *(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Examples:
    """A task's tool `examples`: k problems with their solutions, always the same ones.

    None of them is among the problems that are evaluated, nor asks the same question as one of them. So no gold answer
    of an evaluated problem can be seen through it.

    Args:
        task: where they come from.
        limit, seed: what is evaluated, as in `Task.problems`.
    """

    task: Task
    limit: int | None = None
    seed: int = 0
    _found: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def edition(self) -> str:
        """What its answers depend on: a record of one evaluation is not asked in another."""
        return f" examples of {self.task.name} for {self.limit}, {self.seed}, {self.task.instruction!r}"

    def __call__(self, k: int) -> list[dict[str, str]]:
        """The examples, each with its `question` and `solution`. Raises UsageError where there are fewer than k."""
        if len(self._found) < k:
            self._found[:] = self._look(k)
        if len(self._found) < k:
            evaluated = len(self.task) if self.limit is None else min(self.limit, len(self.task))
            raise UsageError(
                f"{self.task.name} has {len(self._found)} problems with solutions for {k} examples, beside the "
                f"{evaluated} that are evaluated of {len(self.task)}; evaluate fewer (--limit)"
            )
        return self._found[:k]

    def _look(self, k: int) -> list[dict[str, str]]:
        taken = {_words(problem.question) for problem in self.task.problems(limit=self.limit, seed=self.seed)}
        found: list[dict[str, str]] = []
        for item in self.task.spare(limit=self.limit, seed=self.seed):
            if len(found) == k:
                break
            words = _words(item.question)
            if words not in taken and (solution := _shown(item, self.task.instruction)):
                taken.add(words)
                found.append({"question": item.question, "solution": solution})
        return found


def plain_solution(text: str) -> str:
    """A solution without GSM8K's notation: no <<calculator annotations>>, and its #### as the words of an answer.

    >>> plain_solution("There are 3*4=<<3*4=12>>12 of them.\\n#### 12")
    'There are 3*4=12 of them.\\nThe answer is 12.'
    """
    return _HASHES.sub(r"The answer is \1.", _CALCULATOR.sub("", text)).strip()


def _shown(item: Item, instruction: str | None) -> str | None:
    """The solution, closed by the gold answer where it does not state it; None if there is nothing to show."""
    text = plain_solution(item.solution)
    if item.kind.costly or not item.gold:
        return text or None
    asked = item.kind.instruction if instruction is None else instruction
    closing = f"The answer is \\boxed{{{item.gold}}}." if "\\boxed" in asked else f"The answer is {item.gold}."
    bracketed = f"The answer is ({item.gold})."
    closed = [f"{text}\n{line}".strip() for line in ([bracketed, closing] if "(X)" in asked else [closing, bracketed])]
    tried = [text, *closed] if _STATED.search(text) else [*closed, text]
    return next((solution for solution in tried if solution and _right(item, solution)), None)


def _right(item: Item, solution: str) -> bool:
    return item.kind.score(item, item.kind.reader(item.options)(solution)) == 1.0


def _words(question: str) -> str:
    return " ".join(question.split()).casefold()
