"""Writes a report; each file atomically."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from passel.measure.comparison import Comparison
from passel.report.export import COMPARISON, comparison_json, methods_csv, problems_csv, verifiers_csv
from passel.report.html import page

__all__ = ["write_report"]


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Writes the files of a report and returns the path of its page.

    The files are `comparison.json`, `methods.csv`, `problems.csv`, `report.html` and, where a verifier scored all
    samples of a method, `verifiers.csv`.

    The data go first, so that an error in drawing loses nothing. Equal comparisons give equal bytes. Plots need
    matplotlib (`pip install "passel[report]"`); without it the page says so and has everything else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / COMPARISON, comparison_json(comparison))
    _replace(folder / "methods.csv", methods_csv(comparison))
    _replace(folder / "problems.csv", problems_csv(comparison))
    if comparison.verifiers:
        _replace(folder / "verifiers.csv", verifiers_csv(comparison))
    else:
        (folder / "verifiers.csv").unlink(missing_ok=True)
    target = folder / "report.html"
    _replace(target, page(comparison))
    return target


def _replace(target: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of one."""
    part = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
