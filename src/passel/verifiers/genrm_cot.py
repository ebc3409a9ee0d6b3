"""Generative verification by the probability of Yes after each chain of thought."""

from __future__ import annotations

import math
from typing import Annotated

from passel.core.ask import Message, Sampling, Score
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample_within, within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.verifiers.genrm import PROMPT

__all__ = ["genrm_cot"]

_MARK = "Verdict:"


@needs(verifier="text prefix score")
def genrm_cot(problem: Problem, text: str, *, key: Key, m: Annotated[int, Log(1, 32)] = 4) -> Flow[float | None]:
    """The mean, over m verification chains, of P(Yes) / (P(Yes) + P(No)) where the chain's verdict would stand.

    Source: Zhang et al. 2024, Generative Verifiers (2408.15240), GenRM-CoT: the average of p(Yes | question, solution,
    chain) over K chains.

    Symbols: K -> m.

    Args:
        m: verification chains. Zhang et al. use up to 32; 4 as in `genrm`.

    Returns: probability; None if every chain failed or was cut off, or no word was given a chance that is reported.

    Cost: generate = m, score <= m

    Guarantees: heuristic. Of verdicts drawn after the same chains it is the mean, so its variance is no greater than
    that of `genrm`, for one more short pass a chain.

    Deviations: prompted in our own words, not fine-tuned. P(Yes) is normalised by P(Yes) + P(No), since an untuned
    model says other words too. When the budget ends, the mean is over the chains it allowed.

    >>> from passel.core.play import play
    >>> script = ["2 + 2 = 4.", Reply(scores=(math.log(0.6), math.log(0.2)))]
    >>> round(play(genrm_cot(Problem("1", "2 + 2?"), "4", key=Key(), m=1), script).value, 3)
    0.75
    """
    prompt = (Message("user", PROMPT.format(question=problem.question, answer=text)),)
    until = Sampling(stop=(_MARK,))
    replies = yield from sample_within(prompt, key=key, n=m, sampling=until, role="verifier", label="genrm_cot")
    chains = [reply.text.partition(_MARK)[0].rstrip() for reply in replies if reply.ok]
    asks = [Score(prompt, ("Yes", "No"), f"{chain}\n{_MARK}", label="genrm_cot") for chain in chains]
    try:
        scored = yield from within(asks)
    except OutOfBudget:
        return None
    shares = [share for reply in scored if (share := _share(reply)) is not None]
    return sum(shares) / len(shares) if shares else None


def _share(reply: Reply) -> float | None:
    if not reply.ok or max(reply.scores, default=-math.inf) == -math.inf:
        return None
    peak = max(reply.scores)  # else both may underflow to 0
    yes, no = (math.exp(logprob - peak) for logprob in reply.scores)
    return yes / (yes + no)
