"""Diverse verifier tree search: several greedy searches side by side that do not compete."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.parts.beams import subtrees_of
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.search import Choice, by_steps, by_verifier, outcome, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["diverse_beam"]


@needs(generator="text prefix")
def diverse_beam(
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
    """Splits the budget into n / width subtrees; each samples `width` next steps and continues only the best.

    This is beam search without competition between subtrees: a subtree is never given up for another, so the verifier's
    errors cannot fill the whole beam with variants of one solution. All finished solutions are candidates.

    Source: Beeching, Tunstall and Rush 2024, Scaling test-time compute with open models (search-and-learn, public code,
    `diverse_verifier_tree_search.py`), where it is called DVTS.

    Symbols: N -> n; M -> width.

    Args:
        n: steps sampled in a round, over all subtrees; 16 is ours, the code's default is 4.
        width: steps sampled in a subtree's round; 4 as in the code.
        depth: steps at most, the last of which goes to the solution's end; 40 as in the code.
        verifier: scores a solution as far as it goes; the code takes a process reward model's last step
            (`verifier=prm:verifier.aggregate=last`).
        step: what a step is: a paragraph as in the code, or a line for models that write one step per line.
        choice: how the answer is taken from the finished solutions: best, vote, or weighted by score. The code answers
            with the best and also reports the votes.

    Cost: generate <= max(n, width) * depth, verifier <= max(n, width) * depth

    Guarantees: heuristic. With n = width it is a single greedy search by the verifier.

    Deviations: where n is no multiple of width it is rounded down to a multiple; the code refuses such an n. The code
    answers from the last round of each subtree, unfinished texts among them; here the answer comes from all finished
    solutions, also from earlier ones that were passed over, since they were paid for. A failed or truncated step is
    never continued; the code continues a truncated one. An answer in a box does not end a text by itself: the model
    must end it. A subtree whose steps all failed ends, and is not replaced.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = diverse_beam(Problem("1", "2 + 2?"), key=Key(), n=2, width=1, verifier=arithmetic, step="line")
    >>> wrong, right = Reply(text="2+2=5", stop_text="\\n"), Reply(text="2+2=4", stop_text="\\n")
    >>> ends = [Reply(text="The answer is 5.", stop_text=""), Reply(text="The answer is 4.", stop_text="")]
    >>> result = play(flow, [wrong, right, *ends]).value
    >>> len(result.candidates), result.text
    (2, '2+2=4\\nThe answer is 4.')
    """
    searched = yield from tree_search(
        problem,
        key=key,
        select=subtrees_of(max(1, n // width), width),
        state=None,
        expand=by_steps(step, depth),
        evaluate=by_verifier(verifier),
    )
    return outcome(problem, searched, choice)
