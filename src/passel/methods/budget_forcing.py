"""Budget forcing: a model that stops too early is told to wait, one that thinks too long has to answer."""

from __future__ import annotations

from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result

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
    """Lengthens the model's thinking by a word that makes it go on, and cuts it short where it takes too long.

    Each time the model ends its thinking, "Wait" is written in place of the end and it goes on from there, `waits`
    times. When all tokens for thinking are spent, or the thought ended without an answer, the words that state an
    answer are written behind it and the model fills them in.

    Source: Muennighoff et al. 2025, s1: Simple test-time scaling (2501.19393), section 3.1, and the inference example
    of its public code.

    Symbols: NUM_IGNORE of the code -> waits; MAX_TOKENS_THINKING -> thinking.

    Args:
        waits: how often an end is not accepted; 1 in the code's example, 0 only cuts.
        thinking: completion tokens of the thinking in all (32,000 in the code); none: each piece has the generator's
            own max_tokens.
        word: what stands in place of the end; the paper's best.
        end: the text by which the model ends its thinking, such as </think>; it is written before the answer is
            forced. "": thinking ends where the reply does, and a reply that states an answer needs no forcing.
        final: what forces the answer.

    Cost: generate <= waits + 2

    Guarantees: heuristic. With `thinking`, no more than that many tokens are thought, and an answer follows.

    Deviations: "The answer is" in place of "Final Answer:", for that is what the tasks ask for and read. Without `end`
    the answer is part of the thought and is forced only where it is missing: the paper's models part the two by a
    delimiter. When the budget ends amid a piece, or a piece fails, the last answer before it stands.

    >>> from passel.core.play import play
    >>> flow = budget_forcing(Problem("1", "2 + 2?"), key=Key())
    >>> print(play(flow, ["The answer is 5.", ", 2+2=4. The answer is 4."]).value.text)
    The answer is 5.
    Wait, 2+2=4. The answer is 4.
    """
    stages: list[Candidate] = []
    tokens, stop = 0, "done"
    try:
        for _ in range(waits + 1):
            left = None if thinking is None else thinking - tokens
            if left is not None and left < 1:
                break
            prefix = f"{stages[-1].text.rstrip()}\n{word}" if stages else ""
            limits = Sampling(max_tokens=left, stop=(end,) if end else None)
            (reply,) = yield from sample(problem.prompt, key=key, prefix=prefix, sampling=limits, label="think")
            tokens += reply.usage.completion_tokens
            stages.append(_stage(problem, reply, prefix + reply.text, tokens))
            if not reply.ok:
                break
        if _wants_answer(stages, end):
            prefix = "\n".join(part for part in (stages[-1].text.rstrip(), end, final) if part)
            (reply,) = yield from sample(problem.prompt, key=key, prefix=prefix, label="force")
            stages.append(_stage(problem, reply, prefix + reply.text, tokens + reply.usage.completion_tokens))
    except OutOfBudget:
        if not stages:
            raise
        stop = "budget"
    chosen = next((one for one in reversed(stages) if one.answer is not None), None)
    answer, written = (chosen.answer, chosen.text) if chosen else (None, "")
    return Result(answer, written, None, tuple(stages), "budget" if stop == "budget" else "done", {"thought": tokens})


def _stage(problem: Problem, reply: Reply, text: str, tokens: int) -> Candidate:
    """All that is written when a piece has come."""
    return Candidate(text, problem.read(text) if reply.ok else None, stop=reply.stop, tokens=tokens)


def _wants_answer(stages: list[Candidate], end: str) -> bool:
    last = stages[-1]
    return last.stop == "length" or (last.stop == "end" and (bool(end) or last.answer is None))
