"""What searches cost where the verifier is as good as it is told to be: planted trees, no model.

    python bench/search_shapes.py [--problems 300] [--target 0.5] [--json FILE]

First: generated tokens a problem to reach an accuracy, for verifiers of different correlation with the truth. Each
method has a ladder of sizes; between two rungs accuracy is taken as linear in the logarithm of the tokens. Second: the
accuracy of searches of equal width where the verifier is over-confident under a wrong first step. Intervals are 95 %,
by the bootstrap over problems. Nothing is random but by seed: a run gives the same table again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import passel
from passel.core.key import Key
from passel.measure.intervals import bootstrap_weights, difference_interval, mean_interval

Array = NDArray[np.float64]
Rung = tuple[Array, Array]
"""Scores and generated tokens of each problem."""

PRM = "verifier=prm:verifier.aggregate=last"
LADDERS: dict[str, list[str]] = {
    "best_of": [f"best_of:n={n}:verifier=orm" for n in (1, 2, 4, 8, 16, 32, 64)],
    "beam": [
        f"beam:n={n}:width={width}:{PRM}" for n, width in ((1, 1), (2, 1), (4, 2), (8, 4), (16, 4), (32, 4), (64, 4))
    ],
    "step_best_of": [f"step_best_of:n={n}:{PRM}" for n in (1, 2, 4, 8, 16, 32)],
    "a_star": [f"a_star:n={n}:expansions=64:{PRM}" for n in (1, 2, 3, 4, 6, 8)],
    "particle_filter": [f"particle_filter:n={n}:{PRM}" for n in (1, 2, 4, 8, 16, 32, 64)],
}
RHOS = (1.0, 0.9, 0.7, 0.5, 0.0)
BIASES = (0.0, 1.0, 2.0, 3.0)
WIDE = {
    "step_best_of": f"step_best_of:n=16:{PRM}",
    "beam": f"beam:n=16:width=4:{PRM}",
    "particle_filter": f"particle_filter:n=16:{PRM}",
    "particle_gibbs": f"particle_gibbs:n=8:iterations=2:{PRM}",
    "a_star": f"a_star:n=4:{PRM}",
    "best_of": "best_of:n=16:verifier=orm",
}


def measured(methods: Sequence[str], model: str, task: str, problems: int) -> dict[str, Rung]:
    """Scores and tokens of each method, in one order of problems."""
    found = passel.compare(model=model, task=task, methods=methods, limit=problems)
    rows = found.problems
    return {
        name: (
            np.array([row.trials[name].score for row in rows], dtype=float),
            np.array([row.trials[name].cost.completion_tokens for row in rows], dtype=float),
        )
        for name in methods
    }


def tokens_to_reach(target: float, accuracies: Sequence[float], tokens: Sequence[float]) -> float | None:
    """Tokens at which a ladder first comes to an accuracy; None if it never does.

    Args:
        accuracies, tokens: of the rungs, tokens ascending.
    """
    for place, accuracy in enumerate(accuracies):
        if accuracy >= target:
            if place == 0:
                return float(tokens[0])
            low, high = accuracies[place - 1], accuracy
            share = (target - low) / (high - low)
            return float(tokens[place - 1] ** (1 - share) * tokens[place] ** share)
    return None


def reach(target: float, rungs: Sequence[Rung], key: Key, draws: int = 1000) -> dict[str, float | None]:
    """Tokens to reach an accuracy with their interval; an end that is not reached in the resample is None."""
    scores, tokens = (np.stack([rung[i] for rung in rungs], axis=1) for i in (0, 1))
    weights = bootstrap_weights(len(scores), key, draws)
    found = [
        tokens_to_reach(target, a.tolist(), t.tolist()) for a, t in zip(weights @ scores, weights @ tokens, strict=True)
    ]
    ends = np.quantile([np.inf if one is None else one for one in found], [0.025, 0.975], method="nearest")
    low, high = (float(end) if np.isfinite(end) else None for end in ends)
    return {
        "value": tokens_to_reach(target, scores.mean(axis=0).tolist(), tokens.mean(axis=0).tolist()),
        "low": low,
        "high": high,
    }


def shapes(args: argparse.Namespace, ladders: Mapping[str, Sequence[str]] = LADDERS) -> list[dict[str, Any]]:
    """A row for each correlation and method."""
    task = f"planted:depth={args.depth}:branching={args.branching}"
    every = [spec for ladder in ladders.values() for spec in ladder]
    rows: list[dict[str, Any]] = []
    for rho in args.rhos:
        found = measured(every, f"planted:rho={rho}:chance={args.chance}", task, args.problems)
        for name, ladder in ladders.items():
            rungs = [found[spec] for spec in ladder]
            rows.append(
                {
                    "rho": rho,
                    "method": name,
                    "tokens": reach(args.target, rungs, Key(0) / "bench"),
                    "rungs": [[float(scores.mean()), float(tokens.mean())] for scores, tokens in rungs],
                }
            )
    return rows


def biased(args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each bias and method: accuracy, and its paired difference to the greedy beam's."""
    task = f"planted:depth={args.depth}:branching={args.branching}"
    rows: list[dict[str, Any]] = []
    for bias in BIASES:
        model = f"planted:rho=0.9:chance={args.chance}:bias={bias}:trap={args.trap}"
        found = measured(list(WIDE.values()), model, task, args.problems)
        greedy = found[WIDE["step_best_of"]][0]
        for name, spec in WIDE.items():
            scores, tokens = found[spec]
            rows.append(
                {
                    "bias": bias,
                    "method": name,
                    "tokens": float(tokens.mean()),
                    "accuracy": mean_interval(scores, Key(0) / "bench"),
                    "difference": difference_interval(scores, greedy, Key(0) / "bench"),
                }
            )
    return rows


