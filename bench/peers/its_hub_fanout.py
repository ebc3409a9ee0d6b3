"""Self-consistency by its_hub: SelfConsistency.ainfer over one OpenAICompatibleLanguageModel.

its_hub sends one request per sample (it does not use the endpoint's `n`). The orchestrator's
own limit is lifted: at its default of 32 each call waits for a thread, which was mostly slower.
"""

import argparse
import asyncio
import json

from fanout import fan_out
from its_hub import LMOrchestrator, OpenAICompatibleLanguageModel, SelfConsistency


async def run(base_url: str, problems: int, clients: int, n: int, concurrency: int) -> dict[str, object]:
    algorithm = SelfConsistency(orchestrator=LMOrchestrator(max_concurrency=concurrency))

    async with OpenAICompatibleLanguageModel(base_url, api_key="none", model_name="mock") as lm:

        async def solve(prompt: str) -> str:
            return (await algorithm.ainfer(lm, prompt, budget=n))["content"]

        return await fan_out("its_hub", base_url, solve, problems, clients)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--concurrency", type=int, default=-1, help="its_hub's own limit (-1: none; its default: 32)")
    args = parser.parse_args()
    print(json.dumps(asyncio.run(run(args.base_url, args.problems, args.clients, args.n, args.concurrency))))
