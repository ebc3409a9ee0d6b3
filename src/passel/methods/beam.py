"""Beam search over steps, guided by a verifier of unfinished solutions."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.parts.beams import beam_of
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.search import Choice, by_steps, by_verifier, outcome, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["beam"]


@needs(generator="text prefix")
def beam(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 16,
    width: Annotated[int, Log(1, 16)] = 4,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    step: StepUnit = "paragraph",
    choice: Choice = "best",
) -> Flow[Result]:
    """Keeps the n / width best unfinished solutions and samples `width` next steps of each, round by round.

    The first round samples n first steps. A finished solution stays in the beam and competes with the others by its
    score; the search ends when only finished solutions are kept. All finished solutions are candidates.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314), section 5.1, "Beam search"; for the
    number of rounds Beeching et al. 2024, search-and-learn (public code, `beam_search.py`).

    Symbols: N -> n; M -> width.

    Args:
        n: steps sampled in a round; 16 is ours, the paper goes to 256.
        width: next steps of each kept solution; 4 as in the paper.
        depth: steps at most, the last of which goes to the solution's end; 40 as in search-and-learn.
        verifier: scores a solution as far as it goes; the paper uses a process reward model's last step
            (`verifier=prm:verifier.aggregate=last`).
        step: what a step is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the finished solutions: best, vote, or weighted by score.

    Cost: generate <= max(n, width) * depth, verifier <= max(n, width) * depth

    Guarantees: heuristic. It relies on the verifier at every step, and so exploits its errors more than best-of-n does.

    Deviations: a finished solution takes a place in the beam until better ones push it out (the paper does not say); in
    search-and-learn it is set aside and takes no place, so that the search continues until no unfinished solution is
    left. That code counts a truncated solution as finished; here it is dropped. It can drop steps of equal text; here
    each keeps its place and is continued by different samples. Where fewer than n / width solutions are left, it copies
    them to sample n steps again; here only `width` steps are sampled of each. The answer is the best finished
    solution's; the code also reports the vote and the weighted vote (`choice`).

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = beam(Problem("1", "2 + 2?"), key=Key(), n=2, width=2, verifier=arithmetic, step="line")
    >>> end = Reply(text="The answer is 4.", stop_text="")
    >>> play(flow, [Reply(text="2+2=5", stop_text="\\n"), Reply(text="2+2=4", stop_text="\\n"), end, end]).value.text
    '2+2=4\\nThe answer is 4.'
    """
    searched = yield from tree_search(
        problem,
        key=key,
        select=beam_of(n, max(1, n // width), width),
        state=(),
        expand=by_steps(step, depth),
        evaluate=by_verifier(verifier),
    )
    return outcome(problem, searched, choice)
