"""A process reward model: a trained model's scores of the steps of a solution."""

from __future__ import annotations

from passel.core.flow import Flow, reward
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.steps import Aggregate, Step, Unit, judged_steps, split

__all__ = ["labels", "prm"]


@needs(reward="reward")
def prm(problem: Problem, text: str, *, key: Key, aggregate: Aggregate = "min", unit: Unit = "auto") -> Flow[Judgement]:
    """The scores that a process reward model gives the steps, put together. One pass, however many steps.

    A partial solution is scored as far as it goes; with aggregate="last" that is the value of a node in a search.

    Source: Lightman et al. 2023, Let's Verify Step by Step (2305.20050), product and minimum; Wang et al. 2023,
    Math-Shepherd (2312.08935), minimum; Snell et al. 2024 (2408.03314), last.

    Args:
        aggregate: min, product, last or mean of the steps' scores. min as in Math-Shepherd; product makes sense of
            probabilities only.
        unit: where a step ends; "auto" takes "Step 1:" marks, else paragraphs, lines or sentences. It should be the
            unit that the model was trained with: paragraphs for Qwen2.5-Math-PRM, marks or lines for Math-Shepherd.

    Returns: score; in [0, 1] where the model's head gives probabilities; None if the text is blank or the pass failed.

    Cost: score <= 1

    Guarantees: heuristic; no better than the model. Bind a model to the role: `--role reward=reward:PATH`.

    Deviations: none.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = prm(Problem("1", "2 + 2?"), "2+2=4\\nThe answer is 4.", key=Key())
    >>> play(flow, [Reply(scores=(0.9, 0.7))]).value.explanation
    'step 2 of 2 is the weakest, 0.7: The answer is 4.'
    """
    steps = yield from labels(problem, text, unit=unit)
    return judged_steps(steps, aggregate)


def labels(problem: Problem, text: str, *, unit: Unit = "auto") -> Flow[tuple[Step, ...]]:
    """The steps of a text with the model's scores; all None if the pass failed. Cost: score <= 1."""
    steps = split(text, unit)
    if not text.strip():
        return tuple(map(Step, steps))
    reply = yield from reward(problem.prompt, steps, chain=True, label="prm")
    if not reply.ok or len(reply.scores) != len(steps):
        return tuple(map(Step, steps))
    return tuple([Step(step, score) for step, score in zip(steps, reply.scores, strict=True)])
