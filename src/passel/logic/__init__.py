"""First-order logic: formulas, a forgiving parser, and a prover with three answers."""

from __future__ import annotations

from passel.logic.parser import Fault, Parsed, parse
from passel.logic.prover import Decision, decide
from passel.logic.syntax import Formula, show
from passel.logic.theory import Theory, read_theory

__all__ = ["Decision", "Fault", "Formula", "Parsed", "Theory", "decide", "parse", "read_theory", "show"]
