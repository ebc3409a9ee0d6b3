"""Chains of attempts: the prompt of each attempt shows earlier attempts and what a critic said of them."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.ask import Message, Prompt, Sampling
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods.parts.prompts import follow_up

__all__ = ["AGAIN", "criticised", "revision_prompt"]

AGAIN = """That may be wrong. Look for the first mistake in it, if there is one, and give the whole solution again, in
the form asked for at the beginning."""

CRITIQUE = """Below are a question and an attempt at it. Say what is wrong with the attempt or could be better: name the
place and what to do about it, in a few sentences. Do not write the solution yourself. If nothing is to be changed,
write only "{fine}".

[Question]
{question}

[Attempt]
{attempt}"""


def revision_prompt(problem: Problem, attempts: Sequence[str], asks: Sequence[str] = ()) -> Prompt:
    """The chat in which attempts were made one after the other, and another attempt is requested.

    Args:
        attempts: in order; without any, the prompt is the problem's.
        asks: the user's turn after each attempt, in order; where it is missing, `AGAIN`.
    """
    prompt = problem.prompt
    for place, attempt in enumerate(attempts):
        prompt = follow_up(prompt, attempt, asks[place] if place < len(asks) else AGAIN)
    return prompt


def criticised(problem: Problem, attempt: str, *, key: Key, fine: str, label: str) -> Flow[Reply]:
    """A critic's reply about an attempt, by greedy decoding. The critic writes `fine` if nothing is to be changed."""
    request = CRITIQUE.format(question=problem.question, attempt=attempt.strip(), fine=fine)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample((Message("user", request),), key=key, sampling=greedy, role="critic", label=label)
    return reply
