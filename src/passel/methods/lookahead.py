"""Lookahead search: a beam search that judges steps by where they lead."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.beams import beam_of
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.rollouts import by_rollout
from passel.methods.parts.search import Choice, by_steps, by_verifier, outcome, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["lookahead"]


@needs(generator="text prefix")
def lookahead(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 16,
    width: Annotated[int, Log(1, 16)] = 4,
    max_rollout_steps: Annotated[int, Linear(0, 8)] = 1,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    step: StepUnit = "paragraph",
    choice: Choice = "best",
) -> Flow[Result]:
    """Beam search that judges a step by the text that up to `max_rollout_steps` greedy steps lead to from it.

    A rollout continues each new step at temperature 0, and stops early where the solution ends. It is used only for the
    judgement: the beam continues the step itself. With max_rollout_steps=0 it is beam search.

    Source: Snell et al. 2024, Scaling LLM Test-Time Compute Optimally (2408.03314), section 5.1, "Lookahead search";
    rounds as in Beeching et al. 2024, search-and-learn (public code, `search/utils.py`).

    Symbols: N -> n; M -> width; k -> max_rollout_steps.

    Args:
        n: steps sampled in a round; 16 is ours, the paper goes to 256.
        width: next steps of each kept solution; 4 as in the paper.
        max_rollout_steps: greedy steps after each sampled step, at most; the paper uses 1 and 3.
        depth: steps at most, the last of which goes to the solution's end; 40 as in search-and-learn.
        verifier: scores the text at a rollout's end (`verifier=prm:verifier.aggregate=last` as in the paper).
        step: what a step is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the finished solutions: best, vote, or weighted by score.

    Cost: generate <= max(n, width) * depth * (max_rollout_steps + 1), verifier <= max(n, width) * depth

    Guarantees: heuristic. The paper finds it below beam search at equal cost, because the rollouts use up samples.

    Deviations: equal steps of a round share a rollout, which is greedy and so the same for all. A step whose rollout
    failed or was truncated is not judged, and is kept only if no judged step is left. A solution that only a rollout
    finished is not a candidate. search-and-learn's beam search samples rollouts but scores the text without them; here,
    as in the paper and in that code's DVTS, the end of the rollout is scored.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = lookahead(Problem("1", "2 + 2?"), key=Key(), n=2, width=2, verifier=arithmetic, step="line", depth=2)
    >>> one, two = Reply(text="So", stop_text="\\n"), Reply(text="Well", stop_text="\\n")
    >>> ahead = [Reply(text="2+2=5", stop_text=""), Reply(text="2+2=4", stop_text="")]
    >>> played = play(flow, [one, two, *ahead, Reply(text="2+2=4"), Reply(text="2+2=3")])
    >>> [ask.prefix for ask in played.asks], played.value.text
    (['', '', 'So\\n', 'Well\\n', 'Well\\n', 'Well\\n'], 'Well\\n2+2=4')
    """
    searched = yield from tree_search(
        problem,
        key=key,
        select=beam_of(n, max(1, n // width), width),
        state=(),
        expand=by_steps(step, depth),
        evaluate=by_rollout(by_verifier(verifier), max_rollout_steps, step, depth),
    )
    return outcome(problem, searched, choice)
