"""What searches cost where the verifier is as good as it is told to be: planted trees, no model.

    python bench/search_shapes.py [--problems 300] [--target 0.5] [--json FILE]

First: generated tokens a problem to reach an accuracy, for verifiers of different correlation with the truth. Each
method has a ladder of sizes; between two rungs accuracy is taken as linear in the logarithm of the tokens. Second: what
equal tokens buy, on these ladders. Third: the accuracy of searches of equal width where the verifier is over-confident
under a wrong first step. Intervals are 95 %, by the bootstrap over problems. Nothing is random but by seed: a run gives
the same tables again. The simulation is that of `passel forecast`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from passel.core.driver import run_sync
from passel.core.key import Key
from passel.estimators.intervals import difference_interval, mean_interval
from passel.tuning import Assumptions, Forecast, forecast, measured
from passel.tuning.ladders import STEPS_JUDGED as PRM

METHODS = ("best_of", "beam", "step_best_of", "a_star", "a_star:cost=fall", "a_star:cost=none", "particle_filter")
RHOS = (1.0, 0.9, 0.8, 0.7, 0.5, 0.0)
BIASES = (0.0, 1.0, 2.0, 3.0)
WIDE = {
    "step_best_of": f"step_best_of:n=16:{PRM}",
    "beam": f"beam:n=16:width=4:{PRM}",
    "particle_filter": f"particle_filter:n=16:{PRM}",
    "particle_gibbs": f"particle_gibbs:n=8:iterations=2:{PRM}",
    "a_star": f"a_star:n=4:{PRM}",
    "best_of": "best_of:n=16:verifier=orm",
}


def shapes(args: argparse.Namespace) -> dict[float, Forecast]:
    """A forecast for each correlation."""
    size = {"steps": args.depth, "branches": args.branching, "chance": args.chance}
    settings = {"problems": args.problems, "target": args.target}
    return {rho: run_sync(forecast(Assumptions(**size, rho=rho), METHODS, **settings)) for rho in args.rhos}


def biased(args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each bias and method: accuracy, and its paired difference to the greedy beam's."""
    rows: list[dict[str, Any]] = []
    for bias in BIASES:
        size = {"steps": args.depth, "branches": args.branching, "chance": args.chance}
        assumed = Assumptions(**size, rho=0.9, bias=bias, trap=args.trap)
        model, task = assumed.model(), assumed.task
        found = run_sync(measured(list(WIDE.values()), model=model, task=task, problems=args.problems))
        greedy = found[WIDE["step_best_of"]].scores
        for name, spec in WIDE.items():
            one = found[spec]
            rows.append(
                {
                    "bias": bias,
                    "method": name,
                    "tokens": float(one.tokens.mean()),
                    "accuracy": mean_interval(one.scores, Key(0) / "bench"),
                    "difference": difference_interval(one.scores, greedy, Key(0) / "bench"),
                }
            )
    return rows


def show_reach(args: argparse.Namespace, found: dict[float, Forecast]) -> None:
    """Tokens to reach the accuracy, and the ladders."""
    print(f"generated tokens to reach an accuracy of {args.target:g}; {args.problems} trees, {args.depth} steps of")
    print(f"{args.branching} branches, chance of a right step {args.chance:g}, 10 tokens a step\n")
    print(f"{'rho':>4}  {'method':16}  {'tokens':>7}  {'95 %':>15}  accuracy at tokens")
    for rho, one in found.items():
        for row in one.methods:
            ends = (row.reach.value, row.reach.low, row.reach.high)
            value, low, high = (f"{v:,.0f}" if v is not None else "never" for v in ends)
            rungs = "  ".join(f"{rung.accuracy.value:.2f}@{rung.tokens:,.0f}" for rung in row.rungs)
            print(f"{rho:4g}  {row.method:16}  {value:>7}  {f'{low} to {high}':>15}  {rungs}")


def show_equal(found: dict[float, Forecast]) -> None:
    """What budgets buy."""
    budgets = next(iter(found.values())).budgets
    print("\naccuracy of the largest size that fits a budget of generated tokens\n")
    print(f"{'rho':>4}  {'method':16}  " + "  ".join(f"{budget:>18,.0f}" for budget in budgets))
    for rho, one in found.items():
        for row in one.methods:
            bought = [row.within(budget) for budget in budgets]
            cells = [
                f"{r.accuracy.value:.2f} ({r.accuracy.low:.2f} to {r.accuracy.high:.2f})" if r else "" for r in bought
            ]
            print(f"{rho:4g}  {row.method:16}  " + "  ".join(f"{cell:>18}" for cell in cells))


def show_biased(args: argparse.Namespace, rows: Sequence[dict[str, Any]]) -> None:
    """Accuracies under a bias."""
    print(f"\naccuracy where the verifier (rho 0.9) is over-confident for {args.trap} steps under a wrong first step\n")
    print(f"{'bias':>4}  {'method':16}  {'tokens':>7}  {'accuracy':>20}  {'less step_best_of':>22}")
    for row in rows:
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
    show_reach(args, first)
    show_equal(first)
    show_biased(args, second)
    if args.json is not None:
        settings = {name: value for name, value in vars(args).items() if name != "json"}
        found = {**settings, "reach": [one.to_json() for one in first.values()], "bias": second}
        args.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
