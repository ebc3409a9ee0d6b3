"""Whether the embedded model is through Passel as good as its card says.

    python bench/quality.py [--limit 60] [--json FILE]

pass@1, vote@16 and coverage@16 with their intervals, on the first problems of both held-out sets, by `passel.compare`.
Some six minutes on two cores.
"""

from __future__ import annotations

import json
import time
from typing import Any

from parts.figures import arguments, machine

import passel
from passel.measure.comparison import Comparison

MODEL, N = "passel-reasoner-135m", 16
SETS = ("multiarith", "svamp")


def figures_of(found: Comparison) -> dict[str, tuple[float, float, float]]:
    """pass@1, coverage@N and vote@N as (value, low, high), from the curves; the method's own accuracy beside them."""
    figures: dict[str, tuple[float, float, float]] = {}
    for curve in found.curves:
        for k in (1, N) if curve.name == "coverage" else (N,):
            if k in curve.k:
                at = curve.k.index(k)
                name = "pass@1" if k == 1 else f"{curve.name}@{k}"
                figures[name] = (curve.value[at], curve.low[at], curve.high[at])
    for row in found.methods:
        accuracy = row.accuracy
        if accuracy.value is not None and accuracy.low is not None and accuracy.high is not None:
            figures[f"method {row.name}"] = (accuracy.value, accuracy.low, accuracy.high)
    return figures


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    report: dict[str, Any] = {"model": MODEL, "machine": machine(), "limit": args.limit, "n": N, "sets": {}}
    print(f"{MODEL}: {args.limit} problems of each set, {N} samples ({machine()})")
    print(f"{'':12}{'':16}{'value':>8}{'low':>8}{'high':>8}")
    for name in SETS:
        begun = time.perf_counter()
        task = f"held_out:set={name}"
        methods = ("single", "vote")
        found = passel.compare(model=MODEL, task=task, methods=methods, n=N, limit=args.limit, seed=args.seed)
        seconds = time.perf_counter() - begun
        figures = figures_of(found)
        for what, values in figures.items():
            print(f"{name:12}{what:16}" + "".join(f"{value:8.3f}" for value in values))
        print(f"{name:12}{found.paid.completion_tokens:,} tokens in {seconds:.0f} s")
        report["sets"][name] = {
            "figures": figures,
            "tokens": found.paid.completion_tokens,
            "seconds": round(seconds, 1),
        }
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
