"""Tree of thoughts: a model proposes steps, judges where they lead, and searches over them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.options import configured
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.parts.beams import beam_of
from passel.methods.parts.depth_first import deepest, depth_first
from passel.methods.parts.paths import Path, StepUnit
from passel.methods.parts.search import Choice, Searched, by_steps, by_verifier, completed, outcome, tree_search
from passel.methods.parts.thoughts import by_proposals, once, valued, voted
from passel.verifiers import Chosen
from passel.verifiers.judge import judge

__all__ = ["tree_of_thoughts"]


@needs(generator="text prefix", judge="text")
def tree_of_thoughts(
    problem: Problem,
    *,
    key: Key,
    search: Literal["breadth", "depth"] = "breadth",
    n: Annotated[int, Log(1, 64)] = 5,
    width: Annotated[int, Log(1, 64)] = 5,
    depth: Annotated[int, Log(1, 64)] = 4,
    generate: Literal["sample", "propose"] = "sample",
    evaluate: Literal["value", "vote", "verifier"] = "value",
    judgements: Annotated[int, Log(1, 16)] = 3,
    threshold: float = 0.1,
    expansions: Annotated[int, Log(1, 256)] = 32,
    solutions: Annotated[int, Log(1, 64)] = 3,
    verifier: Chosen = judge,
    step: StepUnit = "paragraph",
    choice: Choice = "best",
) -> Flow[Result]:
    """Samples n thoughts from a state, has a language model judge the new states, and continues the best.

    Breadth first: the `width` best states of each depth are kept. Depth first: the best thought is followed as far as
    it goes, then the next best; a state that is judged hopeless is not entered.

    Source: Yao et al. 2023, Tree of Thoughts (2305.10601), algorithms 1 (breadth first) and 2 (depth first), and its
    public code (`bfs.py`, `search_crosswords-dfs.ipynb`). solutions: Liu et al. 2025 (2502.07191), public code.

    Symbols: k -> n; b -> width; T -> depth; v_th -> threshold.

    Args:
        search: breadth or depth first.
        n: thoughts from each state; 5 as in the paper's creative writing.
        width: states kept at each depth, breadth first; 5 as in the paper's game of 24.
        depth: thoughts of a solution at most, the last of which goes to its end; 4 as in the code's game of 24.
        generate: sample: each thought is a separate sample. propose: one reply proposes all n.
        evaluate: value: each state is judged sure (20), likely (1) or impossible (0.001), and its value is the mean.
            vote: the judge votes among the new states of a round; a state's value is its share. verifier: the score of
            `verifier`.
        judgements: judgements of each state, or votes of a round; 3 values as in the game of 24 (5 votes in creative
            writing).
        threshold: depth first does not enter states of this value or less; 0.1 is ours: all judgements impossible, or
            hardly a vote.
        expansions: states expanded at most, depth first; 32 is ours, the code stops after 100 states.
        solutions: finished solutions above the threshold that end depth first; 3 as in the code of Liu et al.
        verifier: judges the states if evaluate=verifier.
        step: what a sampled thought is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the finished solutions: best, vote, or weighted by value.

    Cost: generate <= n * max(width * depth, expansions) * (judgements + 1) + 1,
    verifier <= n * max(width * depth, expansions)

    Guarantees: heuristic; no better than the judge. Bind a model to the role `judge`, or the generator judges itself.

    Deviations: our own prompts, the same for all tasks, where the paper has examples for each. The mean of the
    judgements takes the place of their sum, which orders states alike. Judgements that cannot be read do not count. Of
    states with equal text in a round only the first is judged, the others come last; the code gives them 0. Solutions
    may end before `depth`; breadth first they keep their place until better states push them out, with the share of
    their own round's votes if it is votes. Breadth first keeps the best states, as the paper does; the code can also
    sample them. Depth first stops at `solutions`; the paper continues to its limit of states. If nothing was finished,
    the deepest state is continued to its end.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = tree_of_thoughts(Problem("1", "2 + 2?"), key=Key(), n=2, width=1, depth=2, judgements=1)
    >>> steps = [Reply(text="Double 2.", stop_text="\\n\\n"), Reply(text="Guess.", stop_text="\\n\\n")]
    >>> ends = [Reply(text="It is 4."), Reply(text="It is 5.")]
    >>> played = play(flow, [*steps, "Fine.\\nlikely", "impossible", *ends, "sure", "impossible"])
    >>> print(played.value.text, "|", [ask.role for ask in played.asks[:4]])
    Double 2.
    <BLANKLINE>
    It is 4. | ['generator', 'generator', 'judge', 'judge']
    """
    judging = {"value": valued, "vote": voted, "verifier": verifier}[evaluate]
    judging = judging if evaluate == "verifier" else configured(judging, {"judgements": judgements})
    run = partial(
        tree_search,
        problem,
        key=key,
        expand=(by_steps if generate == "sample" else by_proposals)(step, depth),
        evaluate=once(by_verifier(judging)),
    )

    def is_answer(path: Path) -> bool:
        return problem.read(path.text) is not None

    searched: Searched[object]
    if search == "breadth":
        searched = yield from run(select=beam_of(n, width, n), state=())
    else:
        searched = yield from run(select=depth_first(n, expansions, solutions, threshold, is_answer), state=None)
    searched = yield from completed(problem, searched, deepest(searched.tree), key=key)
    return outcome(problem, searched, choice)
