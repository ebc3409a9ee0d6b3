"""Puts the engine's tests on the path: decoding methods run on the tiny models that it has."""

from __future__ import annotations

import sys
from pathlib import Path

ENGINE = str(Path(__file__).resolve().parent.parent / "engine")
if ENGINE not in sys.path:
    sys.path.insert(0, ENGINE)
