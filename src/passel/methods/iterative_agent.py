"""Iterative agent decoding: each round is shown the best and the worst candidate so far, by a verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from passel.core.ask import Prompt
from passel.core.flow import Flow, affordable, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.judging import all_judged
from passel.methods.parts.prompts import with_line
from passel.methods.parts.votes import highest
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["iterative_agent"]

BEST = "This is the best solution so far:\n{best}"
WORST = "This one was judged worse:\n{worst}"
ASK = "Write a better solution, whole and in the form asked for above. Keep what is right in the best one."


@needs(generator="text")
def iterative_agent(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    rounds: Annotated[int, Log(1, 16)] = 3,
    verifier: Chosen = self_evaluation,
    threshold: Annotated[float, Linear(0.0, 10.0)] = 10.0,
    feedback: Literal["best_worst", "best", "none"] = "best_worst",
) -> Flow[Result]:
    """Samples n candidates a round, judges them, and shows the best and the worst so far to the next round.

    The best changes only when a candidate scores higher, so its score never falls from round to round.

    Source: Chakraborty et al. 2025, Review, Refine, Repeat: Understanding Iterative Decoding of AI Agents with Dynamic
    Evaluation and Selection (2504.01931).

    Symbols: K -> n; T -> rounds; R -> verifier.

    Args:
        n: candidates of a round; the paper uses 2 to 6.
        rounds: rounds at most, the first of which is plain sampling; the paper uses 3 to 4.
        verifier: scores a candidate.
        threshold: a score at which it stops; above the verifier's highest score it never stops. Ours.
        feedback: what a round is shown; best and none are the paper's controls, none is best-of-n over all rounds.

    Cost: generate <= n * rounds, verifier <= n * rounds

    Guarantees: the score of the answer never falls with more rounds; its accuracy depends on the verifier.

    Deviations: no textual critique of the worst candidate (the paper has it where the verifier is a judge that writes
    one). Candidates without an answer are not judged. The wording is ours; the paper's tasks have their own prompts.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = iterative_agent(Problem("1", "2 + 2?"), key=Key(), n=1, rounds=2, verifier=arithmetic)
    >>> play(flow, ["2+2=5", "2+2=4"]).value.text
    '2+2=4'
    """
    candidates: list[Candidate] = []
    whole, done = True, 0
    for turn in range(rounds):
        prompt = _prompt(problem, candidates, feedback)
        plain = prompt == problem.prompt
        round_key, first = (key, len(candidates)) if plain else (key / "round" / turn, 0)
        samples = sample_within(prompt, key=round_key, n=n, first=first)
        replies = yield from affordable(samples, or_raise=not candidates)
        if replies is None:
            whole = False
            break
        new = [candidate(problem, reply) for reply in replies]
        scored, paid = yield from all_judged(verifier, problem, new, key=key, first=len(candidates))
        candidates += scored
        whole = paid and len(replies) == n
        done += 1
        if not whole or any(one.score is not None and one.score >= threshold for one in candidates):
            break
    return Result.of(highest(candidates), candidates, whole=whole, info={"rounds": done})


def _prompt(problem: Problem, candidates: Sequence[Candidate], feedback: str) -> Prompt:
    """The problem's prompt with the best and the worst candidate so far below it; unchanged if none is judged."""
    scored = [one for one in candidates if one.score is not None]
    if not scored or feedback == "none":
        return problem.prompt
    best = max(scored, key=lambda one: one.score or 0.0)
    worst = min(scored, key=lambda one: one.score or 0.0)
    parts = [BEST.format(best=best.text.strip())]
    if feedback == "best_worst" and (worst.score or 0.0) < (best.score or 0.0):
        parts.append(WORST.format(worst=worst.text.strip()))
    return with_line(problem.prompt, "\n" + "\n\n".join([*parts, ASK]))
