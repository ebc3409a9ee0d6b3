"""A vote in which surer samples weigh more."""

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
from passel.methods.parts.votes import first_of, tally

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
    """Votes weighted by how sure the model was of each sample, by the log-probabilities of its tokens.

    Of the samples with an answer the surest share `keep` votes. Each counts (its rank)^power for the measures that are
    no probabilities, and its measure^power for `probability`. The rank of the surest of m is m, of the least sure 1
    (Borda).

    Source: weights by normalised probability: Wang et al. 2022, Self-Consistency (2203.11171), table 1; Borda votes by
    certainty: Kang et al. 2025, Scalable Best-of-N via Self-Certainty (2502.18581), and its public code
    (voting_from_list.py); tail and group confidence and the keeping of the surest: Fu et al. 2025, Deep Think with
    Confidence (2508.15260), and its public code (deepconf/utils.py).

    Symbols: p -> power.

    Args:
        n: samples.
        measure: probability, mean_logprob, certainty, tail or lowest_group.
        power: exponent of the weights; 0 is the plain vote of the samples kept. 1 is ours, 0.5 self-certainty's.
        keep: share of the samples that vote, at least one; 1 is all. DeepConf uses 0.1 and 0.9 of hundreds.
        top: alternatives reported for each token, which certainty is taken over; 5 is ours, DeepConf's code has 20.

    Cost: generate = n

    Guarantees: heuristic.

    Deviations: DeepConf weighs by the confidence itself, whose scale differs between models; here by its rank, as
    self-certainty does. Its tail is the last 2,048 tokens and its groups are as long; here the last tenth and 32, for
    shorter texts. Self-certainty takes in the whole vocabulary, here it is the alternatives that are reported.
    DeepConf's stopping of unsure samples as they are drawn is not in it. Draws with log-probabilities are draws of
    their own, shared with no method that does without.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply, Token
    >>> script = [Reply(text=text, tokens=(Token(text, p),)) for text, p in (("5", -2.0), ("4", -0.1), ("5", -3.0))]
    >>> play(confidence_vote(Problem("1", "2 + 2?"), key=Key(), n=3), script).value.answer.text
    '4'
    """
    sampling = Sampling(logprobs=top)
    replies = yield from sample_within(problem.prompt, key=key, n=n, sampling=sampling)
    drawn = [candidate(problem, reply) for reply in replies]
    candidates = tuple(
        replace(one, score=sureness(reply.tokens, measure)) for one, reply in zip(drawn, replies, strict=True)
    )
    kept = _surest(candidates, keep)
    weights = _weights(kept, measure, power)
    totals = tally(kept, weights)
    stop = "done" if len(replies) == n else "budget"
    chosen = first_of(kept, totals)
    if chosen is None or chosen.answer is None:
        return Result(candidates=candidates, stop=stop)
    share = totals[chosen.answer.key] / (sum(totals.values()) or 1.0)
    return Result(chosen.answer, chosen.text, share, candidates, stop, {"weights": totals, "kept": len(kept)})


def _surest(candidates: Sequence[Candidate], keep: float) -> list[Candidate]:
    """The surest of those with an answer, in draw order. Without any log-probabilities all of them."""
    answered = [place for place, one in enumerate(candidates) if one.answer is not None]
    scored = [place for place in answered if candidates[place].score is not None]
    if not scored:
        return [candidates[place] for place in answered]
    count = max(1, round(keep * len(scored)))
    best = sorted(scored, key=lambda place: (-(candidates[place].score or 0.0), place))[:count]
    return [candidates[place] for place in sorted(best)]


def _weights(kept: Sequence[Candidate], measure: Measure, power: float) -> list[float]:
    scores = [one.score for one in kept]
    if None in scores:
        return [1.0] * len(kept)
    known = [score for score in scores if score is not None]
    if measure == "probability":
        return [score**power for score in known]
    order = sorted(range(len(known)), key=lambda place: (known[place], -place))
    ranks = {place: rank for rank, place in enumerate(order, 1)}
    return [float(ranks[place]) ** power for place in range(len(known))]