def show(args: argparse.Namespace, first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]]) -> None:
    """Both tables."""
    print(f"generated tokens to reach an accuracy of {args.target:g}; {args.problems} trees, {args.depth} steps of")
    print(f"{args.branching} branches, chance of a right step {args.chance:g}, 10 tokens a step\n")
    print(f"{'rho':>4}  {'method':16}  {'tokens':>7}  {'95 %':>15}  accuracy at tokens")
    for row in first:
        value, low, high = (f"{v:,.0f}" if v is not None else "never" for v in row["tokens"].values())
        rungs = "  ".join(f"{accuracy:.2f}@{tokens:,.0f}" for accuracy, tokens in row["rungs"])
        print(f"{row['rho']:4g}  {row['method']:16}  {value:>7}  {f'{low} to {high}':>15}  {rungs}")
    print(f"\naccuracy where the verifier (rho 0.9) is over-confident for {args.trap} steps under a wrong first step\n")
    print(f"{'bias':>4}  {'method':16}  {'tokens':>7}  {'accuracy':>20}  {'less step_best_of':>22}")
    for row in second:
        accuracy, gap = (
            f"{row[of][0]:.2f} ({row[of][1]:.2f} to {row[of][2]:.2f})" for of in ("accuracy", "difference")
        )
        print(f"{row['bias']:4g}  {row['method']:16}  {row['tokens']:>7,.0f}  {accuracy:>20}  {gap:>22}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--target", type=float, default=0.5)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--branching", type=int, default=4)
    parser.add_argument("--chance", type=float, default=0.6)
    parser.add_argument("--trap", type=int, default=3)
    parser.add_argument("--rhos", type=float, nargs="+", default=RHOS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    first, second = shapes(args), biased(args)
    show(args, first, second)
    if args.json is not None:
        settings = {name: value for name, value in vars(args).items() if name != "json"}
        args.json.write_text(json.dumps({**settings, "reach": first, "bias": second}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
