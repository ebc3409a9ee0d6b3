"""Generative verification by the probability of Yes after each chain of thought."""

from __future__ import annotations

from typing import Annotated

from passel.core.ask import Message, Sampling, Score
from passel.core.flow import Flow, affordable, sample_within, within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.verifiers.genrm import PROMPT
from passel.verifiers.parts.verdicts import undecided, yes_probability

__all__ = ["genrm_cot"]

_MARK = "Verdict:"


@needs(verifier="text prefix score")
def genrm_cot(problem: Problem, text: str, *, key: Key, m: Annotated[int, Log(1, 32)] = 4) -> Flow[Judgement]:
    """The mean, over m verification chains, of P(Yes) / (P(Yes) + P(No)) in place of the chain's verdict.

    Source: Zhang et al. 2024, Generative Verifiers (2408.15240), GenRM-CoT: the average of p(Yes | question, solution,
    chain) over K chains.

    Symbols: K -> m.

    Args:
        m: verification chains. Zhang et al. use up to 32; 4 as in `genrm`.

    Returns: probability; None if every chain failed or was cut off, or no probability was reported.

    Cost: generate = m, score <= m

    Guarantees: heuristic. Of verdicts drawn after the same chains it is the mean, so its variance is no greater than
    that of `genrm`, for one more short pass a chain.

    Deviations: prompted in our own words, not fine-tuned. P(Yes) is normalised by P(Yes) + P(No), since an untuned
    model says other words too. When the budget ends, the mean is over the chains it allowed.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> script = ["2 + 2 = 4.", Reply(scores=(-0.5, -1.6))]
    >>> round(play(genrm_cot(Problem("1", "2 + 2?"), "4", key=Key(), m=1), script).value.value, 2)
    0.75
    """
    prompt = (Message("user", PROMPT.format(question=problem.question, answer=text)),)
    until = Sampling(stop=(_MARK,))
    replies = yield from sample_within(prompt, key=key, n=m, sampling=until, role="verifier", label="genrm_cot")
    chains = [reply.text.partition(_MARK)[0].rstrip() for reply in replies if reply.ok]
    asks = [Score(prompt, ("Yes", "No"), f"{chain}\n{_MARK}", label="genrm_cot") for chain in chains]
    scored = yield from affordable(within(asks))
    if scored is None:
        return Judgement(None, "the budget allowed no verdict")
    if not scored:
        return undecided(replies, "a whole check")
    read = [(yes_probability(reply), chain) for reply, chain in zip(scored, chains, strict=False)]
    judged = [(share, chain) for share, chain in read if share is not None]
    if not judged:
        return undecided(scored, "a probability of Yes or No")
    shares = [share for share, _ in judged]
    mean = sum(shares) / len(shares)
    shown = "\n\n".join([f"Yes with probability {share:.3f} after this check:\n{chain}" for share, chain in judged])
    return Judgement(mean, shown, {"probabilities": shares})
