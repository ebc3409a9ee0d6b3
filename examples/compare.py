"""Methods against each other on a file of one's own.

python examples/compare.py [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import passel

MODEL = sys.argv[1] if len(sys.argv) > 1 else "toy"
FILE = Path(__file__).parent / "sums.csv"

found = passel.compare(
    model=MODEL,
    task=f"{FILE}:question=prompt:answer=gold",
    methods=["single", "vote:n=4", "vote:n=16"],
    seed=1,
)
for row in found.methods:
    accuracy = row.accuracy
    print(
        f"{row.name:10} accuracy {accuracy.value:.2f} [{accuracy.low:.2f}, {accuracy.high:.2f}]"
        f"   {row.mean_cost['passes']:4.1f} passes, {row.mean_cost['tokens']:6.1f} tokens a problem"
    )

passes = len(found.problems)
print(f"\nMade {found.paid.passes / passes:.1f} passes a problem; the methods alone: {found.alone.passes / passes:.1f}")

for curve in found.curves:
    points = ", ".join(f"{k}: {value:.2f}" for k, value in zip(curve.k, curve.value, strict=True) if k in (1, 4, 16))
    print(f"{curve.name} at k ({curve.how})  {points}")
