"""Problems with formulas: FOLIO with its own annotations, ProofWriter and PrOntoQA by the reader of their English."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from parts.controlled_english import read_english

from passel.logic.parser import Fault
from passel.logic.syntax import Formula
from passel.logic.theory import Theory, read_theory
from passel.tasks import load

__all__ = ["SETS", "Stated", "stated"]

SETS = {
    "folio": "FOLIO validation, given logic",
    "proofwriter:split=dev": "ProofWriter dev",
    "prontoqa": "PrOntoQA",
}
_LABELS = {"A": "True", "B": "False", "C": "Unknown", "Uncertain": "Unknown"}


@dataclass(frozen=True, slots=True)
class Stated:
    """A problem: its name, its gold label, and its formulas or why they cannot be read."""

    name: str
    gold: str
    theory: Theory | Fault


def stated(spec: str) -> list[Stated]:
    """The problems of a set, in the order of its file."""
    return _folio() if spec == "folio" else _english(spec)


def _folio() -> list[Stated]:
    folder = os.environ.get("PASSEL_DATA")
    if not folder:
        raise SystemExit("needs PASSEL_DATA, the folder of the data sets")
    lines = (Path(folder) / "folio" / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    found: list[Stated] = []
    for number, row in enumerate(map(json.loads, lines), 1):
        theory = read_theory(row["premises-FOL"], row["conclusion-FOL"])
        found.append(Stated(f"line {number}", _LABELS.get(row["label"], row["label"]), theory))
    return found


def _english(spec: str) -> list[Stated]:
    task = load(spec)
    found: list[Stated] = []
    for problem in task.problems():
        sentences = [*problem.details["premises"], problem.details["conclusion"]]
        formulas = [read_english(sentence) for sentence in sentences]
        fault = next((one for one in formulas if isinstance(one, Fault)), None)
        theory = fault or _theory([one for one in formulas if not isinstance(one, Fault)])
        found.append(Stated(problem.id, _LABELS[task.gold(problem.id)], theory))
    return sorted(found, key=lambda one: one.name)


def _theory(formulas: list[Formula]) -> Theory:
    return Theory(tuple(formulas[:-1]), formulas[-1])
