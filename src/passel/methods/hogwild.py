"""Hogwild: workers of one model share the work and read each other's text as it is written."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.ask import Message, Prompt, Sampling
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate

__all__ = ["hogwild"]

_RULES = (
    "You will solve this together with {count} assistants, {names}, who write at the same time and see each other's "
    "text at once. Share the work: do not repeat what another is doing, say in a word what you will do, use what the "
    "others have found, and change plans when somebody was faster."
)
_NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi")


@needs(generator="forward")
def hogwild(
    problem: Problem,
    *,
    key: Key,
    workers: Annotated[int, Log(2, 8)] = 2,
    layout: Literal["contiguous", "interleaved", "combined"] = "combined",
    answer: Annotated[int, Log(1, 1024)] = 64,
) -> Flow[Result]:
    """One text that several workers of the model write at the same time, and the answer that it ends with.

    The workers are told to share the work. Each sees what the others have written a pass later, through the cache of
    the engine; in the end the model is made to answer after all that was written. It is the decoder `shared_cache`
    behind a prompt of its own.

    Source: Rodionov et al. 2025 (2504.06261), section 3.2 for the prompt's content.

    Symbols: none.

    Args:
        problem: the problem.
        key: decides the draw.
        workers: who write at once; 2 in the paper's examples. layout: how their texts stand to each other; see the
            decoder.
        answer: tokens of the final answer at most.

    Cost: generate = 1

    Guarantees: heuristic.

    Deviations: the rules are our own words. The worked examples of the paper's prompt are left out: small models copy
    them.

    >>> from passel.core.play import play
    >>> play(hogwild(Problem("1", "2 + 2?"), key=Key()), ["4"]).value.answer.text
    '4'
    """
    sampling = Sampling(decoder=f"shared_cache:workers={workers}:layout={layout}:answer={answer}")
    (reply,) = yield from sample(_told(problem.prompt, workers), key=key, sampling=sampling)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, candidates=(one,))


def _told(prompt: Prompt, workers: int) -> Prompt:
    """The prompt with the workers' rules: before a raw text, or as the system's word of a chat."""
    names = ", ".join(_NAMES[: workers - 1]) + f" and {_NAMES[workers - 1]}"
    rules = _RULES.format(count=workers, names=names)
    if isinstance(prompt, str):
        return f"{rules}\n\n{prompt}"
    turns = prompt[1:] if prompt[0].author == "system" else prompt
    before = f"{prompt[0].content}\n\n" if prompt[0].author == "system" else ""
    return (Message("system", before + rules), *turns)
