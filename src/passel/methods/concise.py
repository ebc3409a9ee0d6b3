"""Difficulty-aware prompting: as many words as the problem needs."""

from __future__ import annotations

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["concise"]

LINES = """First judge for yourself how hard this is, then write only as much as that needs:
easy: the key steps alone, one short line each;
medium: a plan in one sentence, then the steps;
hard: a plan, the steps, and a check of the result.
Leave out everything else."""


@needs(generator="text")
def concise(problem: Problem, *, key: Key, method: Inner = single) -> Flow[Result]:
    """Has the model judge the difficulty and reason at a length that fits it, in one reply.

    Source: Wu et al. 2025, Concise Reasoning, Big Gains: Pruning Long Reasoning Trace with Difficulty-Aware Prompting
    (2505.19716).

    Args:
        method: the method that answers the changed problem.

    Cost: method = 1

    Guarantees: heuristic. It shortens the reply; whether the answer stays right depends on the model.

    Deviations: in the paper a teacher rewrites finished traces in the format of their level, to fine-tune a student on
    them. Here the prompt gives the answering model the three formats, and it picks one. The paper's prompt is not in
    its public code, and its text was not read for it; the formats are those it is reported to describe, in our words.

    >>> from passel.core.play import play
    >>> play(concise(Problem("1", "2 + 2?"), key=Key()), ["4"]).value.answer.text
    '4'
    """
    return (yield from method(instructed(problem, LINES), key=key))
