"""Tokens a second of the embedded model through Passel, next to llama.cpp's bindings driven bare with the same load.

    python bench/embedded.py [--problems 16] [--repeats 5] [--quiet-load 0.5] [--json FILE]

`vote` with 8 draws on the first problems of `held_out`. Bare: the same bodies (prompts, seeds, sampling) handed to
xllamacpp by as many threads as Passel has requests in flight, not streamed, replies thrown away. Both in processes of
their own, one after the other, round after round; loading the model is not timed. It waits until the machine is quiet.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from parts.figures import arguments, interleave, ratio, show, wait_for_quiet

from passel.core.ask import Generate, Sampling
from passel.core.driver import Driver, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.problem import Problem
from passel.methods.vote import vote
from passel.models import load
from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import pull
from passel.models.parts.requests import Dialect
from passel.tasks import load as load_task

MODEL, N, PARALLEL, CONTEXT, TARGET = "passel-reasoner-135m", 8, 16, 2048, 0.9


def problems(count: int) -> list[Problem]:
    return load_task("held_out").problems(limit=count)


async def through_passel(count: int) -> tuple[int, float]:
    """Completion tokens and seconds."""
    model = load(f"{MODEL}:parallel={PARALLEL}:context={CONTEXT}")
    binding = Binding(model, model.info.advised)
    warm, driver = Driver({"generator": binding}), Driver({"generator": binding})
    first, *_ = todo = problems(count)
    await warm.run(vote(first, key=Key(1) / "warm up", n=1), Scope(first.id))
    begun = time.perf_counter()
    await asyncio.gather(*(driver.run(vote(p, key=Key() / p.id, n=N), Scope(p.id)) for p in todo))
    seconds = time.perf_counter() - begun
    assert driver.ledger.spent.passes == N * len(todo)
    await model.aclose()
    return driver.ledger.spent.completion_tokens, seconds


def bare(count: int, n: int = 1) -> tuple[int, float]:
    """Completion tokens and seconds, with `n` draws a request."""
    import xllamacpp

    card = find_card(MODEL)
    params: Any = xllamacpp.CommonParams()
    params.model.path = str(pull(card, lambda what, done, total: None))
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(FOLDER / card.adapter), 1.0)]
    params.n_parallel, params.n_ctx = PARALLEL, PARALLEL * CONTEXT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count()
    params.verbosity, params.ui = -1, False
    server: Any = xllamacpp.Server(params)
    dialect = Dialect(MODEL, "chat", prefix="llama_cpp")
    sampling = card.sampling.over(Sampling(max_tokens=512))

    def body(problem: Problem, key: Key) -> dict[str, Any]:
        ask = Generate(problem.prompt, key, "", sampling)
        return dict(dialect.generate(ask, n, key.bits(32) >> 1, stream=True))

    def complete(request: dict[str, Any]) -> int:
        usages: list[int] = []  # a stream tells one usage for each choice
        server.handle_chat_completions(
            request, lambda chunk: usages.append(chunk.get("usage", {}).get("completion_tokens", 0))
        )
        return sum(usages)

    todo = problems(count)
    bodies = [body(problem, Key() / problem.id / "draw" / draw) for problem in todo for draw in range(0, N, n)]
    complete(body(todo[0], Key(1) / "warm up" / "draw" / 0))
    with ThreadPoolExecutor(2 * PARALLEL) as threads:
        begun = time.perf_counter()
        tokens = sum(threads.map(complete, bodies))
        seconds = time.perf_counter() - begun
    return tokens, seconds


SIDES: dict[str, Callable[[int], tuple[int, float]]] = {
    "bare, 8 draws a request": partial(bare, n=N),
    "bare, one draw a request": bare,
    "passel": lambda count: asyncio.run(through_passel(count)),
}


def child(side: str, count: int) -> float:
    """Tokens a second of one run in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--problems", str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    tokens, seconds = json.loads(done.stdout.splitlines()[-1])
    print(f"  {side}: {tokens} tokens in {seconds:.1f} s, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return tokens / seconds


def parsed() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--quiet-load", type=float, default=0.5, help="the load to wait for before the first run")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to wait for it")
    parser.add_argument("--side", choices=[*SIDES], help="one run of one side in this process, as JSON")
    return parser.parse_args()


def main() -> None:
    args = parsed()
    if args.side:
        print(json.dumps(SIDES[args.side](args.problems)))
        return
    load_before = wait_for_quiet(args.quiet_load, args.minutes)
    figures = interleave({side: partial(child, side, args.problems) for side in SIDES}, args.repeats)
    bares = [side for side in SIDES if side != "passel"]
    ratios = {f"passel / {side}": (ratio(figures, "passel", side), TARGET) for side in bares}
    show("embedded: vote(n=8)", "tokens per second", figures, ratios, args.json, load_before=load_before)


if __name__ == "__main__":
    main()
