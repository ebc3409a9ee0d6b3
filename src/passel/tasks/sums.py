"""Sums and differences of whole numbers, made as needed: no download, no extra."""

from __future__ import annotations

from typing import Annotated

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear
from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.task import Generated, Item, Task

__all__ = ["sums"]


def sums(
    *,
    terms: Annotated[int, Linear(2, 12)] = 3,
    digits: Annotated[int, Linear(1, 9)] = 2,
    seed: int = 0,
    size: int = 1000,
) -> Task:
    """Questions such as "What is 48 + 27 - 16?", results never negative; `size` of them by `seed`.

    Each number has 1 to `digits` digits. passel-reasoner-135m was trained on sums of this form (2 to 6 terms of 1 to 3
    digits), on others than these.
    """
    if terms < 2 or digits < 1 or size < 1:
        raise UsageError(f"sums needs terms >= 2, digits >= 1, size >= 1, got {terms}, {digits}, {size}")

    def make(index: int) -> Item:
        key = Key(seed) / "sums" / index
        total = 1 + (key / 0).below(10**digits - 1)
        words, steps = [str(total)], list[str]()
        for place in range(1, terms):
            number = 1 + (key / place).below(10**digits - 1)
            minus = number <= total and (key / place / "sign").below(2) == 1
            before, sign = total, "-" if minus else "+"
            total += -number if minus else number
            words += [sign, str(number)]
            steps.append(f"{before}{sign}{number}={total}")
        solution = "\n".join([*steps, f"The answer is {total}."])
        return Item(str(index), f"What is {' '.join(words)}?", str(total), NUMBER, solution=solution)

    return Task("sums", Generated(lambda: size, make))
