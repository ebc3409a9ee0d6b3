"""Self-refine: an attempt, feedback on it, and a better attempt, until there is nothing to say."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow, affordable, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result, candidate
from passel.methods.parts.chains import criticised, revision_prompt
from passel.methods.parts.votes import last_answered

__all__ = ["self_refine"]

FINE = "Nothing to change."
ASK = """A reviewer says of this: {feedback}

Give the whole solution again with that put right, in the form asked for at the beginning."""


@needs(generator="text", critic="text")
def self_refine(problem: Problem, *, key: Key, rounds: Annotated[int, Log(1, 16)] = 4) -> Flow[Result]:
    """Samples an attempt, has a critic comment on it, rewrites it, and so on; the last attempt is the answer.

    It stops when the critic finds nothing to change, and after `rounds` rewrites. Each rewrite sees all attempts and
    feedback before it.

    Source: Madaan et al. 2023, Self-Refine (2303.17651), algorithm 1.

    Args:
        rounds: rewrites at most; 4 in the paper.

    Cost: generate <= 1 + 2 * rounds

    Guarantees: heuristic. A model that cannot tell right from wrong gives up right answers too.

    Deviations: prompts without examples, in our own words, for any task. An attempt without an answer is not returned
    if an earlier attempt has one; the paper returns the last. A critic that fails ends the loop.

    >>> from passel.core.play import play
    >>> script = ["2 + 2 = 5", "The sum is wrong.", "2 + 2 = 4", "Nothing to change."]
    >>> play(self_refine(Problem("1", "2 + 2?"), key=Key()), script).value.text
    '2 + 2 = 4'
    """
    (reply,) = yield from sample(problem.prompt, key=key)
    attempts = [candidate(problem, reply)]
    feedback: list[str] = []
    whole = True
    for turn in range(rounds):
        critic = criticised(problem, attempts[-1].text, key=key / turn, fine=FINE, label="self_refine")
        comment = yield from affordable(critic)
        if comment is None:
            whole = False
            break
        if not comment.ok or _is_fine(comment.text):
            break
        feedback.append(ASK.format(feedback=" ".join(comment.text.split())))
        prompt = revision_prompt(problem, [one.text for one in attempts], feedback)
        rewrites = yield from affordable(sample(prompt, key=key, label="refine"))
        if rewrites is None:
            whole = False
            break
        attempts.append(candidate(problem, rewrites[0]))
    return Result.of(last_answered(attempts), attempts, whole=whole, info={"feedback": len(feedback)})


def _is_fine(text: str) -> bool:
    words = " ".join(text.lower().split()).strip(" .\"'*")
    return words.startswith(FINE.lower().rstrip("."))
