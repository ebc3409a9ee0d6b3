"""Zero-shot chain of thought: a line that asks for steps before the answer."""

from __future__ import annotations

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["cot"]


@needs(generator="text")
def cot(
    problem: Problem, *, key: Key, method: Inner = single, trigger: str = "Let's think step by step."
) -> Flow[Result]:
    """Asks for steps before the answer, and leaves the rest to the inner method.

    Source: Kojima et al. 2022, Large Language Models are Zero-Shot Reasoners (2205.11916).

    Args:
        method: the method that answers the changed problem.
        trigger: the line that asks for the steps; the paper's best.

    Cost: method = 1

    Guarantees: heuristic.

    Deviations: the trigger stands at the end of the user's turn, where a chat model expects it; the paper's models
    continue it. The second pass that extracts the answer from the reasoning is the task's reader.

    >>> from passel.core.play import play
    >>> play(cot(Problem("1", "2 + 2?"), key=Key()), ["2 and 2 make 4."]).asks[0].prompt[-1].content
    "2 + 2?\\nLet's think step by step."
    """
    return (yield from method(instructed(problem, trigger), key=key))
