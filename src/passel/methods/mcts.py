"""Monte Carlo tree search over steps, with a verifier in place of played-out games."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.puct import Rule, backed_up, monte_carlo, most_visited
from passel.methods.parts.rollouts import by_rollout
from passel.methods.parts.search import Choice, by_steps, by_verifier, completed, outcome, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["mcts"]


@needs(generator="text prefix")
def mcts(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    simulations: Annotated[int, Log(1, 256)] = 32,
    depth: Annotated[int, Log(1, 64)] = 40,
    max_rollout_steps: Annotated[int, Linear(0, 64)] = 0,
    rule: Rule = "puct",
    exploration: Annotated[float, Linear(0.0, 4.0)] = 1.25,
    verifier: Chosen = self_evaluation,
    step: StepUnit = "paragraph",
    choice: Choice = "best",
) -> Flow[Result]:
    """Walks to a leaf by value and visits, samples n next steps there, judges them and backs their values up.

    A simulation is one such walk from the root. At each node it takes the child of the highest PUCT: the child's mean
    value plus a bonus that falls with its own visits and grows with its parent's. A walk to a finished solution backs
    its value up again, without a pass. With `max_rollout_steps`, a step is judged by the text that greedy steps lead to
    from it: a rollout, to the solution's end if it is long enough.

    Source: Liu et al. 2025, Bag of Tricks for Inference-time Computation (2502.07191), MCTS, and its public code
    (`Infertime_computation.py`), after Feng et al. 2023, AlphaZero-Like Tree-Search (2309.17179); constants of
    AlphaZero. rule=uct: Kocsis and Szepesvari 2006, as in rStar (2408.06195) and ReST-MCTS* (2406.03816).

    Symbols: c_init -> exploration; c_base = 19652; Q -> the mean value; N -> visits.

    Args:
        n: next steps sampled of the leaf that a simulation reaches; 4 is ours, the code's default is 5.
        simulations: walks from the root; 32 is ours, the code makes 5 for each step of the answer.
        depth: steps at most, the last of which goes to the solution's end; 40 as in beam search, 8 in the code.
        max_rollout_steps: greedy steps after a new step before it is judged, at most; 0, as in the code, judges the
            step itself.
        rule: puct as in the code, or uct: the mean plus exploration * sqrt(log(N of the parent) / N).
        exploration: weight of the bonus; 1.25 as in the code. Made for values in [0, 1].
        verifier: the score of a solution as far as it goes, in [0, 1].
        step: what a step is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the finished solutions: best, vote, or weighted by score.

    Cost: generate <= n * simulations * (max_rollout_steps + 1) + 1, verifier <= n * simulations

    Guarantees: heuristic. Means of a verifier's values converge to nothing better than the verifier.

    Deviations: the values of all n new steps are backed up; their mean is the expected value of the step that the code
    picks at random, and all have been judged. A single tree grows from the root, where the code moves the root to the
    most visited child after each 5 simulations: so `simulations` bounds the cost, whatever the length of the answer.
    Equal steps are separate nodes. Failed steps are not visited; a step that could not be judged is visited only if no
    judged step is left. If no solution is finished in the end, the leaf of the most visited path is continued to its
    end. The whole tree, with each node's visits and mean value, is info["tree"].

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = mcts(Problem("1", "2 + 2?"), key=Key(), n=2, simulations=2, verifier=arithmetic, step="line")
    >>> wrong, right = Reply(text="2+2=5", stop_text="\\n"), Reply(text="2+2=4", stop_text="\\n")
    >>> ends = [Reply(text="The answer is 4.", stop_text=""), Reply(text="The answer is 5.", stop_text="")]
    >>> played = play(flow, [wrong, right, *ends])
    >>> [ask.prefix for ask in played.asks], played.value.text, played.value.info["visits"]
    (['', '', '2+2=4\\n', '2+2=4\\n'], '2+2=4\\nThe answer is 4.', [1, 3])
    """
    searched = yield from tree_search(
        problem,
        key=key,
        select=monte_carlo(n, simulations, rule, exploration),
        state=(),
        expand=by_steps(step, depth),
        evaluate=by_rollout(by_verifier(verifier), max_rollout_steps, step, depth),
    )
    visits = backed_up(searched.tree, searched.state)
    first_steps = [visits.counts[child] for child in searched.tree.children(0)]
    searched = yield from completed(problem, searched, most_visited(searched.tree, visits), key=key)
    visits = backed_up(searched.tree, searched.state)
    means = [visits.mean(number) for number in range(len(searched.tree))]
    result = outcome(problem, searched, choice, visits=visits.counts, value=means)
    return replace(result, info={**result.info, "visits": first_steps})
