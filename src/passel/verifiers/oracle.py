"""The task's own scoring as a verifier: what no real verifier can be better than."""

from __future__ import annotations

from passel.core.flow import Flow, call
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["oracle"]


@needs(tool="check")
def oracle(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """What the answer is worth, by the task itself.

    Where the task decides by its gold answer, a method with this verifier knows what is right, and is marked so in
    tables: best of n is coverage then, and difficulty is the pass rate.

    Source: the oracle of Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314), for difficulty, and
    of Brown et al. 2024, Large Language Monkeys (2407.21787), for coverage.

    Returns: verdict; the score of the answer in [0, 1]; None if the text holds none, or it could not be scored.

    Cost: call <= 1

    Guarantees: exact.

    Deviations: none.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> play(oracle(Problem("1", "2 + 2?"), "4", key=Key()), [Reply(value=1.0)]).value
    1.0
    """
    answer = problem.read(text)
    if answer is None:
        return None
    reply = yield from call("check", text=answer.text, key=answer.key)
    return None if not reply.ok or reply.value is None else float(reply.value)
