"""The context as an update of the weights, by a generative adapter."""

from __future__ import annotations

import copy
from typing import Any

from passel.core.errors import UsageError

__all__ = ["adapter"]


def adapter(model: Any, context: str, *, path: str = "") -> str:
    """Reads the context once, chunk by chunk, and adds an update of the weights that a trained generator makes of its
    hidden states. No token of the context is in a prompt, and none is attended to.

    Args:
        path: a folder made by `passel train generative-adapter` for this model.

    Cost: one pass over the context when the model is loaded, and one singular value decomposition for each adapted
    matrix; then a prompt costs the same as without a context. Raises UsageError for a folder that does not fit.
    """
    from passel.networks.context import Generator, check_fits, memory_of, merge
    from passel.networks.trained_parts import load_trained

    kept, _ = load_trained(path, "generative_adapter", Generator.of)
    check_fits(model.model, kept)
    ids = model.tokenizer(context, add_special_tokens=False, verbose=False)["input_ids"]
    if not ids:
        raise UsageError("the context is empty")
    generator = copy.deepcopy(kept).to(model.device)
    merge(model.model, generator, memory_of(model.model, generator, ids))
    return ""
