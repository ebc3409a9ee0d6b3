"""The answer against the reference answer, by the task's own comparison."""

from __future__ import annotations

from passel.core.flow import Flow, call
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["math_answer"]


@needs(tool="check")
def math_answer(problem: Problem, text: str, *, key: Key, gold: str = "") -> Flow[Judgement]:
    """Whether the answer of a text is the reference answer, compared as mathematics.

    A task compares by its own rule: expressions by math-verify, numbers by value, the rest as the task says.

    Source: Kydlíček 2025, Math-Verify (github.com/huggingface/Math-Verify), for the comparison of expressions.

    Args:
        gold: the reference answer, where there is no task that knows it; "" asks the task. It is compared by
            math-verify and needs `pip install "passel[tasks]"`.

    Returns: verdict; 1 for the reference answer, 0 for another or none; None if the task knows no reference answer or
        the comparison failed.

    Cost: call = 1

    Guarantees: as exact as the comparison; an upper bound for verifiers that do not know the answer.

    Deviations: a text without an answer is compared as the empty answer, so that an unknown reference is None for it
    too.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> play(math_answer(Problem("1", "2 + 2?"), "4", key=Key()), [Reply(value=1.0)]).value.value
    1.0
    """
    answer = problem.read(text)
    given = answer.text if answer else ""
    shown = f"the answer {given}" if answer else "the text holds no answer, which"
    if gold:
        reply = yield from call("same_answer", gold=gold, given=given)
    else:
        reply = yield from call("check", text=given, key=answer.key if answer else "")
    if not reply.ok or reply.value is None:
        return Judgement(None, reply.error or "the reference answer is not known, or the comparison took too long")
    value = float(reply.value)
    verdict = "is the reference answer" if value == 1.0 else "is not the reference answer"
    return Judgement(value, f"{shown} {verdict}", {"answer": answer.text if answer else None})
