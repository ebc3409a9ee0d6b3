"""Tokens a second of plain sampling with Passel's engine, next to its peers on the same weights and processors.

    python bench/engine.py [--peers transformers,vllm,llama_cpp] [--batches 1,8,32,64] [--n-tokens 64] [--repeats 5]
                           [--vllm PYTHON | --setup FOLDER] [--clock wall|processor] [--json FILE] [--markdown FILE]

SmolLM2-135M in bfloat16, and Passel with weights of eight bits too, on two threads. A batch is that many prompts (60
to 100 tokens, questions of GSM8K) that come at once; each gets exactly `--n-tokens` tokens at temperature 1 without
truncation, and the reading of the prompts is in the time. Round after round, each side has its turn at each batch
while all others stand still; a round's prompts are the same for all sides, and no prompt comes twice. Ratios are
taken round by round. `limit` is the model's own linear layers alone: `limit, decoding` for the tokens made, `limit,
whole` with the prompts' tokens too. vLLM needs an environment of its own (`--setup` makes it); PASSEL_VLLM is read
where `--vllm` is missing, and without both it is left out. On a machine that is not quiet wall time says little:
`--clock processor` divides by the processor time that each side's processes used, best with OMP_WAIT_POLICY=passive
in the environment, since threads that spin use it too.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from driver import environment
from parts.figures import arguments, machine, ratio, rows_of, show
from parts.markdown import table
from parts.passages import passages
from parts.quiet import wait_until_idle
from parts.timed import Timed
from parts.weights import bf16_folder, bf16_gguf, dequantised, q4_gguf
from peers.servers import Server, llama_cpp, vllm

from passel.core.ask import Sampling
from passel.engine import Engine, SampleRequest, read

PASSEL, INT8, THREADS = "passel", "passel, int8", 2
CLOCKS = {"wall": "per_second", "processor": "per_cpu_second"}
SETTLE_SECONDS, IDLE_SHARE = 0.5, 0.1
PEERS = ("transformers", "vllm", "llama_cpp", "llama_cpp_bf16")
LIMITS = ("limit, decoding", "limit, whole")
TARGETS = {"transformers": 2.5, "vllm": 1.3, "llama_cpp": 1.5, "limit, decoding": 0.6}
TARGET_BATCH = 32

Prompts = Sequence[Sequence[int]]
Side = Callable[[int, Prompts, int], Timed]
"""(batch, prompts, tokens for each)."""


def passel_tokens_per_second(batch: int, prompts: Prompts, n_tokens: int, *, int8: bool = False) -> float:
    """Passel's engine: all prompts at once, `n_tokens` each, temperature 1, no truncation, no end token.

    The model is loaded at the first call (`bf16_folder()` or `q4_gguf()` of parts.weights) and kept. The clock runs as
    for the others: from the first prompt handed in to the last token out. No prefix may be kept from an earlier call.
    """
    engine = passel_engine(int8=int8)
    sampling = Sampling(temperature=1.0, max_tokens=n_tokens)
    draws = [SampleRequest(tuple(prompt), sampling, seed, frozenset()) for seed, prompt in enumerate(prompts[:batch])]
    begun = time.perf_counter()
    completions = engine.complete(draws)
    seconds = time.perf_counter() - begun
    assert all(len(one.tokens) == n_tokens for one in completions), "all of them"
    assert max(one.cached for one in completions) < 8, "no prompt was kept from an earlier call"
    return batch * n_tokens / seconds


@cache
def passel_engine(*, int8: bool) -> Engine:
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(THREADS)
    model: Any = AutoModelForCausalLM.from_pretrained(bf16_folder(), dtype=torch.bfloat16)
    return Engine(read(model.eval(), 1024, int8=int8), context=1024)


def passel(batch: int, prompts: Prompts, n_tokens: int, *, int8: bool = False) -> Timed:
    cpu, tokens = time.process_time(), batch * n_tokens
    speed = passel_tokens_per_second(batch, prompts, n_tokens, int8=int8)
    return Timed(tokens, tokens / speed, time.process_time() - cpu)


def has_passel() -> bool:
    try:
        passel_tokens_per_second(1, [[1, 2, 3]], 2)
    except NotImplementedError as error:
        print(f"without {PASSEL}: {error}", file=sys.stderr)
        return False
    return True


def served(server: Server) -> Side:
    """A server's turn: it wakes, answers, and sleeps again."""

    def run(batch: int, prompts: Prompts, n_tokens: int) -> Timed:
        server.resume()
        try:
            time.sleep(SETTLE_SECONDS)
            return server.generate(prompts, n_tokens)
        finally:
            server.pause()

    server.pause()
    return run


