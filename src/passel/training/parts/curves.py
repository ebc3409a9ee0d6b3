"""The learning curves of a training as a page."""

from __future__ import annotations

from pathlib import Path

__all__ = ["write_curves"]


def write_curves(folder: Path, recipe: str) -> Path | None:
    """Writes `curves.html` from the folder's log, and returns its path; None where nothing can be drawn."""
    return None
