"""Answers that are SQL queries: read out of a text, and scored by their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from passel.core.problem import Answer, Reader
from passel.sql import Outcome, normal, ordered, run, same_rows, statement
from passel.tasks.parts.stated import stated
from passel.tasks.parts.task import AnswerKind, Item

__all__ = ["query_kind", "read_sql"]

_MOST = 50_000  # rows that are compared
_INSTRUCTION = "Write one SQLite query that answers the question. Put it last, in a ```sql block."


def read_sql(text: str) -> Answer | None:
    """The last query of a text: that of the last fenced block that holds one, else that after the last mark of a final
    answer, else the last that begins anywhere.

    Its key is the query's text (see `passel.sql.normal`), not its rows: a reader sees no database, so two queries that
    give the same rows are two answers to a vote.
    """
    found = next((query for part in _places(text) if (query := statement(part))), "")
    query = found.strip().strip("`*").strip().removesuffix(".").rstrip()
    return Answer(query, normal(query)) if query else None


def _places(text: str) -> Iterator[str]:
    yield from reversed(text.split("```")[1::2])
    yield from stated(text)
    yield text


def query_kind(seconds: float) -> AnswerKind:
    """A query, right if it gives the rows of the reference query on the item's database (`details["database"]`); the
    order of rows counts where the reference fixes it. None where the reference fails or has more than 50,000 rows."""
    return AnswerKind(_reader, _scorer(seconds), _INSTRUCTION, costly=True)


def _reader(_: tuple[str, ...]) -> Reader:
    return read_sql


def _scorer(seconds: float) -> Callable[[Item, Answer | None], float | None]:
    @lru_cache(16)
    def reference(query: str, database: str) -> Outcome:
        return run(query, database, rows=_MOST, seconds=4 * seconds)

    def score(item: Item, answer: Answer | None) -> float | None:
        if not item.gold:
            return None
        if answer is None:
            return 0.0
        database = str(item.details["database"])
        gold = reference(item.gold, database)
        if gold.error or gold.cut:
            return None
        given = run(answer.text, database, rows=len(gold.rows), seconds=seconds)
        right = not given.error and not given.cut and same_rows(gold, given, in_order=ordered(item.gold))
        return float(right)

    return score
