"""Self-consistency by Passel, by its public path: Driver + models.openai + methods.vote.

By default one request a draw and a store in memory; `--max-n 8` merges draws into one request, `--record` keeps every
reply in a SQLite record that is deleted afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from fanout import fan_out  # the caller puts bench/peers on the path

from passel.core.driver import Driver, MemoryStore, Record, ReplyStore, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods.vote import vote
from passel.models.openai import openai


async def run(base_url: str, args: argparse.Namespace, store: ReplyStore) -> dict[str, object]:
    model = openai(f"mock@{base_url}", max_n=args.max_n, concurrency=args.concurrency, api_key="none")
    driver = Driver({"generator": Binding(model)}, store=store)

    async def solve(name: str) -> Result:
        outcome = await driver.run(vote(Problem(name, name), key=Key() / name, n=args.n), Scope(name))
        assert outcome.result.answer is not None, outcome.error
        return outcome.result

    try:
        return await fan_out("passel", base_url, solve, args.problems, args.clients)
    finally:
        await model.aclose()


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
        store = Record(Path(folder) / "record.sqlite") if args.record else MemoryStore()
        if args.profile:
            import cProfile
            import pstats

            with cProfile.Profile() as profile:
                figures = asyncio.run(run(args.base_url, args, store))
            pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
        else:
            figures = asyncio.run(run(args.base_url, args, store))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
