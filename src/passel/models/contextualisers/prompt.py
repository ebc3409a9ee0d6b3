"""The context as text in front of each prompt."""

from __future__ import annotations

from typing import Any

__all__ = ["prompt"]


def prompt(model: Any, context: str) -> str:
    """Puts the context in front of each prompt. Its keys and values are computed once and stay in the cache while there
    is room; all prompts attend to its tokens."""
    del model
    return context
