"""Contextualisers: ways for a model to know a context, one file each, found by its file name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from passel.core.registry import Room

__all__ = ["Chosen", "Contextualiser"]

Contextualiser = Callable[[Any, str], str]
"""`def name(model, context, *, …) -> str`; what follows the star are its options. Takes an `engine.weights.Checkpoint`
that was just loaded, puts into its weights what it can of the context, and returns the text that is to stand in front
of each prompt; "" where nothing is."""

Chosen = Annotated[Contextualiser, Room("models.contextualisers")]
"""A parameter that takes a contextualiser by name: `torch:NAME:contextualise=adapter:contextualise.path=DIR`."""
