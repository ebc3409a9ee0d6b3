"""Standard output for people: as wide as the terminal or $COLUMNS, else 100 columns."""

from __future__ import annotations

import os
import sys

from rich.console import Console

__all__ = ["output"]


def output() -> Console:
    """Returns a console for tables on standard output."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else 100)
