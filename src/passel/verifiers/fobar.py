"""Backward verification: does the candidate answer lead back to a number hidden in the question?"""

from __future__ import annotations

from typing import Annotated

from passel.core.ask import Generate, Message
from passel.core.flow import Flow, within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.verifiers.parts.masking import masked, read_unknown, same_number
from passel.verifiers.parts.verdicts import undecided

__all__ = ["fobar"]

PROMPT = """In this question one number is unknown and called {name}:

{question}

If we know that the answer to this question is {answer}, what is the value of the unknown {name}?
Solve step by step, one operation per line. End with "{name} = " and its value."""


@needs(verifier="text")
def fobar(
    problem: Problem,
    text: str,
    *,
    key: Key,
    m: Annotated[int, Log(1, 64)] = 8,
    numbers: Annotated[int, Linear(1, 8)] = 3,
) -> Flow[Judgement]:
    """The share of backward chains that recover a number of the question from the candidate answer.

    Each number of the question is hidden in turn; m chains take the answer for known and solve for the hidden number.

    Source: Jiang et al. 2023, Forward-Backward Reasoning in Large Language Models for Mathematical Verification
    (2308.07758), its backward direction, after its public code (main_backward_reasoning.py); `parts/backward.py`
    combines it with votes.

    Symbols: M_B -> m.

    Args:
        m: chains a hidden number; 8 in the paper.
        numbers: numbers hidden at most, the first ones. The paper hides every one; ours, to bound the cost.

    Returns: score; in [0, 1], the share of complete chains that name the hidden number; None if the question has no
        number in digits, the text holds no answer, or no chain came to its end.

    Cost: generate <= m * numbers

    Guarantees: heuristic. Tells candidates apart only where the model recovers hidden numbers from a right answer more
    often than from a wrong one. A number that does not change the answer is no evidence.

    Deviations: our own wording. Numbers in words are not hidden, nor are those of answer options. The paper counts
    chains (Z); a share is Z over the number of chains, which is the same for all candidates unless a chain fails. When
    the budget ends, the share is of the chains it allowed, which are spread evenly over the hidden numbers.

    >>> from passel.core.play import play
    >>> played = play(fobar(Problem("1", "What is 2 + 3?"), "5", key=Key(), m=1), ["x = 5 - 3 = 2", "x = 4"])
    >>> played.value.explanation
    '1 of 2 chains lead back from 5 to the hidden number; 3 was recovered as 4'
    """
    answer = problem.read(text)
    if answer is None:
        return Judgement(None, "the text holds no answer")
    hidden = masked(problem, numbers)
    if not hidden:
        return Judgement(None, "the question has no number in digits")
    asks: list[Generate] = []
    for chain in range(m):
        for question in hidden:
            prompt = PROMPT.format(name=question.name, question=question.question, answer=answer.text)
            asks.append(Generate((Message("user", prompt),), key / "draw" / chain, role="verifier", label="fobar"))
    replies = yield from within(asks)
    pairs = zip(replies, hidden * m, strict=False)  # fewer replies where the budget ended
    found = [(question.hidden, read_unknown(reply.text, question.name)) for reply, question in pairs if reply.ok]
    if not found:
        return undecided(replies, "the hidden number")
    right = [same_number(number, recovered) for number, recovered in found]
    wrong = [f"{number} was recovered as {value}" for number, value in found if not same_number(number, value)]
    why = f"{sum(right)} of {len(right)} chains lead back from {answer.text} to the hidden number"
    chains = [{"hidden": str(number), "recovered": None if value is None else str(value)} for number, value in found]
    return Judgement(sum(right) / len(right), "; ".join([why, *wrong[:3]]), {"chains": chains})
