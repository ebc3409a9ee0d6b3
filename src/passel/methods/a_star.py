"""A*-decoding: always continue the cheapest unfinished solution, wherever it is in the tree."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.parts.best_first import StepCost, best_first, costs, frontier
from passel.methods.parts.paths import Path, StepUnit
from passel.methods.parts.search import by_steps, by_verifier, completed, outcome, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["a_star"]


@needs(generator="text prefix")
def a_star(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    expansions: Annotated[int, Log(1, 256)] = 32,
    depth: Annotated[int, Log(1, 64)] = 40,
    cost: StepCost = "rise",
    verifier: Chosen = self_evaluation,
    step: StepUnit = "paragraph",
) -> Flow[Result]:
    """Samples n next steps of the unfinished solution with the lowest f = g + h, until a finished one has the lowest f.

    h = 1 - r, with r the verifier's score, estimates the cost that is left; g is the sum of the rises of the score
    along the path. So f is 1 - r of the first step, grows by every fall of the score, and never falls. The first
    finished solution with the lowest f of all is the answer.

    Source: Chatziveroglou 2025, A*-Decoding: Token-Efficient Inference Scaling (2505.13672), states, h = 1 - r, and
    f = g + h; greedy best-first search (cost=none): Doran and Michie 1966.

    Symbols: k -> n; s -> a node's path; r -> its value.

    Args:
        n: next steps sampled of the solution that is expanded; 4 is ours.
        expansions: expansions at most; 32 is ours. The paper sets budgets in tokens, as Passel's budget does.
        depth: steps at most, the last of which goes to the solution's end; 40 as in beam search.
        cost: what a step pays for: a rise of the score, a fall of it, or nothing, which is greedy best-first search.
        verifier: r, the score of a solution as far as it goes, in [0, 1]; the paper uses a process reward model.
        step: what a step is: a paragraph, or a line for models that write one step per line.

    Cost: generate <= n * expansions + 1, verifier <= n * expansions

    Guarantees: heuristic. With cost=rise f never falls along a path, so no solution left in the frontier could come to
    cost less than the answer. Whether a low cost means a right answer depends on the verifier.

    Deviations: the paper's text could not be read beyond its abstract, so its step cost is not known here. Two accounts
    by others agree on h = 1 - r. On g, a survey (2511.14772) is reported to say that it adds up only increases: either
    those of the score (rise: max(0, r(s') - r(s)), the least cost that makes h consistent) or those of h (fall:
    max(0, r(s) - r(s'))). The first step costs nothing, as the empty solution is not judged. Ties in f go to the higher
    score, then to the longer solution (ours): where the verifier is sure, whole subtrees tie. Finished solutions
    without an answer are passed over. When the expansions are used up, the best finished solution is the answer; if
    there is none, the cheapest unfinished one is continued to its end.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = a_star(Problem("1", "2 + 2?"), key=Key(), n=2, verifier=arithmetic, step="line")
    >>> wrong, right = Reply(text="2+2=5", stop_text="\\n"), Reply(text="2+2=4", stop_text="\\n")
    >>> ends = [Reply(text="The answer is 4.", stop_text=""), Reply(text="The answer is 5.", stop_text="")]
    >>> played = play(flow, [wrong, right, *ends])
    >>> [ask.prefix for ask in played.asks], played.value.text
    (['', '', '2+2=4\\n', '2+2=4\\n'], '2+2=4\\nThe answer is 4.')
    """

    def is_goal(path: Path) -> bool:
        return problem.read(path.text) is not None

    searched = yield from tree_search(
        problem,
        key=key,
        select=best_first(n, expansions, is_goal, cost),
        state=None,
        expand=by_steps(step, depth),
        evaluate=by_verifier(verifier),
    )
    unfinished = [number for number in frontier(searched.tree, cost) if not searched.tree[number].path.done]
    searched = yield from completed(problem, searched, next(iter(unfinished), None), key=key)
    return outcome(problem, searched, winner=searched.state, cost=costs(searched.tree, cost))
