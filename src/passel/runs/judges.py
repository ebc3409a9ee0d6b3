"""The verifier of a method: which it is, and what it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from passel.core.options import parameters, split_spec
from passel.methods import ConfiguredMethod

__all__ = ["name_of", "verifier_of"]


def verifier_of(method: ConfiguredMethod) -> Callable[..., Any] | None:
    """The verifier that a method was given, or has by default; None for a method without one."""
    _, chosen = parameters(method.make).get("verifier", (None, None))
    return chosen if callable(chosen) else None


def name_of(method: ConfiguredMethod, verifier: Callable[..., Any]) -> str:
    """As the user wrote it, with its own options: `genrm:m=8`."""
    _, texts = split_spec(method.name)
    own = [f":{name.removeprefix('verifier.')}={text}" for name, text in texts.items() if name.startswith("verifier.")]
    return texts.get("verifier", getattr(verifier, "__name__", "verifier")) + "".join(own)
