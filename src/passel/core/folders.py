"""Folders for files that are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Returns the folder of downloaded models: $PASSEL_CACHE, else `passel` in the user's cache folder."""
    if folder := os.environ.get("PASSEL_CACHE"):
        return Path(folder).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "passel"
