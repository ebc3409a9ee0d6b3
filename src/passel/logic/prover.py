"""A prover of first-order logic with equality: do premises entail a conclusion, its negation, or neither?

Every interpretation has a domain that is not empty; `=` is identity; different names may name the same thing; functions
are total and otherwise free.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from passel.core.errors import UsageError
from passel.logic.dialects import smtlib, tptp
from passel.logic.process import MEMORY, ask
from passel.logic.syntax import Formula, Not
from passel.logic.theory import Theory

__all__ = ["Decision", "Found", "Label", "Solver", "available", "decide", "ready", "solve"]

Label = Literal["True", "False", "Unknown", "Error"]
Solver = Literal["cvc5", "z3", "eprover"]
Found = Literal["unsat", "sat", "unknown"]
_GRACE = 2.0  # seconds that E may take beyond its own limit before it is killed


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a proof search.

    Args:
        label: True: the premises entail the conclusion. False: they entail its negation. Unknown: they entail neither,
            and there is a model of each. Error: not decided.
        stop: "decided"; "timeout": no proof, and no countermodel either, in time; "failed": a solver broke down.
        reason: one line for a person.
        contradictory: whether the premises entail both (the label is then True); None where that was not decided.
        seconds: the time that both searches took.
    """

    label: Label
    stop: Literal["decided", "timeout", "failed"]
    reason: str
    contradictory: bool | None
    seconds: float


def ready() -> None:
    """Raises UsageError where the default solver is not installed."""
    if find_spec("cvc5") is None:
        raise UsageError('cvc5 is not installed: pip install "passel[logic]"')


def available() -> list[Solver]:
    """The solvers on this machine, the default first."""
    there: dict[Solver, bool] = {
        "cvc5": find_spec("cvc5") is not None,
        "eprover": shutil.which("eprover") is not None,
        "z3": find_spec("z3") is not None,
    }
    return [solver for solver, installed in there.items() if installed]


def decide(theory: Theory, *, seconds: float = 10.0, solvers: Sequence[Solver] | None = None) -> Decision:
    """Tries to prove the conclusion, then its negation, each by refutation.

    Source: Olausson et al. 2023, LINC (2310.15164), section 2: True if the conclusion is proved, else False if its
    negation is, else Uncertain. There a search that ends without a proof counts as none; here a model is asked for.

    Args:
        seconds: for each of the two searches; LINC's limit is 10. A search ends with the first proof or model.
        solvers: tried one after the other, the time shared equally; default: the first two of `available`. cvc5
            searches for proofs and finite models; a theory with infinite models only needs another, or stays undecided.
    """
    if not seconds > 0:
        raise UsageError(f"seconds must be more than 0, got {seconds}")
    if solvers is None:
        ready()
        solvers = available()[:2]
    begun = time.perf_counter()
    against, why = solve((*theory.premises, Not(theory.conclusion)), seconds, solvers)
    in_favour, why_not = solve((*theory.premises, theory.conclusion), seconds, solvers)
    took = time.perf_counter() - begun
    if against == "unsat":
        both = None if in_favour == "unknown" else in_favour == "unsat"
        note = "; the premises contradict each other" if both else ""
        return Decision("True", "decided", f"the conclusion is proved{note}", both, took)
    if in_favour == "unsat":
        both = None if against == "unknown" else False
        return Decision("False", "decided", "the negation of the conclusion is proved", both, took)
    if against == in_favour == "sat":
        return Decision("Unknown", "decided", "there are models with the conclusion and without it", False, took)
    reason = why or why_not
    stop = "timeout" if "timeout" in reason else "failed"
    return Decision("Error", stop, f"not decided in {seconds:g} s a search: {reason}", None, took)


def solve(formulas: Sequence[Formula], seconds: float, solvers: Sequence[Solver]) -> tuple[Found, str]:
    """Whether the formulas have a model ("sat") or none ("unsat"), by the first solver that can tell; why it cannot.

    A solver takes its share of the seconds and at most 2 more, and 2 GiB.
    """
    reasons: list[str] = []
    for solver in solvers:
        share = seconds / len(solvers)
        if solver == "eprover":
            found, reason = _eprover(tptp(formulas), share)
        else:
            found, reason = ask(solver, smtlib(formulas), share)
        if found == "unsat":
            return "unsat", ""
        if found == "sat":
            return "sat", ""
        reasons.append(f"{solver}: {'timeout' if 'timeout' in reason.casefold() else reason or 'gave up'}")
    return "unknown", ", ".join(reasons)


def _eprover(script: str, seconds: float) -> tuple[str, str]:
    limits = [f"--cpu-limit={max(1, round(seconds))}", f"--memory-limit={MEMORY // 2**20}"]
    command = ["eprover", "--auto", "--silent", "--tptp3-format", *limits]
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=seconds + _GRACE)
    except subprocess.TimeoutExpired:
        return "unknown", "timeout"
    except OSError as error:
        return "unknown", str(error)
    status = next((line.rpartition(" ")[2] for line in done.stdout.splitlines() if "SZS status" in line), "")
    known = {"Unsatisfiable": ("unsat", ""), "Satisfiable": ("sat", ""), "ResourceOut": ("unknown", "timeout")}
    return known.get(status, ("unknown", status or done.stderr.strip()[:200]))
