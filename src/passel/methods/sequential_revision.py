"""Sequential revision: chains of attempts, from which a verifier or a vote picks the answer."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import revision_prompt
from passel.methods.parts.judging import all_judged
from passel.methods.parts.votes import highest, majority
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["sequential_revision"]


@needs(generator="text")
def sequential_revision(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    length: Annotated[int, Log(1, 64)] = 4,
    context: Annotated[int, Log(1, 16)] = 4,
    verifier: Chosen = self_evaluation,
    choice: Literal["verifier", "vote"] = "verifier",
) -> Flow[Result]:
    """n chains of `length` attempts, each attempt in sight of the earlier ones of its chain; one answer of all.

    By verifier: the best attempt of each chain is found, and the chains' best vote with their scores. By vote: the
    majority of each chain, and the majority of these.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314), section 6, revisions: hierarchical
    best-of-N weighted, and majority.

    Args:
        n: chains side by side; the ratio of n to length is what the paper tunes by difficulty. 4 is ours.
        length: attempts of a chain, the first of which is a plain sample. 4 is ours.
        context: earlier attempts that an attempt sees, the latest ones; 4 in the paper.
        verifier: scores attempts. It is not used where the choice is by vote.
        choice: how the answer is picked.

    Cost: generate <= n * length, verifier <= n * length

    Guarantees: heuristic. The paper's model is fine-tuned to revise; others often keep a wrong answer or lose a right
    one, which is why the choice is over the whole chain.

    Deviations: revision is requested by prompt, in our words. A failed or truncated attempt is not shown to later ones.

    >>> from passel.core.play import play
    >>> flow = sequential_revision(Problem("1", "2 + 2?"), key=Key(), n=1, length=3, choice="vote")
    >>> play(flow, ["5", "4", "4"]).value.answer.text
    '4'
    """
    ended = yield from together([_chain(problem, key, number, length, context) for number in range(n)])
    chains = [chain for chain, _ in ended]
    if not any(chains):
        raise OutOfBudget
    whole = all(paid for _, paid in ended)
    attempts = [attempt for chain in chains for attempt in chain]
    info = {"chains": list(map(len, chains))}
    if choice == "vote":
        majorities = [one for chain in chains if (one := majority(chain)) is not None]
        return Result.of(majority(majorities), attempts, whole=whole, info=info)
    scored, paid = yield from all_judged(verifier, problem, attempts, key=key)
    rest = iter(scored)
    best = [one for chain in chains if (one := highest([next(rest) for _ in chain])) is not None]
    chosen = majority(best, [one.score or 0.0 for one in best])
    return Result.of(chosen, scored, whole=whole and paid, info=info)


def _chain(problem: Problem, key: Key, number: int, length: int, context: int) -> Flow[tuple[list[Candidate], bool]]:
    """A chain's attempts, and whether the budget allowed them all."""
    attempts: list[Candidate] = []
    for _ in range(length):
        seen = [one.text for one in attempts if one.stop == "end"][-context:]
        attempt_key, first = (key / "revise", number * length + len(attempts)) if attempts else (key, number)
        replies = yield from affordable(sample(revision_prompt(problem, seen), key=attempt_key, first=first))
        if replies is None:
            return attempts, False
        attempts.append(candidate(problem, replies[0]))
    return attempts, True
