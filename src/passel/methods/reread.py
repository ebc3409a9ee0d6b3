"""Re-reading: the prompt repeats the question."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["reread"]

CUE = "Read the question again:"


@needs(generator="text")
def reread(
    problem: Problem, *, key: Key, method: Inner = single, times: Annotated[int, Linear(1, 4)] = 2
) -> Flow[Result]:
    """Repeats the question behind a cue, and leaves the rest to the inner method.

    A decoder reads left to right. On the second reading every word of the question has seen all of it.

    Source: Xu et al. 2023, Re-Reading Improves Reasoning in Large Language Models (2309.06275); the form of the prompt
    after its public code.

    Symbols: read_times -> times.

    Args:
        method: the method that answers the changed problem.
        times: readings in all; 2 is best in the paper, 3 and more decline. 1 is the problem as it is.

    Cost: method = 1

    Guarantees: heuristic. The question's tokens are paid for `times` times.

    Deviations: the task's instruction takes the place of the paper's "A:" and method phrase. Prompts that quote the
    question elsewhere, such as a verifier's, quote it once, so a number that they hide is not in a second copy.

    >>> from passel.core.play import play
    >>> print(play(reread(Problem("1", "2 + 2?"), key=Key()), ["4"]).asks[0].prompt[-1].content)
    2 + 2?
    Read the question again: 2 + 2?
    """
    again = "\n".join([f"{CUE} {problem.question}"] * (times - 1))
    return (yield from method(instructed(problem, again, before=True), key=key))
