"""Self-consistency by its_hub: SelfConsistency.ainfer over one OpenAICompatibleLanguageModel.

its_hub sends one request per sample (it does not use the endpoint's `n`). The orchestrator's
own limit is lifted: at its default of 32 each call waits for a thread, which was mostly slower.
"""

import argparse
import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator

from its_hub import LMOrchestrator, OpenAICompatibleLanguageModel, SelfConsistency


def served(base_url: str) -> tuple[int, int]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
        stats = json.load(reply)
    return stats["requests"], stats["choices"]


async def run(base_url: str, problems: int, clients: int, n: int, concurrency: int) -> dict[str, object]:
    algorithm = SelfConsistency(orchestrator=LMOrchestrator(max_concurrency=concurrency))

    async with OpenAICompatibleLanguageModel(base_url, api_key="none", model_name="mock") as lm:

        async def worker(queue: Iterator[int], results: list[str]) -> None:
            for number in queue:
                message = await algorithm.ainfer(lm, f"Problem {number}: what is the answer?", budget=n)
                results.append(message["content"])

        await algorithm.ainfer(lm, "warm up", budget=n)
        results: list[str] = []
        before, queue = served(base_url), iter(range(problems))
        cpu, begun = time.process_time(), time.perf_counter()
        await asyncio.gather(*(worker(queue, results) for _ in range(clients)))
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert len(results) == problems
    requests, calls = (now - then for now, then in zip(served(base_url), before, strict=True))
    return {
        "name": "its_hub",
        "requests": requests,
        "calls": calls,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(cpu, 4),
        "calls_per_second": round(calls / seconds, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--concurrency", type=int, default=-1, help="its_hub's own limit (-1: none; its default: 32)")
    args = parser.parse_args()
    print(json.dumps(asyncio.run(run(args.base_url, args.problems, args.clients, args.n, args.concurrency))))
