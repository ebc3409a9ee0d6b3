"""Seconds and peak memory of the curves of a big pool.

    python bench/measure.py [--problems 1000] [--samples 1000] [--kinds 20] [--draws 200]

Realistic pools: a problem's chance of the right answer is beta-distributed, wrong answers follow a Dirichlet, one
sample in fifty has no answer, and the verifier's score is the truth plus noise. The peak is that of the whole process;
what imports and data alone take is printed too. Figure to reach: pass@k, vote@k and best@k of 1,000 x 1,000 in under
10 s and under 2 GiB.
"""

from __future__ import annotations

import argparse
import resource
import sys
from time import perf_counter

import numpy as np

from passel.core.key import Key
from passel.measure.chance import generator
from passel.measure.coverage import pass_at_k
from passel.measure.intervals import curve_interval
from passel.measure.selection import best_at_k, shortest_at_k, vote_at_k, weighted_vote_at_k


def pools(problems: int, samples: int, kinds: int):
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
    """Peak resident memory, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("problems", 1000), ("samples", 1000), ("kinds", 20), ("draws", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    answers, values, scores, tokens = pools(args.problems, args.samples, args.kinds)
    key, drawn = Key(1), np.full(args.problems, args.samples)
    print(f"data: peak {peak():.0f} MiB")
    parts = {
        "pass@k": lambda: pass_at_k((values == 1).sum(axis=1), drawn),
        "best@k": lambda: best_at_k(values, scores).value,
        "vote@k": lambda: vote_at_k(answers, values, key, draws=args.draws).value,
        "shortest@k": lambda: shortest_at_k(values, tokens).value,
        "weighted vote@k": lambda: weighted_vote_at_k(answers, values, scores, key, draws=args.draws).value,
    }
    total, curve = 0.0, values
    for name, part in parts.items():
        start = perf_counter()
        curve = part()
        seconds = perf_counter() - start
        total += seconds
        ends = "{:.3f} -> {:.3f}".format(*curve.mean(axis=0)[[0, -1]])
        print(f"{name:16} {seconds:6.2f} s   sum {total:6.2f} s   peak {peak():5.0f} MiB   {ends}")
    start = perf_counter()
    curve_interval(curve, key)
    print(f"{'its interval':16} {perf_counter() - start:6.2f} s   peak {peak():5.0f} MiB")


if __name__ == "__main__":
    main()
