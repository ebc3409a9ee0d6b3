"""Assumptions from a comparison that was run: what its record tells of the generator and its verifiers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

import numpy as np

from passel.core.errors import UsageError, unknown
from passel.estimators.verifiers.roc import auc
from passel.measure.comparison import Comparison
from passel.measure.summary import summarise
from passel.runs.pilot import ORACLE, Pilot
from passel.runs.run import Run
from passel.tuning.assumptions import Assumptions

__all__ = ["from_pilot", "rho_of"]

PLAIN = ("single", "vote")
"""Methods that make plain draws and no other pass."""


async def from_pilot(folder: Path | str | None, given: Mapping[str, Any]) -> tuple[Assumptions, list[str]]:
    """Assumptions, of which a run in `folder` tells some, and a sentence on each that it told.

    chance: the share of right plain draws, to the power 1 / steps. tokens: generated a plain draw over steps, where
    `single` or `vote` is among its methods. rho: of the verifier with the highest chance to rank a right answer of a
    problem above a wrong one. How many steps a solution has and how many ways each can go it does not tell, nor a bias.

    Args:
        folder: of the run; None: there is none.
        given: assumptions that stand, whatever the run says.

    Raises UsageError for an assumption that does not exist, and for a run without a right plain draw where `chance` is
    not given.
    """
    known = [field.name for field in fields(Assumptions)]
    for name in given:
        if name not in known:
            raise unknown("assumption", name, known)
    if folder is None:
        return Assumptions(**given), []
    run = Run.open(folder)
    pilot, found = await run.as_pilot(), summarise(await run.replay())
    steps = given.get("steps", Assumptions().steps)
    told = _told(pilot, found, steps)
    if "chance" not in {*told, *given}:
        raise UsageError(f"no plain draw of the run in {folder} was right: say what the chance of a right step is")
    used: dict[str, Any] = {name: value for name, (value, _) in told.items() if name not in given}
    return Assumptions(**(used | dict(given))), [says for name, (_, says) in told.items() if name in used]


def _told(pilot: Pilot, found: Comparison, steps: int) -> dict[str, tuple[float, str]]:
    """By assumption, what the run tells and a sentence that says how."""
    told: dict[str, tuple[float, str]] = {}
    worth = [fmean(known) for one in pilot.problems if (known := _known(one.draws.get(ORACLE, ())))]
    if worth and fmean(worth) > 0:
        chance = fmean(worth) ** (1 / steps)
        told["chance"] = chance, f"chance {chance:.3f}: {fmean(worth):.1%} of the pilot's plain draws are right"
    rows = [row for row in found.methods if row.name.partition(":")[0] in PLAIN and row.cost.passes]
    if rows:
        a_draw = rows[0].cost.completion_tokens / rows[0].cost.passes
        tokens = max(1, round(a_draw / steps))
        told["tokens"] = tokens, f"tokens {tokens}: a plain draw of the pilot takes {a_draw:.0f}"
    verifiers = dict.fromkeys(name for one in pilot.problems for name in one.draws if name != ORACLE)
    areas = {name: area for name in verifiers if (area := _auc(pilot, name)) is not None}
    if areas:
        best = max(areas, key=areas.__getitem__)
        rho = rho_of(areas[best])
        told["rho"] = (
            rho,
            f"rho {rho:.2f}: the pilot's verifier {best} ranks right above wrong {areas[best]:.1%} of times",
        )
    return told


def rho_of(area: float) -> float:
    """The correlation with the truth of a verifier that ranks a right one above a wrong one with this chance.

    Values of right ones are normal about rho, of wrong ones about -rho, both with variance 1 - rho^2; so the chance is
    Phi(sqrt(2) * rho / sqrt(1 - rho^2)). Below a half it is 0.

    >>> round(rho_of(0.5), 3), round(rho_of(0.9), 3), rho_of(1.0)
    (0.0, 0.671, 1.0)
    """
    if area >= 1.0:
        return 1.0
    z = NormalDist().inv_cdf(max(area, 0.5))
    return z / math.sqrt(2.0 + z * z)


def _auc(pilot: Pilot, name: str) -> float | None:
    """The mean over problems of the chance that a right draw is scored above a wrong one."""
    areas: list[float] = []
    for one in pilot.problems:
        pairs = zip(one.draws.get(name, ()), one.draws.get(ORACLE, ()), strict=False)
        known = [(score, worth) for score, worth in pairs if score is not None and worth is not None]
        if known:
            score, worth = np.array(known, dtype=np.float64).T
            areas += [area] if (area := auc(score, worth >= 0.5)) is not None else []
    return fmean(areas) if areas else None


def _known(scores: Sequence[float | None]) -> list[float]:
    return [score for score in scores if score is not None]
