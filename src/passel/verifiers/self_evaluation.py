"""Self-evaluation: the probability that the model itself gives to Yes."""

from __future__ import annotations

import math

from passel.core.ask import Message
from passel.core.flow import Flow, score
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["self_evaluation"]

PROMPT = """Question:
{question}

Proposed answer:
{answer}

Is the proposed answer correct? Reply with one word, Yes or No."""


@needs(verifier="score")
def self_evaluation(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """P(Yes) / (P(Yes) + P(No)) of the next token after asking whether a proposed answer is correct.

    Source: Kadavath et al. 2022, Language Models (Mostly) Know What They Know (2207.05221), section 4, P(True).

    Returns: probability; None if the model gives neither word a chance that it reports.

    Cost: score = 1

    Guarantees: heuristic. Small models are badly calibrated at it; a fine-tuned one may not answer the question at all.

    Deviations: Yes and No in place of the paper's options (A) True and (B) False, which endpoints' log-probabilities
    serve as single tokens; no brainstormed samples are shown.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = self_evaluation(Problem("1", "2 + 2?"), "4", key=Key())
    >>> round(play(flow, [Reply(scores=(math.log(0.6), math.log(0.2)))]).value, 3)
    0.75
    """
    prompt = PROMPT.format(question=problem.question, answer=text)
    reply = yield from score((Message("user", prompt),), ("Yes", "No"), label="self_evaluation")
    if not reply.ok or max(reply.scores) == -math.inf:
        return None
    peak = max(reply.scores)  # else both may underflow to 0
    yes, no = (math.exp(logprob - peak) for logprob in reply.scores)
    return yes / (yes + no)
