"""Sequential revision: chains of attempts, of which a verifier or a vote picks the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import best_scored, ended, revision_prompt
from passel.methods.parts.votes import first_of, tally
from passel.verifiers import Chosen, scores_of
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
    """n chains of `length` attempts, each attempt in sight of the ones before it; one answer of all of them.

    By verifier: the best attempt of each chain is found, and the chains' best vote with their scores. By vote: the
    majority of each chain, and the majority of these.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314), section 6, revisions: hierarchical
    best-of-N weighted, and majority.

    Args:
        n: chains side by side; the ratio of n to length is what the paper tunes by difficulty. 4 is ours.
        length: attempts of a chain, the first is a plain sample. 4 is ours.
        context: earlier attempts in sight, the last ones; 4 in the paper.
        verifier: scores attempts. Asked nothing where the choice is by vote.
        choice: how the answer is picked.

    Cost: generate <= n * length, verifier <= n * length

    Guarantees: heuristic. The paper's model is fine-tuned to revise; others often keep a wrong answer or lose a right
    one, which is why the pick is over the whole chain.

    Deviations: revision is asked for by prompt, in our words. A failed or truncated attempt is not shown to later ones.

    >>> from passel.core.play import play
    >>> flow = sequential_revision(Problem("1", "2 + 2?"), key=Key(), n=1, length=3, choice="vote")
    >>> play(flow, ["5", "4", "4"]).value.answer.text
    '4'
    """
    found = yield from together([_chain(problem, key, number, length, context) for number in range(n)])
    chains = [chain for chain, _ in found]
    if not any(chains):
        raise OutOfBudget
    whole = all(paid for _, paid in found)
    if choice == "vote":
        return _voted(chains, whole=whole)
    drawn = [one for chain in chains for one in chain]
    texts = {place: one.text for place, one in enumerate(drawn) if one.answer is not None}
    scores, paid = yield from scores_of(verifier, problem, texts, key=key)
    scored = iter([replace(one, score=scores.get(place)) for place, one in enumerate(drawn)])
    return _picked([[next(scored) for _ in chain] for chain in chains], whole=whole and paid)


def _chain(problem: Problem, key: Key, number: int, length: int, context: int) -> Flow[tuple[list[Candidate], bool]]:
    """A chain's attempts, and whether the budget allowed them all."""
    attempts: list[Candidate] = []
    for _ in range(length):
        seen = [one.text for one in attempts if one.stop == "end"][-context:]
        try:
            first = number if not attempts else number * length + len(attempts)
            own = key if not attempts else key / "revise"
            (reply,) = yield from sample(revision_prompt(problem, seen), key=own, first=first)
        except OutOfBudget:
            return attempts, False
        attempts.append(candidate(problem, reply))
    return attempts, True


def _picked(chains: list[list[Candidate]], *, whole: bool) -> Result:
    """The answer whose chains' best attempts have the largest sum of scores."""
    best = [one for chain in chains if (one := best_scored(chain)) is not None]
    totals = tally(best, [one.score or 0.0 for one in best])
    chosen = first_of(best, totals)
    return ended([one for chain in chains for one in chain], chosen, whole=whole, chains=list(map(len, chains)))


def _voted(chains: list[list[Candidate]], *, whole: bool) -> Result:
    majorities = [one for chain in chains if (one := first_of(chain, tally(chain))) is not None]
    chosen = first_of(majorities, tally(majorities))
    return ended([one for chain in chains for one in chain], chosen, whole=whole, chains=list(map(len, chains)))
