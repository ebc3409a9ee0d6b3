"""A prompted judge: a model grades the answer from 1 to 10."""

from __future__ import annotations

import re

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, draw
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["judge"]

PROMPT = """Judge whether the answer below solves the question. Check every step. Explain in one or two sentences, then
give a rating from 1 (wrong) to 10 (certainly right) in this form: "Rating: [[5]]".

[Question]
{question}

[Answer]
{answer}
[End of the answer]"""

_BRACKETED = re.compile(r"\[\[(\d+(?:\.\d+)?)\]\]")
_PLAIN = re.compile(r"[Rr]ating:?\s*(\d+(?:\.\d+)?)")


@needs(judge="text")
def judge(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """A language model's rating of the answer, 1 to 10, asked for once with greedy decoding.

    Source: Zheng et al. 2023, Judging LLM-as-a-Judge (2306.05685), single answer grading (figure 6) and its
    `[[rating]]` form.

    Returns: score; the rating, scaled to [0, 1]; None if the reply holds no rating in range.

    Cost: generate = 1

    Guarantees: heuristic; no better than the judge. Bind a model to the role `judge`, or the generator judges itself.

    Deviations: our own wording; asks for correctness alone, not for helpfulness, depth or detail.

    >>> from passel.core.play import play
    >>> play(judge(Problem("1", "2 + 2?"), "4", key=Key()), ["Fine. Rating: [[10]]"]).value
    1.0
    """
    prompt = PROMPT.format(question=problem.question, answer=text)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from draw((Message("user", prompt),), key=key, sampling=greedy, role="judge", label="judge")
    found = _BRACKETED.findall(reply.text) or _PLAIN.findall(reply.text)
    if not found or not 1.0 <= (rating := float(found[-1])) <= 10.0:
        return None
    return (rating - 1.0) / 9.0
