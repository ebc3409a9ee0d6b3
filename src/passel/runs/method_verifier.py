"""The verifier of a method, and its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from passel.core.options import parameters, split_spec
from passel.methods import ConfiguredMethod

__all__ = ["verifier_name", "verifier_of"]


def verifier_of(method: ConfiguredMethod) -> Callable[..., Any] | None:
    """Returns the verifier that a method was given or has by default; None for a method without a verifier."""
    _, chosen = parameters(method.make).get("verifier", (None, None))
    return chosen if callable(chosen) else None


def verifier_name(method: ConfiguredMethod, verifier: Callable[..., Any]) -> str:
    """Returns the verifier as the user wrote it, with its options: `genrm:m=8`."""
    _, texts = split_spec(method.name)
    own = [f":{name.removeprefix('verifier.')}={text}" for name, text in texts.items() if name.startswith("verifier.")]
    return texts.get("verifier", getattr(verifier, "__name__", "verifier")) + "".join(own)
