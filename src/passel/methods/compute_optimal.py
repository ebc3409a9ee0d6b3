"""Compute-optimal scaling: how hard is the problem, and what paid for problems like it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow, call, sample_within
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
from passel.methods.parts.votes import first_of, tally
from passel.methods.sequential_revision import sequential_revision
from passel.verifiers import Chosen, scores_of
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["compute_optimal"]

SEQUENTIAL = configured(sequential_revision, {"n": 1, "length": 16})
"""One chain alone: with best_of and chains of 4, three ratios of sequential to parallel attempts at 16 in all."""


@needs(generator="text", tool="pilot")
def compute_optimal(
    problem: Problem,
    *,
    key: Key,
    first: Inner = best_of,
    second: Inner = beam,
    third: Inner = sequential_revision,
    fourth: Inner = SEQUENTIAL,
    samples: Annotated[int, Log(1, 64)] = 4,
    bins: Annotated[int, Linear(1, 10)] = 5,
    tokens: float | None = None,
    verifier: Chosen = self_evaluation,
) -> Flow[Result]:
    """Estimates a problem's difficulty, and runs the arm that a pilot found best at that difficulty.

    Difficulty is the mean score that the verifier gives the samples; its bins are quantiles of the pilot's problems.
    In each bin the arm of highest accuracy is taken, among those that took at most `tokens` a problem. Arms are any
    methods at any setting: best-of-n, beam search, revision at several ratios of sequential to parallel samples. They
    must stand in the pilot with the very same options, or they are not chosen.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314): the compute-optimal scaling
    strategy, with bins of difficulty that a verifier predicts, or (`verifier=math_answer`) of the pass rate.

    Symbols: N, the budget -> tokens.

    Args:
        first: an arm; best of 16.
        second: another; a beam of 16.
        third: another; revision, four chains of four.
        fourth: another; revision, one chain of 16. Name one arm twice to have fewer.
        samples: plain draws by which the difficulty is estimated. Arms that draw them too do not pay again. The paper
            takes 2048 and does not count them; 4 is ours.
        bins: of difficulty; 5 as in the paper.
        tokens: prompt and completion tokens that an arm may have taken a problem, on average in the bin; none: any.
        verifier: scores the samples; the same must have scored samples in the pilot, as best_of does there.

    Cost: call = 1, generate <= samples, verifier <= samples, first <= 1, second <= 1, third <= 1, fourth <= 1

    Guarantees: heuristic. The choice is as good as the pilot's means in a bin, of a fifth of its problems.

    Deviations: the paper chooses by two-fold cross-validation on the test problems; here by an earlier comparison, from
    which the problem at hand is left out if it was there. A sample without an answer has no score and does not count;
    by pass rate it counts as wrong. Where the bin holds no arm, or the verifier made no bins, the pilot's figures
    over all problems decide. When the budget ends amid the arm, the best of the samples is taken.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> def row(right: float, tokens: float):
    ...     return {"accuracy": right, "stderr": 0.1, "tokens": tokens, "problems": 9}
    >>> hard = {"vote:n=2": row(0.3, 50.0), "single": row(0.1, 20.0)}
    >>> easy = {"vote:n=2": row(0.9, 50.0), "single": row(0.9, 20.0)}
    >>> told = {"methods": easy, "bins": {"arithmetic": {"edges": [0.5], "methods": [hard, easy]}}}
    >>> from passel.methods.single import single
    >>> settings = {"first": single, "samples": 1, "bins": 2, "verifier": arithmetic}
    >>> flow = compute_optimal(Problem("1", "2 + 2?"), key=Key(), **settings)
    >>> found = play(flow, [Reply(value=told), "2+2=4", "2+2=4"]).value
    >>> found.info["bin"], found.info["arm"]
    (1, 'single')
    """
    arms = (first, second, third, fourth)
    told = yield from call("pilot", samples=samples, bins=bins)
    table: Mapping[str, Any] = told.value if told.ok else {}
    if table and best_arm(table["methods"], arms) is None:
        names = ", ".join(table["methods"])
        raise UsageError(f"compute_optimal: none of its arms is in the pilot with the same options; it has {names}")
    try:
        replies = yield from sample_within(problem.prompt, key=key, n=samples)
    except OutOfBudget:
        return Result(stop="budget")
    drawn = [candidate(problem, reply) for reply in replies]
    answered = {index: one.text for index, one in enumerate(drawn) if one.answer is not None}
    scores, paid = yield from scores_of(verifier, problem, answered, key=key)
    scored = [replace(one, score=scores.get(index)) for index, one in enumerate(drawn)]
    index, info = _decide(table, arms, verifier, scored, tokens)
    result = yield from paid_for(arms[index](problem, key=key), _best(scored))
    whole = paid and len(replies) == samples
    return replace(result, stop=result.stop if whole else "budget", info={**result.info, **info})


def _decide(
    table: Mapping[str, Any],
    arms: Sequence[Callable[..., Any]],
    verifier: Callable[..., Any],
    scored: Sequence[Candidate],
    tokens: float | None,
) -> tuple[int, dict[str, Any]]:
    """The arm's index, and why."""
    name, binning = binning_of(table, verifier)
    difficulty = difficulty_of([0.0 if one.answer is None and name == ORACLE else one.score for one in scored])
    place = None if binning is None else bin_of(binning["edges"], difficulty)
    figures: Mapping[str, Any] = {} if binning is None or place is None else binning["methods"][place]
    found = best_arm(figures, arms, tokens) or best_arm(table.get("methods", {}), arms, tokens)
    index = found[0] if found else 0
    arm = getattr(arms[index], "__name__", "")
    return index, {"difficulty": difficulty, "bin": place, "arm": found[1].get("spec", arm) if found else arm}


def _best(scored: Sequence[Candidate]) -> Result:
    known = [one for one in scored if one.score is not None]
    chosen = max(known, key=lambda one: one.score or 0.0) if known else first_of(scored, tally(scored))
    if chosen is None:
        return Result(candidates=tuple(scored))
    return Result(chosen.answer, chosen.text, None, tuple(scored))
