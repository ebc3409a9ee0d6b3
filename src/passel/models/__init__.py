"""Models: one file for each way to run a model, and a catalog of named models."""

from __future__ import annotations

from passel.core.errors import UsageError, unknown
from passel.core.model import Model
from passel.core.options import bind, split_spec
from passel.core.registry import find, names
from passel.models.catalog import cards

__all__ = ["load"]


def load(spec: str) -> Model:
    """A model from its spec, such as `passel-reasoner-135m`, `openai:NAME@BASE_URL`, `llama_cpp:file.gguf` or `toy`.

    A name in the catalog and a path that ends in .gguf run embedded in llama.cpp. Options follow: `NAME:parallel=8`.
    Raises UsageError for an unknown kind, name or option; nothing is loaded or contacted before the first ask.
    """
    parts, options = split_spec(spec)
    words = 2 if parts[0].endswith(".py") else 1
    kind, rest = ":".join(parts[:words]), ":".join(parts[words:])
    if kind in cards() or (kind != "llama_cpp" and ":".join(parts).endswith(".gguf")):
        kind, rest = "llama_cpp", ":".join(parts)
    known = [*names("models"), *cards()]
    if kind not in known and ".py" not in kind:
        raise unknown("model", kind, known)
    if not kind:
        raise UsageError("no model given")
    make = find("models", kind)
    return make(rest, **bind(make, options, f"model {kind}"))
