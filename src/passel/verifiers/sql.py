"""Execution match: the query of a text gives the rows of the reference query."""

from __future__ import annotations

from passel.core.flow import Flow, call
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["sql"]


@needs(tool="check")
def sql(problem: Problem, text: str, *, key: Key) -> Flow[Judgement]:
    """Whether the query of a text gives the same rows as the reference query on the problem's database.

    Source: Zhong, Yu and Klein 2020, Semantic Evaluation for Text-to-SQL with Distilled Test Suites (2010.02840), for
    the comparison of rows; Li et al. 2023, BIRD (2305.03111), for execution on one database a question.

    Returns: verdict; 1 for the same rows, 0 for others, a query that fails or none at all; None if the reference query
        is not known or fails.

    Cost: call = 1

    Guarantees: a query that is right on every database scores 1, if it stays within its time. A wrong one can score 1
    where the database happens not to show the difference. An upper bound for verifiers that do not know the reference.

    Deviations: one database, not a test suite of several. See `passel.sql.same_rows`.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> play(sql(Problem("1", "How many?"), "SELECT COUNT(*) FROM t", key=Key()), [Reply(value=0.0)]).value.value
    0.0
    """
    answer = problem.read(text)
    reply = yield from call("check", text=answer.text if answer else "", key=answer.key if answer else "")
    if not reply.ok or reply.value is None:
        return Judgement(None, reply.error or "the reference query is not known, or fails")
    value = float(reply.value)
    if answer is None:
        return Judgement(value, "the text holds no query")
    verdict = "gives" if value == 1.0 else "does not give"
    shown = f"the query {verdict} the rows of the reference query: {answer.text}"
    return Judgement(value, shown, {"query": answer.text})
