"""First Finish Search: of n samples at once, the first that finishes."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, race
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.votes import majority

__all__ = ["first_finish"]


@needs(generator="text")
def first_finish(
    problem: Problem, *, key: Key, n: Annotated[int, Log(1, 256)] = 4, m: Annotated[int, Log(1, 64)] = 1
) -> Flow[Result]:
    """Runs n samples at once, stops all of them when the first finishes, and returns that sample.

    It rests on the observation that a reasoning model's right traces tend to be shorter. With m > 1 it waits for m
    finished samples and takes their majority answer, ties to the shorter sample (short-m@k).

    Source: Agarwal et al. 2025, First Finish Search (2505.18149), algorithm 1; m > 1: Hassid et al. 2025, Don't
    Overthink it (2505.17813), section 4.

    Symbols: n -> n; the trace that ends first -> the winner of the race.

    Args:
        n: samples at once; the paper uses 4.
        m: finished samples that decide; the paper's method is m = 1.

    Cost: generate = n

    Guarantees: heuristic. Where right and wrong lengths are normal with means mu1 < mu2 and equal spreads, accuracy
    rises with n; where wrong answers have the wider lower tail it falls, in the limit to 0. Models that do not reason
    at length need not meet the premise: check the correlation of length and correctness on recorded samples first.

    Deviations: the paper's winner is the first by the clock. So it is here with a real endpoint (`passel ask`, `run`);
    in a comparison, where other methods share the samples, it is the sample with the fewest tokens, as if all were
    decoded in step, and the losers are charged up to its length. A truncated sample does not count as finished. When
    the budget allows only some of the n samples, these race.

    >>> from passel.core.play import play
    >>> play(first_finish(Problem("1", "2 + 2?"), key=Key(), n=1), ["4"]).value.answer.text
    '4'
    """
    replies = yield from race(problem.prompt, key=key, n=n, k=m)
    candidates = [candidate(problem, reply) for reply in replies]
    finished = [index for index, reply in enumerate(replies) if reply.ok]
    finished.sort(key=lambda index: (replies[index].usage.completion_tokens, index))
    shortest = [candidates[index] for index in finished[:m]]
    chosen = majority(shortest) or next(iter(shortest), None)
    lengths = [replies[index].usage.completion_tokens for index in finished]
    return Result.of(chosen, candidates, whole=len(replies) == n, info={"finished": finished, "tokens": lengths})
