"""A method in one file: ask again for as long as there is no answer, then ask the model to check itself.

python examples/own_method.py [MODEL]
passel ask "What is 17 + 25?" --model toy --method examples/own_method.py:second_look
"""

from __future__ import annotations

import sys

import passel
from passel.core.ask import Message
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.result import Result, candidate


@needs(generator="text")
def second_look(problem: passel.Problem, *, key: Key, tries: int = 3) -> Flow[Result]:
    """Shows the model its own answer once and takes the second one, if there is one.

    Source: ours, as an example.

    Cost: generate <= tries + 1
    """
    first = None
    for index in range(tries):
        (reply,) = yield from sample(problem.prompt, key=key, first=index)
        first = candidate(problem, reply)
        if first.answer is not None:
            break
    assert first is not None, "tries is at least 1"
    turns = (
        *problem.prompt,
        Message("assistant", first.text),
        Message("user", f"Check your answer. Then answer again: {problem.question}"),
    )
    (reply,) = yield from sample(turns, key=key / "second", label="second look")
    second = candidate(problem, reply)
    chosen = second if second.answer is not None else first
    return Result(chosen.answer, chosen.text, candidates=(first, second))


if __name__ == "__main__":
    model = sys.argv[1] if len(sys.argv) > 1 else "toy"
    own = f"{__file__}:second_look"
    solution = passel.solve("What is 17 + 25?", model=model, method=own)
    print(f"{solution.answer} after {solution.cost.passes} passes")

    found = passel.compare(model=model, task="held_out", methods=["single", own], limit=6)
    for row in found.methods:
        print(f"{row.name.rpartition(':')[2]:12} {row.mean_cost['passes']:.1f} passes a problem")
