"""Where a text states its answer: each file finds one way of stating it. A form that was asked for is trusted before a
sentence, a sentence before a last line, and the last statement of a trust before those before it."""

from __future__ import annotations

from passel.reading.marks.stated import statements
from passel.reading.marks.statement import Statement, Trust

__all__ = ["Statement", "Trust", "statements"]
