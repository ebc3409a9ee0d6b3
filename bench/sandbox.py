"""Test runs of HumanEval's size a second in the sandbox, next to bare subprocesses without one.

    PASSEL_DATA=FOLDER python bench/sandbox.py [--json FILE]

Each run is a HumanEval problem with its canonical solution and its tests, all 164 of them a round, as many at a time as
there are processors. The peer is `subprocess.run([python, "-I", "-c", code])`, which confines nothing; it starts a
process for each run, as the sandbox does. Every run must pass, on both sides.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from parts.figures import arguments, interleave, ratio, show

from passel.sandbox import Execution, Limits, NoSandbox, Sandbox
from passel.sandbox.backends import BACKENDS

LIMITS = Limits(seconds=30.0, cpu_seconds=30.0)
BARE = "bare subprocess, no sandbox"


def problems() -> list[str]:
    """Programs that run to their end if the canonical solution passes its tests."""
    folder = os.environ.get("PASSEL_DATA")
    if not folder:
        raise SystemExit("bench/sandbox.py needs PASSEL_DATA, the folder that holds humaneval/HumanEval.jsonl.gz")
    with gzip.open(Path(folder) / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [f"{row['prompt']}{row['canonical_solution']}\n{row['test']}\ncheck({row['entry_point']})\n" for row in rows]


def per_second(run: Callable[[str], bool], codes: list[str], workers: int) -> float:
    """Runs a second, over all of them."""
    with ThreadPoolExecutor(workers) as threads:
        start = time.perf_counter()
        passed = list(threads.map(run, codes))
        seconds = time.perf_counter() - start
    if not all(passed):
        raise SystemExit(f"{passed.count(False)} of {len(codes)} did not pass")
    return len(codes) / seconds


def confined(sandbox: Sandbox, code: str) -> bool:
    ran: Execution = sandbox.run(code)
    return ran.status == "ok"


def bare(code: str) -> bool:
    return subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, timeout=30.0).returncode == 0


def main() -> None:
    args = arguments(__doc__).parse_args()
    codes, workers = problems(), len(os.sched_getaffinity(0))
    sandboxes: dict[str, Sandbox] = {}
    for backend in BACKENDS:
        try:
            sandboxes[f"sandbox, {backend}"] = Sandbox(max_workers=workers, limits=LIMITS, backend=backend)
        except NoSandbox as refused:
            print(refused)
    if not sandboxes:
        raise SystemExit(1)
    runs = {name: partial(per_second, partial(confined, one), codes, workers) for name, one in sandboxes.items()}
    figures = interleave({**runs, BARE: partial(per_second, bare, codes, workers)}, args.repeats)
    ratios = {f"{name} / {BARE}": (ratio(figures, name, BARE), None) for name in sandboxes}
    ratios |= {f"{name} / 20 a second": ([figure / 20 for figure in figures[name]], 1.0) for name in sandboxes}
    show("HumanEval, canonical solutions with their tests", "runs/s", figures, ratios, args.json, problems=len(codes))
    print(f"all {len(codes)} passed in every round, {workers} at a time")
    for sandbox in sandboxes.values():
        sandbox.close()


if __name__ == "__main__":
    main()
