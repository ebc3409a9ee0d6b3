"""One sample: what every other method is compared with."""

from __future__ import annotations

from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result, candidate

__all__ = ["single"]


@needs(generator="text")
def single(problem: Problem, *, key: Key) -> Flow[Result]:
    """One sample, its answer taken as it is.

    It draws at the generator's sampling parameters (the same draw 0 that the other methods begin with), so that a
    comparison with it is paired. For greedy decoding set the generator's temperature to 0.

    Source: chain-of-thought prompting with a single decoded path is the baseline of Wei et al. 2022 (2201.11903).

    Cost: generate = 1

    Guarantees: exact: its answer has the model's own distribution.

    Deviations: none.

    >>> from passel.core.play import play
    >>> play(single(Problem("1", "2 + 2?"), key=Key()), ["4"]).value.answer.text
    '4'
    """
    (reply,) = yield from sample(problem.prompt, key=key)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, candidates=(one,))
