"""Foresee and reflect: the model predicts what may come, and what would help, before it answers."""

from __future__ import annotations

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["foresee_reflect"]

LINES = """Work in two stages before you answer.
Foresee: for each character or part of the question, say what is likely to happen next, or what will be hard.
Reflect: say which action now, or which step, would help with that, and why.
Then answer."""


@needs(generator="text")
def foresee_reflect(problem: Problem, *, key: Key, method: Inner = single) -> Flow[Result]:
    """Has the model predict what lies ahead, reflect on what would help, and then answer, all in one reply.

    It is a structure for questions where knowing what others think has to become an action, usable with any problem
    here.

    Source: Zhou et al. 2023, How FaR Are Large Language Models From Agents with Theory-of-Mind? (2310.03051).

    Args:
        method: the method that answers the changed problem.

    Cost: method = 1

    Guarantees: heuristic.

    Deviations: the paper's prompt is filled in for stories with characters; the wording here is ours and speaks of
    characters or parts, so that it fits other questions too. There is no public code to compare it with.

    >>> from passel.core.play import play
    >>> play(foresee_reflect(Problem("1", "2 + 2?"), key=Key()), ["4"]).asks[0].prompt[-1].content.count("Foresee")
    1
    """
    return (yield from method(instructed(problem, LINES), key=key))
