"""Chains of attempts: each is made in sight of earlier ones and of what was said of them."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.ask import Message, Prompt, Sampling
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.core.result import Candidate, Result
from passel.methods.parts.prompts import follow_up
from passel.methods.parts.votes import first_of, tally

__all__ = ["AGAIN", "best_scored", "criticised", "ended", "revision_prompt"]

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
    """The chat in which attempts were made one after the other, and another is asked for.

    Args:
        attempts: in order, the last one last; with none it is the problem's prompt.
        asks: what the user says after each attempt, the first ones first; where one is missing, `AGAIN`.
    """
    prompt = problem.prompt
    for place, attempt in enumerate(attempts):
        prompt = follow_up(prompt, attempt, asks[place] if place < len(asks) else AGAIN)
    return prompt


def criticised(problem: Problem, attempt: str, *, key: Key, fine: str, label: str) -> Flow[Reply]:
    """What a critic says of an attempt, by greedy decoding; `fine` is what it says where nothing is to be changed."""
    asked = CRITIQUE.format(question=problem.question, attempt=attempt.strip(), fine=fine)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample((Message("user", asked),), key=key, sampling=greedy, role="critic", label=label)
    return reply


def best_scored(attempts: Sequence[Candidate]) -> Candidate | None:
    """The attempt of the highest score, the first of equals; of those without any score the majority's."""
    scored = [one for one in attempts if one.score is not None and one.answer is not None]
    if scored:
        return max(scored, key=lambda one: one.score or 0.0)
    return first_of(attempts, tally(attempts))


def ended(attempts: Sequence[Candidate], chosen: Candidate | None, *, whole: bool, **info: object) -> Result:
    """The result of a chain: the chosen attempt's answer among all attempts."""
    stop = "done" if whole else "budget"
    if chosen is None:
        return Result(candidates=tuple(attempts), stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, tuple(attempts), stop, info)
