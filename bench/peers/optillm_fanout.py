"""Self-consistency by optillm: its approaches called as a library, a thread per problem in flight.

self_consistency (the default) makes n single calls one after another; majority_voting makes one
request with the endpoint's `n`, so there `requests` is an n-th of `calls`. Each thread has an
OpenAI client of its own unless --shared-client is given.
"""

import argparse
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from fanout import Stopwatch
from openai import OpenAI
from optillm.plugins.majority_voting_plugin import run as majority_voting
from optillm.self_consistency import AdvancedSelfConsistency

SYSTEM = "You are a helpful assistant."


def run(base_url: str, problems: int, clients: int, n: int, approach: str, shared: bool) -> dict[str, object]:
    local, ready = threading.local(), threading.Barrier(clients)

    def make_client() -> OpenAI:
        return OpenAI(base_url=base_url, api_key="none", max_retries=0)

    def solve(prompt: str) -> str:
        if approach == "majority_voting":
            return majority_voting(SYSTEM, prompt, local.client, "mock", {"k": n})[0]
        result = AdvancedSelfConsistency(local.client, "mock", num_samples=n).evaluate(SYSTEM, prompt)
        return result["aggregated_result"]["clusters"][0]["answer"]

    def set_up(client: OpenAI | None) -> None:
        local.client = client or make_client()
        solve("warm up")
        ready.wait()  # so that every thread of the pool gets set up, once

    client = make_client() if shared else None
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(set_up, [client] * clients))
        watch = Stopwatch(base_url)
        results = list(pool.map(solve, (f"Problem {number}: what is the answer?" for number in range(problems))))
        assert len(results) == problems
        return watch.figures("optillm", approach=approach)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--approach", choices=["self_consistency", "majority_voting"], default="self_consistency")
    parser.add_argument("--shared-client", action="store_true")
    args = parser.parse_args()
    logging.getLogger().setLevel(logging.WARNING)  # importing optillm turned on a line per request
    print(json.dumps(run(args.base_url, args.problems, args.clients, args.n, args.approach, args.shared_client)))
