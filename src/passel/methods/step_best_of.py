"""Best-of-n at every step: the greedy beam."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.beam import beam
from passel.methods.parts.paths import StepUnit
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["step_best_of"]


@needs(generator="text prefix")
def step_best_of(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 4,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    step: StepUnit = "paragraph",
) -> Flow[Result]:
    """Samples n next steps, keeps the step that the verifier scores highest, and continues only that.

    Source: Liu et al. 2025, Bag of Tricks for Inference-time Computation (2502.07191), greedy step search.

    Args:
        n: steps sampled in a round; 4 is ours.
        depth: steps at most, the last of which goes to the solution's end; ours.
        verifier: scores a solution as far as it goes.
        step: what a step is: a paragraph, or a line for models that write one step per line.

    Cost: generate <= n * depth, verifier <= n * depth

    Guarantees: heuristic. A step that was taken is never taken back.

    Deviations: none. It is beam search with a beam of one solution, and is written so.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = step_best_of(Problem("1", "2 + 2?"), key=Key(), n=2, verifier=arithmetic)
    >>> play(flow, [Reply(text="2+2=5", stop_text=""), Reply(text="2+2=4", stop_text="")]).value.text
    '2+2=4'
    """
    return (yield from beam(problem, key=key, n=n, width=n, depth=depth, verifier=verifier, step=step))
