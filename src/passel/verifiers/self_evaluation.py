"""Self-evaluation: the probability that the model itself gives to Yes."""

from __future__ import annotations

from passel.core.ask import Message
from passel.core.flow import Flow, score
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.verdicts import finite, undecided, yes_probability

__all__ = ["self_evaluation"]

PROMPT = """Question:
{question}

Proposed answer:
{answer}

Is the proposed answer correct? Reply with one word, Yes or No."""


@needs(verifier="score")
def self_evaluation(problem: Problem, text: str, *, key: Key) -> Flow[Judgement]:
    """P(Yes) / (P(Yes) + P(No)) of the next token after asking whether a proposed answer is correct.

    Source: Kadavath et al. 2022, Language Models (Mostly) Know What They Know (2207.05221), section 4, P(True).

    Returns: probability; None if the model reports no probability for either word.

    Cost: score = 1

    Guarantees: heuristic. Small models are badly calibrated at it; a fine-tuned one may not answer the question at all.

    Deviations: Yes and No in place of the paper's options (A) True and (B) False, which endpoints' log-probabilities
    serve as single tokens; no brainstormed samples are shown.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> flow = self_evaluation(Problem("1", "2 + 2?"), "4", key=Key())
    >>> round(play(flow, [Reply(scores=(-0.5, -1.6))]).value.value, 2)
    0.75
    """
    prompt = PROMPT.format(question=problem.question, answer=text)
    reply = yield from score((Message("user", prompt),), ("Yes", "No"), label="self_evaluation")
    share = yes_probability(reply)
    if share is None:
        return undecided([reply], "a probability of Yes or No")
    return Judgement(share, f"Yes with probability {share:.3f}", {"logprobs": finite(reply.scores)})
