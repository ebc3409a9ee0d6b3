"""Generative verification: chains of thought that each end with a verdict."""

from __future__ import annotations

from typing import Annotated

from passel.core.ask import Message
from passel.core.flow import Flow, sample_within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.verifiers.parts.verdicts import read_verdict, undecided

__all__ = ["genrm"]

PROMPT = """Here are a question and a proposed solution. Check the solution step by step: redo each calculation, ask \
whether each step follows, and whether the final answer answers the question.

Question:
{question}

Proposed solution:
{answer}

Write down your check. End with one line: "Verdict: Yes" if the final answer is correct, or "Verdict: No" if it is \
not."""


@needs(verifier="text")
def genrm(problem: Problem, text: str, *, key: Key, m: Annotated[int, Log(1, 32)] = 4) -> Flow[Judgement]:
    """The share of m verification chains that find the answer correct.

    Source: Zhang et al. 2024, Generative Verifiers (2408.15240), GenRM-CoT with several chains; the mean of binary
    verdicts as in Singhi et al. 2025, When To Solve, When To Verify (2504.01005).

    Symbols: V (K in Zhang et al.) -> m.

    Args:
        m: verification chains. Singhi et al. vary V over powers of two up to 32, which is what Zhang et al. use; 4 is a
            small one of them, as their fits let solutions grow faster than verifications.

    Returns: probability; yes 1, no 0, mean over the chains that gave a verdict; None if none did.

    Cost: generate = m

    Guarantees: an unbiased estimate of how often the verifier's model says yes where it says yes or no, with a standard
    error of at most 0.5 / sqrt(readable verdicts). It is the probability of being right only as far as that model is
    calibrated: heuristic.

    Deviations: prompted in our own words, not fine-tuned. A chain without a readable verdict, or cut off, does not
    count: it says nothing about the answer, and as a no it would lower long solutions, whose checks are cut off most.
    Verdicts in place of Zhang et al.'s P(Yes) after each chain, which is `genrm_cot`. When the budget ends, the mean is
    over the chains it allowed.

    >>> from passel.core.play import play
    >>> chains = ["2 + 2 = 4.\\nVerdict: Yes", "Verdict: **No**", "It is 4.\\nVerdict: Yes", "I cannot tell."]
    >>> round(play(genrm(Problem("1", "2 + 2?"), "4", key=Key()), chains).value.value, 3)
    0.667
    """
    prompt = (Message("user", PROMPT.format(question=problem.question, answer=text)),)
    replies = yield from sample_within(prompt, key=key, n=m, role="verifier", label="genrm")
    read = [(read_verdict(reply.text), reply.text.strip()) for reply in replies if reply.ok]
    judged = [(verdict, chain) for verdict, chain in read if verdict is not None]
    if not judged:
        return undecided(replies, "a verdict")
    verdicts = [verdict for verdict, _ in judged]
    share = sum(verdicts) / len(verdicts)
    chain = next(chain for verdict, chain in judged if verdict == (share >= 0.5))
    why = f"{sum(verdicts)} of {len(verdicts)} checks find the answer correct; one of the majority:"
    return Judgement(share, f"{why}\n{chain}", {"verdicts": verdicts})
