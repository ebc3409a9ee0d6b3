"""One question, three methods.

python examples/solve.py                        # the toy model: nothing is downloaded
python examples/solve.py passel-reasoner-135m   # or any other model spec
"""

from __future__ import annotations

import sys

import passel

MODEL = sys.argv[1] if len(sys.argv) > 1 else "toy"
QUESTION = "What is 17 + 25?"

print(QUESTION)
for method in ("single", "vote:n=8", "best_of:n=8:verifier=self_evaluation"):
    solution = passel.solve(QUESTION, model=MODEL, method=method, seed=1)
    cost = solution.cost
    print(f"{method:40} {solution.answer!s:>6}   {cost.passes:2} passes, {cost.tokens} tokens")

voted = passel.solve(QUESTION, model=MODEL, method="vote", n=8, seed=1)
print(f"\nThe vote: {dict(voted.result.info['votes'])}, confidence {voted.result.confidence}")
for one in voted.result.candidates[:3]:
    print(f"  {one.answer.text if one.answer else 'no answer'}: {one.text!r}")
