"""A rating from 1 up, weighted by the probabilities that the judge gives to each number."""

from __future__ import annotations

import math
from typing import Annotated

from passel.core.ask import Message
from passel.core.errors import UsageError
from passel.core.flow import Flow, score
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear
from passel.verifiers.parts.verdicts import undecided

__all__ = ["rating"]

PROMPT = """Rate how likely it is that the answer below is the correct answer to the question, from 1 (wrong) to \
{scale} (certainly right).

{criteria}[Question]
{question}

[Answer]
{answer}
[End of the answer]

Reply with the number alone."""


@needs(judge="score")
def rating(
    problem: Problem, text: str, *, key: Key, scale: Annotated[int, Linear(2, 9)] = 5, criteria: str = ""
) -> Flow[Judgement]:
    """The mean of a language model's rating, over the probabilities it gives to each rating.

    Finer than the rating that the model would write, which is mostly the same for many answers.

    Source: Liu et al. 2023, G-Eval (2303.16634), its scoring function (equation 1).

    Symbols: S -> 1 … scale.

    Args:
        scale: the best rating; 5 as in most of the paper's prompts. At most 9: ratings must differ in their first
            token, by which endpoints report probabilities.
        criteria: what to judge by besides correctness, in words for the judge; none by default.

    Returns: score; the mean rating, scaled to [0, 1]; None if no rating has a reported probability.

    Cost: score = 1

    Guarantees: heuristic; no better than the judge. Bind a model to the role `judge`, or the generator judges itself.

    Deviations: our own wording, without the paper's generated evaluation steps. Probabilities are normalised over the
    ratings; the paper estimates them from 20 samples for models that report none.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> halves = Reply(scores=(-math.inf, -math.inf, -math.inf, math.log(0.5), math.log(0.5)))
    >>> play(rating(Problem("1", "2 + 2?"), "4", key=Key()), [halves]).value.value
    0.875
    """
    if not 2 <= scale <= 9:
        raise UsageError(f"scale of rating must be from 2 to 9, got {scale}")
    besides = f"[Criteria]\n{criteria}\n\n" if criteria else ""
    said = PROMPT.format(scale=scale, question=problem.question, answer=text, criteria=besides)
    numbers = range(1, scale + 1)
    reply = yield from score((Message("user", said),), [str(n) for n in numbers], role="judge", label="rating")
    if not reply.ok or max(reply.scores, default=-math.inf) == -math.inf:
        return undecided([reply], "a probability of a rating")
    peak = max(reply.scores)  # else all may underflow to 0
    weights = [math.exp(logprob - peak) for logprob in reply.scores]
    total = sum(weights)
    mean = sum(number * weight for number, weight in zip(numbers, weights, strict=True)) / total
    probabilities = {str(number): weight / total for number, weight in zip(numbers, weights, strict=True)}
    likely = [f"{number} with probability {share:.2f}" for number, share in probabilities.items() if share >= 0.01]
    why = f"rating {mean:.2f} of {scale}: {', '.join(likely)}"
    return Judgement((mean - 1.0) / (scale - 1.0), why, {"probabilities": probabilities})
