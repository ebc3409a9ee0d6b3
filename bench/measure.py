"""Seconds and peak memory of the curves of a big pool: pass@k, vote@k and best@k for all k.

    python bench/measure.py [--problems 1000] [--samples 1000] [--json FILE]

Realistic pools: a problem's chance of the right answer is beta-distributed, wrong answers follow a Dirichlet, one
sample in fifty has no answer, and the verifier's score is the truth plus noise. Each repeat is a process of its own;
its peak is that of the whole process, with what imports and data alone take in it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import defaultdict
from time import perf_counter
from typing import Any

import numpy as np
from parts.figures import arguments, show

from passel.core.key import Key
from passel.estimators.chance import generator
from passel.estimators.coverage import pass_at_k
from passel.estimators.selection import best_at_k, shortest_at_k, vote_at_k, weighted_vote_at_k

WANTED, MOST_SECONDS, MOST_GIB = ("pass@k", "vote@k", "best@k"), 10.0, 2.0


def pools(problems: int, samples: int, kinds: int) -> tuple[Any, Any, Any, Any]:
    """Answers (0 is right, -1 none), values, verifier scores and tokens, each [problems, samples]."""
    rng = generator(Key(0) / "bench")
    right = rng.beta(0.5, 1.0, (problems, 1))
    shares = np.hstack([right, (1 - right) * rng.dirichlet(np.full(kinds - 1, 0.5), problems)])
    edges = np.cumsum(shares, axis=1)
    draws = rng.random((problems, samples))
    answers = np.stack([np.searchsorted(e, d).clip(max=kinds - 1) for e, d in zip(edges, draws, strict=True)])
    answers[rng.random(answers.shape) < 0.02] = -1
    values = (answers == 0).astype(float)
    scores = 1 / (1 + np.exp(-(1.5 * values - 0.75 + rng.normal(size=values.shape))))
    return answers, values, scores, rng.lognormal(5, 0.5, values.shape).round()


def peak() -> float:
    """Peak resident memory of this process, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def measure(problems: int, samples: int, kinds: int, draws: int) -> dict[str, float]:
    """Seconds by curve, and the peak after the wanted ones."""
    answers, values, scores, tokens = pools(problems, samples, kinds)
    key, drawn = Key(1), np.full(problems, samples)
    found = {"data, GiB": peak()}
    parts = {
        "pass@k": lambda: pass_at_k((values == 1).sum(axis=1), drawn),
        "best@k": lambda: best_at_k(values, scores).value,
        "vote@k": lambda: vote_at_k(answers, values, key, permutations=draws).value,
        "shortest@k": lambda: shortest_at_k(values, tokens).value,
        "weighted vote@k": lambda: weighted_vote_at_k(answers, values, scores, key, permutations=draws).value,
    }
    for name, part in parts.items():
        start = perf_counter()
        curve = part()
        found[name] = perf_counter() - start
        assert curve.shape == (problems, samples), name
        if name == "vote@k":
            found["peak, GiB"] = peak()
    return found


def main() -> None:
    parser = arguments(__doc__)
    for name, default in (("problems", 1000), ("samples", 1000), ("kinds", 20), ("draws", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--once", action="store_true", help="this process alone, as JSON")
    args = parser.parse_args()
    sizes = {name: getattr(args, name) for name in ("problems", "samples", "kinds", "draws")}
    if args.once:
        print(json.dumps(measure(**sizes)))
        return
    figures: dict[str, list[float]] = defaultdict(list)
    command = [sys.executable, __file__, "--once", *(f"--{name}={size}" for name, size in sizes.items())]
    for _ in range(args.repeats):
        for name, value in json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout).items():
            figures[name].append(value)
    seconds = [sum(values) for values in zip(*(figures[name] for name in WANTED), strict=True)]
    figures[" + ".join(WANTED)] = seconds
    ratios = {
        f"{MOST_SECONDS:g} s / seconds": ([MOST_SECONDS / value for value in seconds], 1.0),
        f"{MOST_GIB:g} GiB / peak": ([MOST_GIB / value for value in figures["peak, GiB"]], 1.0),
    }
    show(f"curves of {args.problems} x {args.samples} samples", "seconds", figures, ratios, args.json, **sizes)


if __name__ == "__main__":
    main()
