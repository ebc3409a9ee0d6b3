"""Worked examples for prompts: problems of a task that are not evaluated, with solutions."""

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
    """The tool `examples` of a task: k problems with their solutions, always the same problems.

    No example is an evaluated problem or asks the same question as an evaluated problem, so examples reveal no gold
    answer of the evaluation.

    Args:
        task: the task of the examples.
        limit, seed: which problems are evaluated, as in `Task.problems`.
    """

    task: Task
    limit: int | None = None
    seed: int = 0
    _examples: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def edition(self) -> str:
        """What the examples depend on. Recorded examples are reused only where it is the same."""
        return f" examples of {self.task.name} for {self.limit}, {self.seed}, {self.task.instruction!r}"

    def __call__(self, k: int) -> list[dict[str, str]]:
        """k examples, each with its `question` and `solution`. Raises UsageError if there are fewer."""
        if len(self._examples) < k:
            self._examples[:] = self._choose(k)
        if len(self._examples) < k:
            evaluated = len(self.task) if self.limit is None else min(self.limit, len(self.task))
            raise UsageError(
                f"{self.task.name} has {len(self._examples)} problems with solutions for {k} examples, beside the "
                f"{evaluated} that are evaluated of {len(self.task)}; evaluate fewer (--limit)"
            )
        return self._examples[:k]

    def _choose(self, k: int) -> list[dict[str, str]]:
        taken = {_words(problem.question) for problem in self.task.problems(limit=self.limit, seed=self.seed)}
        examples: list[dict[str, str]] = []
        for item in self.task.unevaluated(limit=self.limit, seed=self.seed):
            if len(examples) == k:
                break
            words = _words(item.question)
            if words not in taken and (solution := _solution(item, self.task.instruction)):
                taken.add(words)
                examples.append({"question": item.question, "solution": solution})
        return examples


def plain_solution(text: str) -> str:
    """A solution without GSM8K's notation: without <<calculator annotations>>, and with "The answer is" for ####.

    >>> plain_solution("There are 3*4=<<3*4=12>>12 of them.\\n#### 12")
    'There are 3*4=12 of them.\\nThe answer is 12.'
    """
    return _HASHES.sub(r"The answer is \1.", _CALCULATOR.sub("", text)).strip()


def _solution(item: Item, instruction: str | None) -> str | None:
    """The solution, with the gold answer at its end if it does not state it; None if the item has no solution."""
    text = plain_solution(item.solution)
    if item.kind.costly or not item.gold:
        return text or None
    asked = item.kind.instruction if instruction is None else instruction
    closing = f"The answer is \\boxed{{{item.gold}}}." if "\\boxed" in asked else f"The answer is {item.gold}."
    bracketed = f"The answer is ({item.gold})."
    closed = [f"{text}\n{line}".strip() for line in ([bracketed, closing] if "(X)" in asked else [closing, bracketed])]
    candidates = [text, *closed] if _STATED.search(text) else [*closed, text]
    return next((solution for solution in candidates if solution and _right(item, solution)), None)


def _right(item: Item, solution: str) -> bool:
    return item.kind.score(item, item.kind.reader(item.options)(solution)) == 1.0


def _words(question: str) -> str:
    return " ".join(question.split()).casefold()
