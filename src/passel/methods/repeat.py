"""Repeated sampling until an automatic verifier accepts."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, affordable, call, sample_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.votes import majority

__all__ = ["repeat"]


@needs(generator="text", tool="check")
def repeat(
    problem: Problem, *, key: Key, n: Annotated[int, Log(1, 10_000)] = 16, batch: Annotated[int, Log(1, 256)] = 1
) -> Flow[Result]:
    """The first of at most n samples that the task's automatic verifier accepts.

    The verifier is the tool `check`: unit tests, a proof checker, a puzzle's rules. Where it decides by the gold
    answer, as for most benchmarks, the accuracy of this method is coverage (pass@n): how often one of n samples is
    right, an upper bound for every method that selects among them, and the report says so.

    Source: Brown et al. 2024, Large Language Monkeys (2407.21787), section 2; coverage: Chen et al. 2021 (2107.03374).

    Symbols: k -> n.

    Args:
        n: samples at most. The paper goes to 10,000; 16 is our default.
        batch: samples requested at once. 1 pays for no sample after the first right one, larger is faster.

    Cost: generate <= n, call <= n

    Guarantees: exact for a perfect verifier: right if any of the n samples is right.

    Deviations: the paper samples all n and reports coverage; here sampling stops at the first that passes. If none
    passes, the majority answer is returned, with info["passed"] false.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = repeat(Problem("1", "2 + 2?"), key=Key(), n=4)
    >>> play(flow, ["5", Reply(value=False), "4", Reply(value=True)]).value.answer.text
    '4'
    """
    candidates: list[Candidate] = []
    while len(candidates) < n:
        size = min(batch, n - len(candidates))
        replies = yield from affordable(sample_within(problem.prompt, key=key, n=size, first=len(candidates)))
        new = [candidate(problem, reply) for reply in replies or []]
        candidates += new
        verdicts = (yield from affordable(together([_check(one) for one in new]))) if new else None
        if verdicts is None:
            return Result.of(majority(candidates), candidates, whole=False, info={"passed": False})
        for one, passed in zip(new, verdicts, strict=True):
            if passed:
                return Result.of(one, candidates, info={"passed": True})
    return Result.of(majority(candidates), candidates, info={"passed": False})


def _check(sample: Candidate) -> Flow[bool]:
    if sample.answer is None:
        return False
    reply = yield from call("check", text=sample.answer.text, key=sample.answer.key)
    return reply.ok and reply.value == 1.0
