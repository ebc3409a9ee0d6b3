"""The seam of the room: items with a gold answer, kinds of answer, and the task that hands out problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from passel.core.errors import UsageError, unknown
from passel.core.key import Key
from passel.core.problem import Answer, Problem, Reader

__all__ = ["AnswerKind", "GeneratedItems", "Item", "Items", "LoadedItems", "Task"]


@dataclass(frozen=True, slots=True)
class AnswerKind:
    """How answers of a kind are read, scored and asked for.

    Args:
        reader: makes the reader of an item's answers from its options (empty unless multiple choice). It sees nothing
            else of the item, so no gold answer can reach a problem.
        score: the score of an answer in [0, 1], 0 for None; None where the answer cannot be scored.
        instruction: how to answer, unless the task has an instruction.
        costly: whether scoring takes long (it runs code); a run then scores an answer once, off the event loop, and
            records the score.
    """

    reader: Callable[[tuple[str, ...]], Reader]
    score: Callable[[Item, Answer | None], float | None]
    instruction: str = ""
    costly: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A problem with its gold answer. A `Problem` has the same fields, without `gold`, `solution` and `secret`.

    Args:
        gold: the gold answer, "" if it is not known.
        solution: a worked reference solution, or "".
        secret: what scoring needs (hidden tests).
    """

    id: str
    question: str
    gold: str
    kind: AnswerKind
    options: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    solution: str = ""
    secret: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Items(Protocol):
    """The items of a task, made on first use."""

    def __len__(self) -> int: ...
    def at(self, index: int) -> Item:
        """The item at an index."""
        ...

    def find(self, problem_id: str) -> Item:
        """The item with this id. Raises UsageError if there is none."""
        ...


class LoadedItems:
    """Items that are loaded all at once, on first use."""

    def __init__(self, load: Callable[[], Iterable[Item]]) -> None:
        self._load = load

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self._load()}

    @cached_property
    def _order(self) -> list[Item]:
        return list(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def at(self, index: int) -> Item:
        return self._order[index]

    def find(self, problem_id: str) -> Item:
        if problem_id not in self._items:
            raise unknown("problem", problem_id, self._items)
        return self._items[problem_id]


class GeneratedItems:
    """Items that are made one by one from their index, which is also their id."""

    def __init__(self, size: Callable[[], int], make: Callable[[int], Item]) -> None:
        self._size = size
        self._make = make
        self._items: dict[int, Item] = {}

    def __len__(self) -> int:
        return self._size()

    def at(self, index: int) -> Item:
        if index not in self._items:
            self._items[index] = self._make(index)
        return self._items[index]

    def find(self, problem_id: str) -> Item:
        if not (problem_id.isascii() and problem_id.isdecimal() and int(problem_id) < len(self)):
            raise UsageError(f"unknown problem {problem_id!r}; known: 0 to {len(self) - 1}")
        return self.at(int(problem_id))


@dataclass(frozen=True, slots=True)
class Task:
    """Hands out problems and scores answers to them.

    Args:
        name: its spec, see `load`.
        items: the problems with their gold answers.
        instruction: how to answer; None: the instruction of each item's kind of answer. To set another, use
            `dataclasses.replace(task, instruction=...)`.
        system: a system message for every problem, or "".
    """

    name: str
    items: Items
    instruction: str | None = None
    system: str = ""

    def __len__(self) -> int:
        return len(self.items)

    def problems(self, *, limit: int | None = None, seed: int = 0) -> list[Problem]:
        """`limit` problems (all if None) in a random order that the seed fixes. A larger limit begins with the problems
        of a smaller limit, in the same order.
        """
        if limit is not None and limit < 1:
            raise UsageError(f"limit of {self.name} must be at least 1, got {limit}")
        order = (Key(seed) / "problems").permutation(len(self.items))[:limit]
        return [self._problem(self.items.at(index)) for index in order]

    def unevaluated(self, *, limit: int | None = None, seed: int = 0) -> Iterator[Item]:
        """The items that `problems` with the same arguments leaves out, the last of the order first, so that the first
        items stay the same while the limit grows."""
        if limit is not None:
            for index in reversed((Key(seed) / "problems").permutation(len(self.items))[limit:]):
                yield self.items.at(index)

    def score(self, problem_id: str, answer: Answer | None) -> float | None:
        """The score of the answer in [0, 1], 0 for None; None if it cannot be scored."""
        item = self.items.find(problem_id)
        return item.kind.score(item, answer)

    def gold(self, problem_id: str) -> str:
        """The gold answer, for reports; "" if it is not known."""
        return self.items.find(problem_id).gold

    def costly(self, problem_id: str) -> bool:
        """Whether scoring its answers takes long."""
        return self.items.find(problem_id).kind.costly

    def solution(self, problem_id: str) -> str:
        """The worked reference solution where the data has one, else a sentence with the gold answer; "" if neither is
        known."""
        item = self.items.find(problem_id)
        return item.solution or (f"The answer is {item.gold}." if item.gold else "")

    def _problem(self, item: Item) -> Problem:
        return Problem(
            id=item.id,
            question=item.question,
            instruction=item.kind.instruction if self.instruction is None else self.instruction,
            system=self.system,
            read=item.kind.reader(item.options),
            options=item.options,
            details=item.details,
        )
