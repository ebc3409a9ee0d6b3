"""Budget forcing: a model that stops too early has to continue, and a model that thinks too long has to answer."""

from __future__ import annotations

from typing import Annotated

from passel.core.ask import Sampling
from passel.core.flow import Flow, affordable, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result
from passel.methods.parts.votes import last_answered

__all__ = ["budget_forcing"]


@needs(generator="text prefix")
def budget_forcing(
    problem: Problem,
    *,
    key: Key,
    waits: Annotated[int, Linear(0, 8)] = 1,
    thinking: Annotated[int | None, Log(1, 32_768)] = None,
    word: str = "Wait",
    end: str = "",
    final: str = "The answer is",
) -> Flow[Result]:
    """Lengthens the model's thinking with a word that makes it continue, and ends it where it takes too long.

    Each time the model ends its thinking, "Wait" is written in place of the end and the model continues from there,
    `waits` times. When all tokens for thinking are spent, or the thought ended without an answer, the words that
    introduce an answer are written behind it and the model completes them.

    Source: Muennighoff et al. 2025, s1: Simple test-time scaling (2501.19393), section 3.1, and the inference example
    of its public code.

    Symbols: NUM_IGNORE of the code -> waits; MAX_TOKENS_THINKING -> thinking.

    Args:
        waits: how often an end is not accepted; 1 in the code's example, 0 only shortens.
        thinking: completion tokens of all thinking (32,000 in the code); none: each piece has the generator's own
            max_tokens.
        word: written in place of the end; the paper's best.
        end: the text by which the model ends its thinking, such as </think>; it is written before the answer is
            forced. "": thinking ends where the reply does, and a reply that states an answer needs no forcing.
        final: the words that force the answer.

    Cost: generate <= waits + 2

    Guarantees: heuristic. With `thinking`, the thinking takes no more than that many tokens, and an answer follows.

    Deviations: "The answer is" in place of "Final Answer:", because the tasks ask for it and read it. Without `end`
    the answer is part of the thought and is forced only if it is missing: the paper's models separate the two by a
    delimiter. When the budget ends during a piece, or a piece fails, the last answer before it is taken.

    >>> from passel.core.play import play
    >>> flow = budget_forcing(Problem("1", "2 + 2?"), key=Key())
    >>> print(play(flow, ["The answer is 5.", ", 2+2=4. The answer is 4."]).value.text)
    The answer is 5.
    Wait, 2+2=4. The answer is 4.
    """
    stages: list[Candidate] = []
    tokens, whole = 0, True
    for _ in range(waits + 1):
        left = None if thinking is None else thinking - tokens
        if left is not None and left < 1:
            break
        prefix = f"{stages[-1].text.rstrip()}\n{word}" if stages else ""
        limits = Sampling(max_tokens=left, stop=(end,) if end else None)
        thought = sample(problem.prompt, key=key, prefix=prefix, sampling=limits, label="think")
        replies = yield from affordable(thought, or_raise=not stages)
        whole = replies is not None
        if replies is None:
            break
        tokens += replies[0].usage.completion_tokens
        stages.append(_stage(problem, replies[0], prefix, tokens))
        if not replies[0].ok:
            break
    if whole and _wants_answer(stages, end):
        prefix = "\n".join(part for part in (stages[-1].text.rstrip(), end, final) if part)
        replies = yield from affordable(sample(problem.prompt, key=key, prefix=prefix, label="force"))
        whole = replies is not None
        for reply in replies or []:
            stages.append(_stage(problem, reply, prefix, tokens + reply.usage.completion_tokens))
    return Result.of(last_answered(stages), stages, whole=whole, info={"thought": tokens})


def _stage(problem: Problem, reply: Reply, prefix: str, tokens: int) -> Candidate:
    """The whole text after a piece, as a candidate."""
    text = prefix + reply.text
    return Candidate(text, problem.read(text) if reply.ok else None, stop=reply.stop, tokens=tokens)


def _wants_answer(stages: list[Candidate], end: str) -> bool:
    last = stages[-1]
    return last.stop == "length" or (last.stop == "end" and (bool(end) or last.answer is None))
