"""Contextualisers: ways for a model to know a context, one file each, found by its file name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from passel.core.registry import Room

__all__ = ["Chosen", "Contextualiser"]

Contextualiser = Callable[[Any, str], str]
"""`def name(model, context, *, …) -> str`; the parameters after the star are its options. It takes a newly loaded
`engine.weights.Checkpoint`, may change its weights, and returns the text to put in front of each prompt, or ""."""

Chosen = Annotated[Contextualiser, Room("models.contextualisers")]
"""A parameter that takes a contextualiser by name: `torch:NAME:contextualise=adapter:contextualise.path=DIR`."""
