"""Execution guidance: the query of a text runs and gives a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

from passel.core.flow import Flow, call
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log

__all__ = ["sql_runs"]


@needs(tool="sql")
def sql_runs(
    problem: Problem,
    text: str,
    *,
    key: Key,
    database: str = "",
    seconds: Annotated[float, Log(0.1, 60.0)] = 5.0,
    empty: bool = False,
) -> Flow[Judgement]:
    """Whether the query of a text runs on the problem's database and gives a row; it needs no reference query.

    Source: Wang et al. 2018, Robust Text-to-SQL Generation with Execution-Guided Decoding (1807.03100), section 3:
    queries that fail, or whose result is empty, are left out.

    Args:
        database: path of the SQLite database; "" takes `database` of the problem's details.
        seconds: of the processor that the query may take; ours.
        empty: accept a query without rows too; False as in the paper.

    Returns: verdict; 1 if it runs and gives a row, 0 if it fails, takes too long, gives none, or the text holds no
        query; None if the problem has no database or the run itself failed.

    Cost: call <= 1

    Guarantees: heuristic; most wrong queries run. A right query is rejected where its true result has no rows.

    Deviations: the paper filters partial queries during beam search; this judges whole ones.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> problem = Problem("1", "How many?", details={"database": "shop.sqlite"})
    >>> ran = Reply(value={"columns": ["n"], "rows": [[3]], "error": "", "cut": False})
    >>> play(sql_runs(problem, "SELECT COUNT(*) FROM t", key=Key()), [ran]).value.explanation
    'the query runs; its first row is [3]'
    """
    path = database or str(problem.details.get("database") or "")
    if not path:
        return Judgement(None, "the problem has no database")
    answer = problem.read(text)
    if answer is None:
        return Judgement(0.0, "the text holds no query")
    reply = yield from call("sql", query=answer.text, database=str(Path(path).expanduser()), rows=1, seconds=seconds)
    if not reply.ok or not isinstance(reply.value, dict):
        return Judgement(None, reply.error or "the query could not be run")
    ran = cast(dict[str, Any], reply.value)
    metadata = {"query": answer.text, "error": ran["error"]}
    if ran["error"]:
        return Judgement(0.0, f"the query fails: {ran['error']}", metadata)
    if not ran["rows"]:
        return Judgement(float(empty), "the query gives no row", metadata)
    return Judgement(1.0, f"the query runs; its first row is {json.dumps(ran['rows'][0])}", metadata)
