"""Universal self-consistency: the model itself picks the most consistent of its responses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, affordable, sample, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.prompts import numbered
from passel.methods.parts.votes import majority

__all__ = ["universal_vote"]

PROMPT = """I have several responses to the question below. Decide which of them is the most consistent with the
majority of the responses. Compare what they conclude, not how they say it.

[Question]
{question}

{responses}

End with "The most consistent response is Response N." where N is its number."""

_CHOICE = re.compile(r"response\W{0,4}#?\s*(\d{1,4})", re.IGNORECASE)


@needs(generator="text", judge="text")
def universal_vote(
    problem: Problem, *, key: Key, n: Annotated[int, Log(1, 64)] = 8, shuffle: bool = False
) -> Flow[Result]:
    """Samples n responses and asks the model, greedily, which of them agrees with most of them.

    It is a vote for answers that cannot be compared as values: summaries, code, free text.

    Source: Chen et al. 2023, Universal Self-Consistency for Large Language Model Generation (2311.17311).

    Args:
        n: responses; 8 in the paper.
        shuffle: show them in a random order, decided by the key, against a judge's preference for the first.

    Cost: generate <= n + 1

    Guarantees: heuristic.

    Deviations: the wording is ours. Responses that failed or were truncated are not shown. If the reply names no
    response, the majority answer is taken, else the first response (the paper does not say); info["picked"] is then
    null.

    >>> from passel.core.play import play
    >>> flow = universal_vote(Problem("1", "Name a fruit."), key=Key(), n=3)
    >>> play(flow, ["Pear.", "An apple.", "Apple.", "The most consistent response is Response 2."]).value.text
    'An apple.'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=n)
    candidates = [candidate(problem, reply) for reply in replies]
    usable = [one for one in candidates if one.stop == "end" and one.text.strip()]
    shown = _shuffled(usable, key / "order") if shuffle else usable
    whole = len(replies) == n
    picked: int | None = None
    if len(shown) > 1:
        responses = numbered([one.text for one in shown])
        prompt = (Message("user", PROMPT.format(question=problem.question, responses=responses)),)
        greedy = Sampling(temperature=0.0)
        verdicts = yield from affordable(sample(prompt, key=key, sampling=greedy, role="judge", label="universal_vote"))
        whole = whole and verdicts is not None
        picked = _picked(verdicts[0].text, len(shown)) if verdicts and verdicts[0].ok else None
    chosen = shown[picked - 1] if picked else majority(candidates) or next(iter(shown), None)
    return Result.of(chosen, candidates, whole=whole, info={"picked": picked, "shown": len(shown)})


def _picked(text: str, count: int) -> int | None:
    """The number of the response that is mentioned last; None if there is no response of that number."""
    plain = text.strip().rstrip(".")
    numbers = [plain] if plain.isdecimal() else _CHOICE.findall(text)
    number = int(numbers[-1]) if numbers else 0
    return number if 1 <= number <= count else None


def _shuffled(candidates: Sequence[Candidate], key: Key) -> list[Candidate]:
    places = sorted(range(len(candidates)), key=lambda place: (key / place).uniform())
    return [candidates[place] for place in places]
