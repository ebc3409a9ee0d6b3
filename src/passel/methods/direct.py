"""Direct answering: no reasoning before the answer."""

from __future__ import annotations

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["direct"]

LINE = "Give the final answer at once. Do not write any reasoning before it."


@needs(generator="text")
def direct(problem: Problem, *, key: Key, method: Inner = single) -> Flow[Result]:
    """Asks for the answer without reasoning, and leaves the rest to the inner method.

    It is what reasoning is compared with: on tasks where reasoning does not help, it saves tokens and loses nothing.

    Source: the direct prompt of Liu et al. 2024, Mind Your Step (by Step) (2410.21333), and the standard prompting that
    Wei et al. 2022 (2201.11903) compare with.

    Args:
        method: the method that answers the changed problem.

    Cost: method = 1

    Guarantees: heuristic. A model that was trained to reason may do so all the same.

    Deviations: the wording is ours. The task's own instruction stays before it, because it gives the form of the
    answer; if that instruction asks for steps, this line, which comes last, is meant to overrule it.

    >>> from passel.core.play import play
    >>> played = play(direct(Problem("1", "2 + 2?"), key=Key()), ["4"])
    >>> print(played.asks[0].prompt[-1].content)
    2 + 2?
    Give the final answer at once. Do not write any reasoning before it.
    """
    return (yield from method(instructed(problem, LINE), key=key))
