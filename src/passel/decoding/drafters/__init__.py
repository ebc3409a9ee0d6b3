"""Drafters, which guess tokens for speculative decoding: one file each, found by its file name."""

from __future__ import annotations

from typing import Annotated

from passel.core.registry import Room
from passel.decoding.parts.drafting import MakeDrafter

__all__ = ["Chosen"]

Chosen = Annotated[MakeDrafter, Room("decoding.drafters")]
"""A parameter that takes a drafter by name: `speculative:drafter=lookup:drafter.length=16`."""
