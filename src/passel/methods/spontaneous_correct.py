"""Spontaneous self-correction: solve and verify in turns, in one reply, until a check says yes."""

from __future__ import annotations

import re
from typing import Annotated

from passel.core.ask import Prompt, Sampling
from passel.core.flow import Flow, affordable, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result
from passel.methods.parts.votes import last_answered

__all__ = ["spontaneous_correct"]

CHECK = "\n\nLet me check this. Is it correct, yes or no?"
AGAIN = "\n\nThat was wrong. Here is another solution.\n"

_VERDICT = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@needs(generator="text prefix")
def spontaneous_correct(
    problem: Problem, *, key: Key, turns: Annotated[int, Log(1, 8)] = 3, check_tokens: Annotated[int, Log(8, 512)] = 96
) -> Flow[Result]:
    """A reply in which solutions and short checks alternate; it ends at the first check that says yes.

    The solver and the verifier are the same model in one text: y1, v1, y2, v2, … The solution that a check finds right
    is the answer; if there is none, the last solution is.

    Source: Zhao et al. 2025, Boosting LLM Reasoning via Spontaneous Self-Correction (2506.06923), SPOC.

    Symbols: y_k -> the k-th solution; v_k -> the k-th check.

    Args:
        turns: solutions at most; 3 is ours.
        check_tokens: completion tokens of a check at most; ours.

    Cost: generate <= 2 * turns

    Guarantees: heuristic. In the paper the model is trained for it, by pairs and then by reinforcement; without that
    the checks are as good as the model's judgement.

    Deviations: a trained model alternates by itself; here the alternation is written for it: after a solution the text
    continues with a question, after a "no" with the beginning of another solution. So there are several passes over a
    growing text, whose beginning an engine caches. The first solution is the sample that all methods share.

    >>> from passel.core.play import play
    >>> script = ["2 + 2 = 5.", "No, 2 + 2 is not 5.", "2 + 2 = 4.", "Yes."]
    >>> result = play(spontaneous_correct(Problem("1", "2 + 2?"), key=Key()), script).value
    >>> result.text, result.info["verified"]
    ('2 + 2 = 4.', True)
    """
    text, verified, whole = "", False, True
    attempts: list[Candidate] = []
    for _ in range(turns):
        replies = yield from affordable(sample(problem.prompt, key=key, prefix=text), or_raise=not attempts)
        if replies is None:
            whole = False
            break
        (solution,) = replies
        solved = solution.text.strip()
        answer = problem.read(solved) if solution.ok else None
        attempts.append(Candidate(solved, answer, stop=solution.stop, tokens=solution.usage.completion_tokens))
        text += solution.text.rstrip() + CHECK
        if not solution.ok:
            break
        verdict = yield from affordable(_verdict(problem.prompt, key, text, check_tokens))
        whole = verdict is not None
        verified = verdict == "yes"
        if verdict is None or verified:
            break
        text += f" {verdict.capitalize()}." + AGAIN
    info = {"verified": verified, "solutions": len(attempts)}
    return Result.of(last_answered(attempts), attempts, whole=whole, info=info)


def _verdict(prompt: Prompt, key: Key, text: str, max_tokens: int) -> Flow[str]:
    """The first yes or no of the check; "no" if it says neither."""
    sampling = Sampling(max_tokens=max_tokens)
    (reply,) = yield from sample(prompt, key=key / "check", prefix=text, sampling=sampling, label="check")
    verdict = _VERDICT.search(reply.text) if reply.stop in ("end", "length") else None
    return verdict[1].lower() if verdict else "no"
