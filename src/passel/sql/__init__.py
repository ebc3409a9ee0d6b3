"""Model-written SQL: run on a SQLite database without harm, read out of texts, and compared by its rows."""

from passel.sql.compare import same_rows
from passel.sql.process import Outcome, run, run_async
from passel.sql.tokens import normal, ordered, statement

__all__ = ["Outcome", "normal", "ordered", "run", "run_async", "same_rows", "statement"]
