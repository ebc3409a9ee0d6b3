"""Iterative agent decoding: candidates drawn in sight of the best and the worst so far, as a verifier sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from passel.core.ask import Prompt
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import best_scored, ended
from passel.methods.parts.prompts import with_line
from passel.verifiers import Chosen, scores_of
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
    enough: Annotated[float, Linear(0.0, 10.0)] = 10.0,
    feedback: Literal["best_worst", "best", "none"] = "best_worst",
) -> Flow[Result]:
    """Draws n candidates a round, judges them, and shows the best and the worst so far to the next round.

    The best changes only when a candidate scores higher, so its score never falls from round to round.

    Source: Chakraborty et al. 2025, Review, Refine, Repeat: Understanding Iterative Decoding of AI Agents with Dynamic
    Evaluation and Selection (2504.01931).

    Symbols: K -> n; T -> rounds; R -> verifier.

    Args:
        n: candidates of a round; the paper uses 2 to 6.
        rounds: the first is plain sampling; the paper uses 3 to 4.
        verifier: scores a candidate.
        enough: a score at which it stops; above what the verifier gives, it never does. Ours.
        feedback: what a round is shown; best and none are the paper's controls, none is best-of-n over all rounds.

    Cost: generate <= n * rounds, verifier <= n * rounds

    Guarantees: the score of the answer is monotone in the rounds; its accuracy is the verifier's affair.

    Deviations: no textual critique of the worst one (the paper has it where the verifier is a judge that writes one).
    Candidates without an answer are not judged. Wording ours; the paper's tasks have prompts of their own.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = iterative_agent(Problem("1", "2 + 2?"), key=Key(), n=1, rounds=2, verifier=arithmetic)
    >>> play(flow, ["2+2=5", "2+2=4"]).value.text
    '2+2=4'
    """
    drawn: list[Candidate] = []
    whole = True
    done = 0
    for turn in range(rounds):
        prompt = _prompt(problem, drawn, feedback)
        plain = prompt == problem.prompt
        own, first = (key, len(drawn)) if plain else (key / "round" / turn, 0)
        try:
            replies = yield from sample_within(prompt, key=own, n=n, first=first)
        except OutOfBudget:
            if not drawn:
                raise
            whole = False
            break
        new = [candidate(problem, reply) for reply in replies]
        texts = {len(drawn) + place: one.text for place, one in enumerate(new) if one.answer is not None}
        scores, paid = yield from scores_of(verifier, problem, texts, key=key)
        drawn += [replace(one, score=scores.get(len(drawn) + place)) for place, one in enumerate(new)]
        whole = paid and len(replies) == n
        done += 1
        if not whole or max((one.score for one in drawn if one.score is not None), default=enough - 1) >= enough:
            break
    return ended(drawn, best_scored(drawn), whole=whole, rounds=done)


def _prompt(problem: Problem, drawn: Sequence[Candidate], feedback: str) -> Prompt:
    """The problem's prompt with the best and the worst judged so far below it; as it is where none is judged."""
    judged_ones = [one for one in drawn if one.score is not None]
    if not judged_ones or feedback == "none":
        return problem.prompt
    best = max(judged_ones, key=lambda one: one.score or 0.0)
    worst = min(judged_ones, key=lambda one: one.score or 0.0)
    parts = [BEST.format(best=best.text.strip())]
    if feedback == "best_worst" and (worst.score or 0.0) < (best.score or 0.0):
        parts.append(WORST.format(worst=worst.text.strip()))
    return with_line(problem.prompt, "\n" + "\n\n".join([*parts, ASK]))
