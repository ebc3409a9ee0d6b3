"""Reading: what a model said, and where it says it.

Three steps, each in files of its own. `final_part` leaves out what is not the answer (thought, special tokens, run-on
examples). `marks/` find where an answer is stated, and how much each way of stating it is trusted. `kinds/` read one
kind of answer: numbers, letters, labels, text, code, mathematics. docs/reading.md shows them by examples.
"""

from __future__ import annotations

from passel.reading.final_part import final_part
from passel.reading.marks import Statement, Trust, statements

__all__ = ["Statement", "Trust", "final_part", "statements"]
