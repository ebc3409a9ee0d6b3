"""Self-consistency by a bare aiohttp loop: what a client costs with no library around it."""

import argparse
import asyncio
import json
from collections import Counter

import aiohttp
from fanout import fan_out


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

        return await fan_out("aiohttp", base_url, solve, problems, clients)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=8)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(run(args.base_url, args.problems, args.clients, args.n))))
