"""What every bench prints and writes: medians with their range, in one table, with the kind of machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["arguments", "interleave", "machine", "ratio", "rows_of", "show", "wait_for_quiet"]


def arguments(description: str | None, repeats: int = 5) -> argparse.ArgumentParser:
    """A parser with what all benches take."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser


def machine() -> str:
    """Its kind: processors and Python."""
    name = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    return f"{name}, {platform.python_implementation()} {platform.python_version()}"


def interleave(runs: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Each run once a round, round after round, so that what else the machine does falls on all of them."""
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            figures[name].append(run())
    return figures


def ratio(figures: Mapping[str, Sequence[float]], a: str, b: str) -> list[float]:
    """a's figure over b's, round by round."""
    return [x / y for x, y in zip(figures[a], figures[b], strict=True)]


def rows_of(figures: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Median, least and most of each."""
    return [
        {"name": name, "median": median(values), "min": min(values), "max": max(values), "repeats": len(values)}
        for name, values in figures.items()
    ]


def show(
    title: str,
    unit: str,
    figures: Mapping[str, Sequence[float]],
    ratios: Mapping[str, tuple[Sequence[float], float | None]],
    path: Path | None,
    **more: Any,
) -> None:
    """Prints the table and writes it.

    Args:
        ratios: by name, figures round by round, and the least that is to be reached, if there is one.
        more: for the file.
    """
    rows, quotients = rows_of(figures), rows_of({name: values for name, (values, _) in ratios.items()})
    width = max(len(row["name"]) for row in rows + quotients)
    print(f"{title} ({machine()})")
    print(f"{'':{width}}  {'median':>10}  {'min':>10}  {'max':>10}  {unit}")
    for row in rows:
        print(f"{row['name']:{width}}  " + "  ".join(f"{row[of]:>10,.4g}" for of in ("median", "min", "max")))
    for row, (_, target) in zip(quotients, ratios.values(), strict=True):
        figures_of = "  ".join(f"{row[of]:>10.2f}" for of in ("median", "min", "max"))
        row["target"] = target
        verdict = "" if target is None else "  reached" if row["median"] >= target else "  MISSED"
        verdict += "" if target is None else f" (at least {target:g})"
        print(f"{row['name']:{width}}  {figures_of}{verdict}")
    if path is not None:
        found = {"title": title, "unit": unit, "machine": machine(), "rows": rows, "ratios": quotients, **more}
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def wait_for_quiet(load: float, minutes: float) -> float:
    """Waits until the load of the last minute is below `load`, for some minutes at most; returns what it is then."""
    end = time.monotonic() + 60 * minutes
    while (now := os.getloadavg()[0]) >= load and time.monotonic() < end:
        time.sleep(5)
    return now
