"""A vote in which samples that the model is surer of have more weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.confidence import Measure, sureness
from passel.methods.parts.votes import first_of, share_of, tally

__all__ = ["confidence_vote"]


@needs(generator="text logprobs")
def confidence_vote(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 16,
    measure: Measure = "probability",
    power: Annotated[float, Linear(0.0, 4.0)] = 1.0,
    keep: Annotated[float, Linear(0.0, 1.0)] = 1.0,
    top: Annotated[int, Log(1, 20)] = 5,
) -> Flow[Result]:
    """A vote weighted by the model's confidence in each sample, from the log-probabilities of its tokens.

    Of the samples with an answer, the surest share `keep` votes. A sample's weight is its measure^power for the measure
    `probability`, and its rank^power for the others, which are no probabilities. Of m samples, the surest has the rank
    m, the least sure the rank 1 (Borda).

    Source: weights by normalised probability: Wang et al. 2022, Self-Consistency (2203.11171), table 1; Borda votes by
    certainty: Kang et al. 2025, Scalable Best-of-N via Self-Certainty (2502.18581), and its public code
    (voting_from_list.py); tail and group confidence and the keeping of the surest: Fu et al. 2025, Deep Think with
    Confidence (2508.15260), and its public code (deepconf/utils.py).

    Symbols: p -> power.

    Args:
        n: samples.
        measure: probability, mean_logprob, certainty, tail or lowest_group.
        power: exponent of the weights; 0 is the plain vote of the samples kept. 1 is ours, 0.5 self-certainty's.
        keep: share of the samples that vote, at least one sample; 1 is all. DeepConf uses 0.1 and 0.9 of hundreds.
        top: alternatives reported for each token, over which certainty is computed; 5 is ours, DeepConf's code has 20.

    Cost: generate = n

    Guarantees: heuristic.

    Deviations: DeepConf weights by the confidence itself, whose scale differs between models; here the rank decides, as
    in self-certainty. Its tail is the last 2,048 tokens and its groups are as long; here the last tenth and 32, for
    shorter texts. Self-certainty uses the whole vocabulary, here the reported alternatives. DeepConf's early stopping
    of unsure samples is not included. Samples with log-probabilities are separate samples, not shared with methods that
    do not request them.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply, Token
    >>> script = [Reply(text=text, tokens=(Token(text, p),)) for text, p in (("5", -2.0), ("4", -0.1), ("5", -3.0))]
    >>> play(confidence_vote(Problem("1", "2 + 2?"), key=Key(), n=3), script).value.answer.text
    '4'
    """
    sampling = Sampling(logprobs=top)
    replies = yield from sample_within(problem.prompt, key=key, n=n, sampling=sampling)
    candidates = [replace(candidate(problem, reply), score=sureness(reply.tokens, measure)) for reply in replies]
    voters = _surest(candidates, keep)
    weights = tally(voters, _weights(voters, measure, power))
    chosen = first_of(voters, weights)
    info = {"weights": weights, "kept": len(voters)}
    return Result.of(chosen, candidates, whole=len(replies) == n, confidence=share_of(chosen, weights), info=info)


def _surest(candidates: Sequence[Candidate], keep: float) -> list[Candidate]:
    """The surest candidates with an answer, in their order; without any log-probabilities, all with an answer."""
    answered = [place for place, one in enumerate(candidates) if one.answer is not None]
    scored = [place for place in answered if candidates[place].score is not None]
    if not scored:
        return [candidates[place] for place in answered]
    count = max(1, round(keep * len(scored)))
    best = sorted(scored, key=lambda place: (-(candidates[place].score or 0.0), place))[:count]
    return [candidates[place] for place in sorted(best)]


def _weights(voters: Sequence[Candidate], measure: Measure, power: float) -> list[float]:
    scores = [one.score for one in voters]
    if None in scores:
        return [1.0] * len(voters)
    known = [score for score in scores if score is not None]
    if measure == "probability":
        return [score**power for score in known]
    order = sorted(range(len(known)), key=lambda place: (known[place], -place))
    ranks = {place: rank for rank, place in enumerate(order, 1)}
    return [float(ranks[place]) ** power for place in range(len(known))]
