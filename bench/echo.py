"""The driver alone: asks a second with a model in this process that answers at once, on one core.

    python bench/echo.py [--problems 4000] [--repeats 7]

64 problems in flight, `vote` with 8 draws each, an in-memory pool; one request a draw, and 8 draws in one request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

from parts.figures import arguments, interleave, show

from passel.core.ask import Ask
from passel.core.driver import Driver, Scope
from passel.core.key import Key
from passel.core.model import Binding, ModelInfo, Progress
from passel.core.problem import Problem
from passel.core.reply import Reply, Usage
from passel.methods.vote import vote

FLIGHT, N, TARGET = 64, 8, 20_000


class Echo:
    """Answers at once, always the same."""

    def __init__(self, max_n: int) -> None:
        self.info = ModelInfo("echo", sampling=frozenset({"max_tokens"}), max_n=max_n, concurrency=1024)

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        return [Reply(text="The answer is 42.", usage=Usage(10, 6)) for _ in asks]

    async def aclose(self) -> None:
        pass


async def drive(max_n: int, problems: int) -> float:
    """Asks a second."""
    driver = Driver({"generator": Binding(Echo(max_n))})

    async def worker(queue: Iterator[int]) -> None:
        for number in queue:
            problem = Problem(str(number), f"Problem {number}: what is the answer?")
            outcome = await driver.run(vote(problem, key=Key() / problem.id, n=N), Scope(problem.id))
            assert outcome.result.answer is not None

    queue = iter(range(problems))
    begun = time.process_time()
    await asyncio.gather(*(worker(queue) for _ in range(FLIGHT)))
    seconds = time.process_time() - begun
    assert driver.ledger.spent.passes == problems * N
    return problems * N / seconds


def main() -> None:
    parser = arguments(__doc__, repeats=7)
    parser.add_argument("--problems", type=int, default=4000)
    args = parser.parse_args()
    figures = interleave(
        {
            "one request a draw": lambda: asyncio.run(drive(1, args.problems)),
            "8 draws a request": lambda: asyncio.run(drive(N, args.problems)),
        },
        args.repeats,
    )
    targets = {f"{name} / {TARGET:,}": ([v / TARGET for v in values], 1.0) for name, values in figures.items()}
    show("driver alone", "asks per second of processor time", figures, targets, args.json)


if __name__ == "__main__":
    main()
