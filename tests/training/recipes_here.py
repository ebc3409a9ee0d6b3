"""Options that make each recipe small, where its own defaults are too large for a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["OPTIONS"]

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "cot_valve": {"rank": 4},
    "diffusion_lm": {"hidden": 64, "layers": 2, "fill": 16},
    "hamburger": {"lora_rank": 4, "inner": 48, "low": 4.5},
}
