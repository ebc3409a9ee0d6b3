"""A prompted judge: a model grades the answer from 1 to 10."""

from __future__ import annotations

import re
from typing import Annotated

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, sample_within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.verifiers.parts.verdicts import undecided

__all__ = ["judge"]

PROMPT = """Judge whether the answer below solves the question. Check every step. Explain in one or two sentences, then
give a rating from 1 (wrong) to 10 (certainly right) in this form: "Rating: [[5]]".

{criteria}[Question]
{question}

[Answer]
{answer}
[End of the answer]"""

_BRACKETED = re.compile(r"\[\[(\d+(?:\.\d+)?)\]\]")
_PLAIN = re.compile(r"[Rr]ating:?\s*(\d+(?:\.\d+)?)")


@needs(judge="text")
def judge(
    problem: Problem, text: str, *, key: Key, samples: Annotated[int, Log(1, 16)] = 1, criteria: str = ""
) -> Flow[Judgement]:
    """A language model's rating of the answer, 1 to 10: by greedy decoding, or the mean of several samples.

    Source: Zheng et al. 2023, Judging LLM-as-a-Judge (2306.05685), single answer grading (figure 6) and its
    `[[rating]]` form.

    Args:
        samples: number of ratings; one is greedy, as in the paper; of several samples the mean is taken.
        criteria: what to judge by besides correctness, in words for the judge; none by default.

    Returns: score; the rating, scaled to [0, 1]; None if no reply holds a rating in range.

    Cost: generate = samples

    Guarantees: heuristic; no better than the judge. Bind a model to the role `judge`, or the generator judges itself.

    Deviations: our own wording; asks for correctness, and for helpfulness, depth or detail only where `criteria` does.
    A reply without a rating does not count towards the mean, nor does a sample that the budget no longer allowed.

    >>> from passel.core.play import play
    >>> play(judge(Problem("1", "2 + 2?"), "4", key=Key()), ["Fine. Rating: [[10]]"]).value
    Judgement(value=1.0, explanation='Fine. Rating: [[10]]', metadata={'ratings': [10.0]})
    """
    besides = f"[Criteria]\n{criteria}\n\n" if criteria else ""
    prompt = (Message("user", PROMPT.format(question=problem.question, answer=text, criteria=besides)),)
    sampling = Sampling(temperature=0.0) if samples == 1 else Sampling()
    replies = yield from sample_within(prompt, key=key, n=samples, sampling=sampling, role="judge", label="judge")
    judged = [(rating, reply.text.strip()) for reply in replies if (rating := _rating(reply)) is not None]
    if not judged:
        return undecided(replies, "a rating from 1 to 10")
    ratings = [rating for rating, _ in judged]
    words = "\n\n".join([text for _, text in judged])
    return Judgement((sum(ratings) / len(ratings) - 1.0) / 9.0, words, {"ratings": ratings})


def _rating(reply: Reply) -> float | None:
    """The last rating in range; of a reply that was cut short only one that has its closing brackets."""
    found = _BRACKETED.findall(reply.text) or (_PLAIN.findall(reply.text) if reply.ok else [])
    return rating if found and 1.0 <= (rating := float(found[-1])) <= 10.0 else None
