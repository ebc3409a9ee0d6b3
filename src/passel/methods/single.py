"""A single sample: the baseline of every other method."""

from __future__ import annotations

from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result, candidate

__all__ = ["single"]


@needs(generator="text")
def single(problem: Problem, *, key: Key) -> Flow[Result]:
    """A single sample, and its answer.

    It uses the generator's sampling parameters, and it is the same sample 0 that the other methods begin with, so a
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
    only = candidate(problem, reply)
    return Result.of(only, [only])
