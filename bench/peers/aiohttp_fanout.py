"""Self-consistency by a bare aiohttp loop: what a client costs with no library around it."""

import argparse
import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator

import aiohttp


def served(base_url: str) -> tuple[int, int]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as reply:
        stats = json.load(reply)
    return stats["requests"], stats["choices"]


async def run(base_url: str, problems: int, clients: int, n: int) -> dict[str, object]:
    url, headers = base_url + "/chat/completions", {"Authorization": "Bearer none"}

    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=100)) as session:

        async def call(prompt: str) -> str:
            request = {"model": "mock", "messages": [{"role": "user", "content": prompt}]}
            async with session.post(url, json=request) as reply:
                reply.raise_for_status()
                return (await reply.json())["choices"][0]["message"]["content"]

        async def solve(prompt: str) -> str:
            answers = await asyncio.gather(*(call(prompt) for _ in range(n)))
            return Counter(answers).most_common(1)[0][0]

        async def worker(queue: Iterator[int], results: list[str]) -> None:
            for number in queue:
                results.append(await solve(f"Problem {number}: what is the answer?"))

        await solve("warm up")
        results: list[str] = []
        before, queue = served(base_url), iter(range(problems))
        cpu, begun = time.process_time(), time.perf_counter()
        await asyncio.gather(*(worker(queue, results) for _ in range(clients)))
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert len(results) == problems
    requests, calls = (now - then for now, then in zip(served(base_url), before, strict=True))
    return {
        "name": "aiohttp",
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
    args = parser.parse_args()
    print(json.dumps(asyncio.run(run(args.base_url, args.problems, args.clients, args.n))))
