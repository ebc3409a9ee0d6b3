"""A budget that holds, and a run that goes on where it stopped.

python examples/budget.py [MODEL]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import passel
from passel.core.driver import Record

MODEL = sys.argv[1] if len(sys.argv) > 1 else "toy"
FILE = Path(__file__).parent / "sums.csv"
TASK = f"{FILE}:question=prompt:answer=gold"


def run(folder: str, passes: int | None) -> None:
    """Compares within a budget and says what was made; replies in the folder's record count and are not made again."""
    found = passel.compare(
        model=MODEL, task=TASK, methods="single,vote", n=8, limit=6, budget=passel.Budget(passes=passes), out=folder
    )
    record = Record(Path(folder) / "record.sqlite", read_only=True)
    stopped = sum(row.stopped for row in found.methods)
    limit = "no limit" if passes is None else f"at most {passes} passes"
    print(f"{limit}: {found.paid.passes} used, {len(record)} replies kept, {stopped} trials ended by the budget")
    record.close()


# One question: the method does with what there is.
solution = passel.solve("What is 17 + 25?", model=MODEL, method="vote", n=16, budget=passel.Budget(passes=5))
print(f"{solution.answer} after {solution.cost.passes} passes; stopped by: {solution.result.stop}")

# A comparison: stopped by its budget, then gone on with a larger one.
with tempfile.TemporaryDirectory() as folder:
    run(folder, passes=20)
    run(folder, passes=None)

    again = passel.Run.open(folder)  # the plan and the record: enough to compute everything again without a model
    print(f"The run in the folder: {', '.join(again.plan.methods)} on {again.plan.model}")
