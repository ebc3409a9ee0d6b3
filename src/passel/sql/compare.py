"""Whether two results of queries hold the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import cast

from passel.sql.process import Outcome, Value

__all__ = ["same_rows"]

_CLOSE = 1e-9  # relative: sums of reals depend on the order of the rows
_TRIES = 2000

Row = tuple[Hashable, ...]
Column = tuple[Hashable, ...]


def same_rows(gold: Outcome, given: Outcome, *, in_order: bool = False) -> bool:
    """Whether the two results hold the same rows, each as often, whatever their columns are called.

    Rows count as a multiset, or as a sequence with `in_order`; columns may be in any order that is the same for all
    rows, as in test-suite evaluation (Zhong, Yu and Klein 2020, arXiv 2010.02840). Integers are compared exactly;
    where a real number takes part, to a billionth of its size. Text never equals a number. Two empty results are the
    same if they have as many columns. After 2000 tried orders of columns the results count as different.
    """
    if len(gold.columns) != len(given.columns) or len(gold.rows) != len(given.rows):
        return False
    classes = _classes(value for outcome in (gold, given) for row in outcome.rows for value in row)
    left, right = (
        [tuple([_key(value, classes) for value in row]) for row in outcome.rows] for outcome in (gold, given)
    )
    if left == right:
        return True
    wanted, offered = list(zip(*left, strict=True)), list(zip(*right, strict=True))
    return _matched(wanted, offered, in_order)


def _matched(wanted: Sequence[Column], offered: Sequence[Column], in_order: bool) -> bool:
    """Whether some order of the offered columns gives the wanted rows, found column by column."""
    stack: list[tuple[int, ...]] = [()]
    for _ in range(_TRIES):
        if not stack:
            return False
        taken = stack.pop()
        if len(taken) == len(wanted):
            return True
        target = _rows(wanted[: len(taken) + 1], in_order)
        for place in _distinct(offered, taken):
            if _rows([offered[i] for i in (*taken, place)], in_order) == target:
                stack.append((*taken, place))
    return False


def _distinct(offered: Sequence[Column], taken: tuple[int, ...]) -> Iterator[int]:
    """The columns that are still free; of columns with the same values only the first."""
    seen: set[Column] = set()
    for place, column in enumerate(offered):
        if place not in taken and column not in seen:
            seen.add(column)
            yield place


def _rows(columns: Sequence[Column], in_order: bool) -> Counter[Row] | list[Row]:
    rows = cast(Iterable[Row], zip(*columns, strict=True))
    return list(rows) if in_order else Counter(rows)


def _key(value: Value, classes: dict[int | float, int]) -> Hashable:
    if isinstance(value, int | float):
        return classes[value]
    if isinstance(value, dict):
        return tuple(value.items())
    return None if value is None else (value,)  # in a tuple: a text is no class


def _classes(values: Iterable[Value]) -> dict[int | float, int]:
    """Each number's class; numbers next to each other that are as good as equal share one."""
    numbers = sorted({(value, isinstance(value, float)) for value in values if isinstance(value, int | float)})
    classes: dict[int | float, int] = {}
    last: tuple[int | float, bool] | None = None
    for number, real in numbers:
        near = last is not None and _close(last[0], number, real or last[1])
        classes[number] = len(classes) if last is None or not near else classes[last[0]]
        last = number, real
    return classes


def _close(a: float, b: float, real: bool) -> bool:
    return a == b or (real and abs(a - b) <= _CLOSE * max(abs(a), abs(b)))
