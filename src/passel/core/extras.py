"""Optional packages, imported on first use."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

from passel.core.errors import UsageError

__all__ = ["has", "need"]


def has(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # None in sys.modules
        return False


def need(module: str, extra: str) -> Any:
    """The module; raises UsageError naming the extra that brings it."""
    if not has(module):
        raise UsageError(f'{module} is not installed: pip install "passel[{extra}]"')
    return importlib.import_module(module)
