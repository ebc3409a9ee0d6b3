"""Compute-optimal scaling: the method that was best on problems of the same difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from passel.core.errors import UsageError
from passel.core.flow import Flow, affordable, call, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.options import configured
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods import Inner
from passel.methods.beam import beam
from passel.methods.best_of import best_of
from passel.methods.parts.difficulty import ORACLE, best_arm, bin_of, binning_of, difficulty_of
from passel.methods.parts.endings import paid_for
from passel.methods.parts.judging import all_judged
from passel.methods.parts.votes import highest
from passel.methods.sequential_revision import sequential_revision
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["compute_optimal"]

SEQUENTIAL = configured(sequential_revision, {"n": 1, "length": 16})
"""A single chain: with best_of and chains of 4, three ratios of sequential to parallel attempts, 16 in all."""


@needs(generator="text", tool="pilot")
def compute_optimal(
    problem: Problem,
    *,
    key: Key,
    arm_1: Inner = best_of,
    arm_2: Inner = beam,
    arm_3: Inner = sequential_revision,
    arm_4: Inner = SEQUENTIAL,
    samples: Annotated[int, Log(1, 64)] = 4,
    bins: Annotated[int, Linear(1, 10)] = 5,
    tokens: float | None = None,
    verifier: Chosen = self_evaluation,
) -> Flow[Result]:
    """Estimates a problem's difficulty, and runs the method that a pilot found best at that difficulty.

    Difficulty is the mean score that the verifier gives the samples; its bins are quantiles of the pilot's problems.
    In each bin the arm (the method) of highest accuracy is taken, among those that took at most `tokens` per problem.
    Arms are any methods at any setting: best-of-n, beam search, revision at several ratios of sequential to parallel
    samples. An arm is only chosen if the pilot holds it with exactly the same options.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314): the compute-optimal scaling
    strategy, with bins of difficulty that a verifier predicts, or (`verifier=math_answer`) of the pass rate.

    Symbols: N, the budget -> tokens.

    Args:
        arm_1: a method to choose from; best of 16.
        arm_2: another; a beam of 16.
        arm_3: another; revision, four chains of four.
        arm_4: another; revision, a chain of 16. Name an arm twice to have fewer.
        samples: plain samples that the difficulty is estimated from. Arms that use the same samples do not pay for them
            again. The paper takes 2048 and does not count them; 4 is ours.
        bins: number of difficulty bins; 5 as in the paper.
        tokens: prompt and completion tokens that an arm may have taken per problem, on average in the bin; none: any
            number.
        verifier: scores the samples; the same verifier must have scored samples in the pilot, as best_of does there.

    Cost: call = 1, generate <= samples, verifier <= samples, arm_1 <= 1, arm_2 <= 1, arm_3 <= 1, arm_4 <= 1

    Guarantees: heuristic. The choice is as good as the pilot's means in a bin, over a fifth of its problems.

    Deviations: the paper chooses by two-fold cross-validation on the test problems; here by an earlier comparison, from
    which the problem itself is left out if it was there. A sample without an answer has no score and does not count;
    by pass rate it counts as wrong. If the bin holds no arm, or the verifier made no bins, the pilot's figures over all
    problems decide. When the budget ends while the arm runs, the best of the samples is taken.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> def row(right: float, tokens: float):
    ...     return {"accuracy": right, "stderr": 0.1, "tokens": tokens, "problems": 9}
    >>> hard = {"vote:n=2": row(0.3, 50.0), "single": row(0.1, 20.0)}
    >>> easy = {"vote:n=2": row(0.9, 50.0), "single": row(0.9, 20.0)}
    >>> pilot = {"methods": easy, "bins": {"arithmetic": {"edges": [0.5], "methods": [hard, easy]}}}
    >>> from passel.methods.single import single
    >>> settings = {"arm_1": single, "samples": 1, "bins": 2, "verifier": arithmetic}
    >>> flow = compute_optimal(Problem("1", "2 + 2?"), key=Key(), **settings)
    >>> result = play(flow, [Reply(value=pilot), "2+2=4", "2+2=4"]).value
    >>> result.info["bin"], result.info["arm"]
    (1, 'single')
    """
    arms = (arm_1, arm_2, arm_3, arm_4)
    reply = yield from call("pilot", samples=samples, bins=bins)
    table: Mapping[str, Any] = reply.value if reply.ok else {}
    if table and best_arm(table["methods"], arms) is None:
        names = ", ".join(table["methods"])
        raise UsageError(f"compute_optimal: none of its arms is in the pilot with the same options; it has {names}")
    replies = yield from affordable(sample_within(problem.prompt, key=key, n=samples))
    if replies is None:
        return Result(stop="budget")
    sampled = [candidate(problem, reply) for reply in replies]
    scored, paid = yield from all_judged(verifier, problem, sampled, key=key)
    index, info = _decide(table, arms, verifier, scored, tokens)
    result = yield from paid_for(arms[index](problem, key=key), Result.of(highest(scored), scored))
    whole = paid and len(replies) == samples
    return replace(result, stop=result.stop if whole else "budget", info={**result.info, **info})


def _decide(
    table: Mapping[str, Any],
    arms: Sequence[Callable[..., Any]],
    verifier: Callable[..., Any],
    scored: Sequence[Candidate],
    tokens: float | None,
) -> tuple[int, dict[str, Any]]:
    """The arm's index, and the info about the decision."""
    name, binning = binning_of(table, verifier)
    difficulty = difficulty_of([0.0 if one.answer is None and name == ORACLE else one.score for one in scored])
    place = None if binning is None else bin_of(binning["edges"], difficulty)
    figures: Mapping[str, Any] = {} if binning is None or place is None else binning["methods"][place]
    best = best_arm(figures, arms, tokens) or best_arm(table.get("methods", {}), arms, tokens)
    index, row = best or (0, {})
    arm = row.get("spec", getattr(arms[index], "__name__", ""))
    return index, {"difficulty": difficulty, "bin": place, "arm": arm}
