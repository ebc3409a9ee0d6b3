"""Self-consistency by optillm as its users run it: its proxy server between a client and the model.

    PYTHON bench/parts/optillm_proxy.py BASE_URL --optillm PYTHON

Starts the proxy, asks it for `self_consistency` (5 samples, which a request cannot change) with 64 questions in flight,
and counts the calls that reach the model.
"""

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
from pathlib import Path

import aiohttp
from fanout import fan_out  # the caller puts bench/peers on the path

PORT = 18439  # of the proxy


async def run(base_url: str, problems: int, clients: int) -> dict[str, object]:
    url = f"http://127.0.0.1:{PORT}/v1/chat/completions"
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def solve(prompt: str) -> None:
            request = {"model": "self_consistency-mock", "messages": [{"role": "user", "content": prompt}]}
            async with session.post(url, json=request, headers={"Authorization": "Bearer none"}) as reply:
                reply.raise_for_status()
                await reply.json()

        for _ in range(120):
            try:
                await solve("warm up")
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.5)
        return await fan_out("optillm proxy", base_url, solve, problems, clients)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=5, help="ignored: the proxy draws 5")
    parser.add_argument("--optillm", required=True)
    args = parser.parse_args()
    program = Path(args.optillm).with_name("optillm")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "OPENAI_API_KEY": "none", "HOME": home}
        command = [str(program), "--base-url", args.base_url, "--port", str(PORT), "--log", "warning"]
        quiet = subprocess.DEVNULL
        proxy = subprocess.Popen(command, env=environment, cwd=home, stdout=quiet, stderr=quiet)
        try:
            print(json.dumps(asyncio.run(run(args.base_url, args.problems, args.clients))))
        finally:
            proxy.terminate()
            proxy.wait(10)


if __name__ == "__main__":
    main()
