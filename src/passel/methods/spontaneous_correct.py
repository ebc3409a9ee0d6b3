"""Spontaneous self-correction: solve and verify in turns, in one reply, until a check says yes."""

from __future__ import annotations

import re
from typing import Annotated

from passel.core.ask import Prompt, Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result
from passel.methods.parts.chains import ended

__all__ = ["spontaneous_correct"]

CHECK = "\n\nLet me check this. Is it correct, yes or no?"
AGAIN = "\n\nThat was wrong. Here is another solution.\n"

_VERDICT = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@needs(generator="text prefix")
def spontaneous_correct(
    problem: Problem, *, key: Key, turns: Annotated[int, Log(1, 8)] = 3, words: Annotated[int, Log(8, 512)] = 96
) -> Flow[Result]:
    """One reply in which solutions and short checks alternate; it ends at the first check that says yes.

    The solver and the verifier are the same model in one pass: y1, v1, y2, v2, … A solution that is checked and found
    right is the answer; without one the last is.

    Source: Zhao et al. 2025, Boosting LLM Reasoning via Spontaneous Self-Correction (2506.06923), SPOC.

    Symbols: y_k -> the k-th solution; v_k -> the k-th check.

    Args:
        turns: solutions at most; 3 is ours.
        words: completion tokens of a check at most; ours.

    Cost: generate <= 2 * turns

    Guarantees: heuristic. In the paper the model is trained for it, by pairs and then by reinforcement; without that
    the checks are worth what the model's judgement is.

    Deviations: the alternation, which a trained model does by itself, is written for it: after a solution the reply
    goes on with a question, after a "no" with the beginning of another solution. So the passes are several, of one
    growing text, whose beginning an engine keeps. The first solution is the draw that all methods share.

    >>> from passel.core.play import play
    >>> script = ["2 + 2 = 5.", "No, 2 + 2 is not 5.", "2 + 2 = 4.", "Yes."]
    >>> result = play(spontaneous_correct(Problem("1", "2 + 2?"), key=Key()), script).value
    >>> result.text, result.info["verified"]
    ('2 + 2 = 4.', True)
    """
    text, verified, whole = "", False, True
    attempts: list[Candidate] = []
    try:
        for turn in range(turns):
            (solved,) = yield from sample(problem.prompt, key=key, prefix=text)
            own = solved.text.strip()
            answer = problem.read(own) if solved.ok else None
            attempts.append(Candidate(own, answer, stop=solved.stop, tokens=solved.usage.completion_tokens))
            text += solved.text.rstrip() + CHECK
            if not solved.ok:
                break
            verdict = yield from _verdict(problem.prompt, key, text, words)
            verified = verdict == "yes"
            text += f" {verdict.capitalize()}." + AGAIN
            if verified or turn + 1 == turns:
                break
    except OutOfBudget:
        if not attempts:
            raise
        whole = False
    chosen = next((one for one in reversed(attempts) if one.answer is not None), None)
    return ended(attempts, chosen, whole=whole, verified=verified, solutions=len(attempts))


def _verdict(prompt: Prompt, key: Key, text: str, words: int) -> Flow[str]:
    """The first yes or no of the check; "no" where it says neither."""
    sampling = Sampling(max_tokens=words)
    (reply,) = yield from sample(prompt, key=key / "check", prefix=text, sampling=sampling, label="check")
    found = _VERDICT.search(reply.text) if reply.stop in ("end", "length") else None
    return found[1].lower() if found else "no"
