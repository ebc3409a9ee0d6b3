"""Hogwild: workers of one model share the work and read each other's text while it is written."""

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
    """A text that several workers of the model write at the same time, and the answer that it ends with.

    The prompt asks the workers to share the work. Each sees, one pass later, the others' tokens through the engine's
    cache; in the end the model has to answer after all that was written. It is the decoder `shared_cache` with its own
    prompt.

    Source: Rodionov et al. 2025 (2504.06261), section 3.2 for the prompt's content.

    Symbols: none.

    Args:
        problem: the problem.
        key: decides the sample.
        workers: workers that write at once; 2 in the paper's examples.
        layout: how their texts are arranged in the cache; see the decoder.
        answer: tokens of the final answer at most.

    Cost: generate = 1

    Guarantees: heuristic.

    Deviations: the rules are in our own words. The worked examples of the paper's prompt are left out: small models
    copy them.

    >>> from passel.core.play import play
    >>> play(hogwild(Problem("1", "2 + 2?"), key=Key()), ["4"]).value.answer.text
    '4'
    """
    sampling = Sampling(decoder=f"shared_cache:workers={workers}:layout={layout}:answer={answer}")
    (reply,) = yield from sample(_with_rules(problem.prompt, workers), key=key, sampling=sampling)
    only = candidate(problem, reply)
    return Result.of(only, [only])


def _with_rules(prompt: Prompt, workers: int) -> Prompt:
    """The prompt with the workers' rules: before a raw text, or in the system message of a chat."""
    names = ", ".join(_NAMES[: workers - 1]) + f" and {_NAMES[workers - 1]}"
    rules = _RULES.format(count=workers, names=names)
    if isinstance(prompt, str):
        return f"{rules}\n\n{prompt}"
    turns = prompt[1:] if prompt[0].author == "system" else prompt
    before = f"{prompt[0].content}\n\n" if prompt[0].author == "system" else ""
    return (Message("system", before + rules), *turns)