def in_process(model: Any) -> dict[str, Side]:
    """transformers and the limits, which share one loaded model."""
    from parts.linear_limit import decoding_limit, whole_limit
    from peers.transformers_generate import generate

    decoding: dict[int, Timed] = {}  # of this round, by batch: `limit, whole` builds on it

    def own(batch: int, prompts: Prompts, n_tokens: int) -> Timed:
        return generate(model, prompts, n_tokens)

    def limit(batch: int, prompts: Prompts, n_tokens: int) -> Timed:
        decoding[batch] = decoding_limit(model, batch, n_tokens)
        return decoding[batch]

    def whole(batch: int, prompts: Prompts, n_tokens: int) -> Timed:
        return whole_limit(model, batch, sum(map(len, prompts)), decoding[batch])

    return {"transformers": own, LIMITS[0]: limit, LIMITS[1]: whole}


@contextmanager
def sides(names: Sequence[str], python: str | None, parallel: int, model: Any) -> Iterator[dict[str, Side]]:
    """Those that run, by name: Passel if it can, the peers named, the limits. Servers start one after another."""
    with ExitStack() as stack:
        found: dict[str, Side] = {PASSEL: passel, INT8: partial(passel, int8=True)} if has_passel() else {}
        local = in_process(model)
        for name in names:
            start = {
                "vllm": partial(vllm, python or "", bf16_folder(), parallel=parallel),
                "llama_cpp": partial(llama_cpp, q4_gguf(), parallel=parallel, threads=THREADS),
                "llama_cpp_bf16": lambda: llama_cpp(bf16_gguf(), parallel=parallel, threads=THREADS),
            }
            if name in start:
                found[name] = served(stack.enter_context(start[name]()))
            else:
                found[name] = local[name]
        yield found | {name: local[name] for name in LIMITS}


def measure(
    found: Mapping[str, Side], args: argparse.Namespace, prompts: Iterator[list[int]]
) -> dict[int, dict[str, list[Timed]]]:
    """The runs by batch and side, round by round. A short turn of each at each batch comes before, uncounted."""
    runs: dict[int, dict[str, list[Timed]]] = {batch: {name: [] for name in found} for batch in args.batches}
    patience = 60 * args.patience
    for round_ in range(-1, args.repeats):
        for batch in args.batches:
            given = [prompt[: args.prompt_tokens] for prompt in islice(prompts, batch)]
            if len(given) < batch:
                raise SystemExit("there are not enough prompts for so many repeats")
            for name, side in found.items():
                if round_ < 0:
                    side(batch, given, 4)
                    continue
                begun = time.monotonic()
                busy = wait_until_idle(IDLE_SHARE, patience)
                patience -= min(patience, time.monotonic() - begun)
                runs[batch][name].append(run := side(batch, given, args.n_tokens))
                figures = f"{run.per_second:.1f} a second, {run.per_cpu_second:.1f} a processor second"
                print(f"  {round_} {batch} {name}: {figures}, {busy:.0%} busy before", file=sys.stderr, flush=True)
    return runs


def speeds(runs: Mapping[str, Sequence[Timed]], clock: str) -> dict[str, list[float]]:
    """Tokens a second of one of the CLOCKS."""
    return {name: [getattr(run, CLOCKS[clock]) for run in of] for name, of in runs.items()}


