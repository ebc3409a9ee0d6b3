"""Self-consistency by Passel, by its public path: Driver + models.openai + methods.vote.

By default one request a draw and an in-memory pool; `--max-n 8` merges draws into one request, `--record` keeps every
reply in a SQLite record that is deleted afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from passel.core.driver import Driver, Memory, Pool, Record, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods.vote import vote
from passel.models.openai import openai


def served(base_url: str) -> tuple[int, int]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
        stats = json.load(reply)
    return stats["requests"], stats["choices"]


async def run(base_url: str, args: argparse.Namespace, pool: Pool) -> dict[str, object]:
    model = openai(f"mock@{base_url}", max_n=args.max_n, concurrency=args.concurrency, api_key="none")
    driver = Driver({"generator": Binding(model)}, pool=pool)

    async def solve(name: str) -> Result:
        problem = Problem(name, f"Problem {name}: what is the answer?")
        outcome = await driver.run(vote(problem, key=Key() / name, n=args.n), Scope(name))
        assert outcome.result.answer is not None, outcome.error
        return outcome.result

    async def worker(queue: Iterator[int], results: list[Result]) -> None:
        for number in queue:
            results.append(await solve(str(number)))

    await solve("warm up")
    results: list[Result] = []
    before, queue = served(base_url), iter(range(args.problems))
    cpu, begun = time.process_time(), time.perf_counter()
    await asyncio.gather(*(worker(queue, results) for _ in range(args.clients)))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    await model.aclose()
    assert len(results) == args.problems
    requests, calls = (now - then for now, then in zip(served(base_url), before, strict=True))
    return {
        "name": "passel",
        "requests": requests,
        "calls": calls,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(cpu, 4),
        "calls_per_second": round(calls / seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--max-n", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=100, help="as the bare loop's connections")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pool = Record(Path(folder) / "record.sqlite") if args.record else Memory()
        if args.profile:
            import cProfile
            import pstats

            with cProfile.Profile() as profile:
                figures = asyncio.run(run(args.base_url, args, pool))
            pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
        else:
            figures = asyncio.run(run(args.base_url, args, pool))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
