"""An outcome reward model: a trained model's score of a whole answer."""

from __future__ import annotations

from passel.core.flow import Flow, reward
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.verdicts import undecided

__all__ = ["orm"]


@needs(reward="reward")
def orm(problem: Problem, text: str, *, key: Key) -> Flow[Judgement]:
    """The score that an outcome reward model gives the whole answer.

    Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems (2110.14168); as a classification head on
    a conversation: Stiennon et al. 2020 (2009.01325) and the reward models after it.

    Returns: score; a logit or a probability, as the model's head gives it; None if the pass failed.

    Cost: score = 1

    Guarantees: heuristic; no better than the model. Bind a model to the role: `--role reward=reward:PATH`. Logits of
    two problems do not compare.

    Deviations: Cobbe et al. train a scalar at every token and read the last one; here the head is the model's own.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> play(orm(Problem("1", "2 + 2?"), "4", key=Key()), [Reply(scores=(1.5,))]).value.value
    1.5
    """
    reply = yield from reward(problem.prompt, (text,), chain=False, label="orm")
    if not reply.ok or not reply.scores:
        return undecided([reply], "a score")
    return Judgement(reply.scores[0], f"the reward model gives {reply.scores[0]:.4g}")