def ratios(figures: Mapping[str, Sequence[float]], batch: int) -> dict[str, tuple[list[float], float | None]]:
    """Passel over each other side and its target; without Passel the peers over the limit."""
    if PASSEL in figures:
        goal = TARGETS if batch == TARGET_BATCH else {}
        return {f"{PASSEL} / {b}": (ratio(figures, PASSEL, b), goal.get(b)) for b in figures if b != PASSEL}
    return {f"{a} / {LIMITS[0]}": (ratio(figures, a, LIMITS[0]), None) for a in figures if a not in LIMITS}


def markdown(figures: Mapping[int, Mapping[str, Sequence[float]]], clock: str) -> str:
    """Two tables, a column a batch: tokens a second, and ratios; median (least to most)."""

    def cells(rows: Mapping[int, Mapping[str, Sequence[float]]], form: str) -> list[list[str]]:
        first, *_ = rows.values()
        summary = {batch: {row["name"]: row for row in rows_of(of)} for batch, of in rows.items()}

        def cell(row: Mapping[str, Any]) -> str:
            median, least, most = (format(row[of], form) for of in ("median", "min", "max"))
            return f"{median} ({least} to {most})"

        return [[name, *(cell(summary[batch][name]) for batch in rows)] for name in first]

    quotients = {batch: {name: of for name, (of, _) in ratios(rows, batch).items()} for batch, rows in figures.items()}
    header = [f"batch {batch}" for batch in figures]
    speed, shares = cells(figures, ",.0f"), cells(quotients, ".2f")
    return f"{table([f'tokens a {clock} second', *header], speed)}\n\n{table(['ratio', *header], shares)}\n"


def parsed() -> argparse.Namespace:
    def listed(text: str) -> list[str]:
        return [item for item in text.split(",") if item]

    parser = arguments(__doc__)
    parser.add_argument("--peers", type=listed, help=f"of {','.join(PEERS)}; by default the first three that can run")
    parser.add_argument("--batches", type=lambda text: [int(b) for b in listed(text)], default=[1, 8, 32, 64])
    parser.add_argument("--n-tokens", type=int, default=64)
    parser.add_argument("--prompt-tokens", type=int, default=100, help="at most; with few, decoding alone is timed")
    parser.add_argument("--clock", choices=[*CLOCKS], default="wall", help="processor: on a machine that is not quiet")
    parser.add_argument("--patience", type=float, default=10.0, help="minutes to wait, in all, for an idle machine")
    parser.add_argument("--vllm", metavar="PYTHON", default=os.environ.get("PASSEL_VLLM"))
    parser.add_argument("--setup", type=Path, metavar="FOLDER", help="make vLLM's environment in this folder")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    args = parser.parse_args()
    if args.setup:
        args.vllm = environment(args.setup, "vllm", "--no-deps")
    if args.peers is None:
        args.peers = [peer for peer in PEERS[:3] if peer != "vllm" or args.vllm]
    if unknown := set(args.peers) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    if "vllm" in args.peers and not args.vllm:
        parser.error("vLLM needs its environment: --setup FOLDER makes it, --vllm PYTHON names it")
    return args


def main() -> None:
    args = parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended too
    import torch

    torch.set_num_threads(THREADS)
    model, tokenizer = dequantised(q4_gguf())
    with sides(args.peers, args.vllm, max(args.batches), model.eval()) as found:
        runs = measure(found, args, passages(tokenizer))
    figures = {batch: speeds(of, args.clock) for batch, of in runs.items()}
    for batch, of in figures.items():
        show(f"engine, batch {batch}", f"tokens per {args.clock} second", of, ratios(of, batch), None)
    if args.json:
        kind = {
            "machine": machine(),
            "threads": THREADS,
            "n_tokens": args.n_tokens,
            "prompt_tokens": args.prompt_tokens,
        }
        rounds = {clock: {batch: speeds(of, clock) for batch, of in runs.items()} for clock in CLOCKS}
        args.json.write_text(json.dumps({**kind, "tokens_per_second": rounds}, indent=2) + "\n", encoding="utf-8")
    if args.markdown:
        args.markdown.write_text(f"{machine()}\n\n{markdown(figures, args.clock)}", encoding="utf-8")


if __name__ == "__main__":
    main()
