"""A transformers model of a GGUF file, dequantised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine.weights.build import LoadOptions, build
from passel.engine.weights.checkpoint import end_ids
from passel.engine.weights.gguf_config import config_of
from passel.engine.weights.gguf_file import GGUF, open_gguf
from passel.engine.weights.gguf_names import IGNORED, to_model, weight_name
from passel.engine.weights.gguf_tokenizer import tokenizer_of
from passel.engine.weights.lora import read_adapter

__all__ = ["from_gguf"]


def from_gguf(path: Path, wish: LoadOptions) -> tuple[Any, Any]:
    """The model and its tokenizer. Raises UsageError for a file that is damaged or of an unsupported kind."""
    file = open_gguf(path)
    config, tokenizer = config_of(file), tokenizer_of(file)
    model = build(
        getattr(transformers, config.architectures[0]),
        None,
        config=config,
        state_dict=_weights(file, config, wish),
        dtype=wish.dtype,
    )
    model.generation_config.eos_token_id = sorted(end_ids(model, tokenizer) | _turn_ends(file))
    return model, tokenizer


def _weights(file: GGUF, config: Any, wish: LoadOptions) -> dict[str, Tensor]:
    """All weights under transformers' names. One tensor is in float32 at a time: the whole model never is."""
    adapters = [(read_adapter(path, config), scale) for path, scale in wish.adapters]
    weights: dict[str, Tensor] = {}
    for done, name in enumerate(file.entries):
        wish.on_progress("reading weights", done, len(file.entries))
        if name in IGNORED:
            continue
        if (ours := weight_name(name, file.architecture)) is None:
            raise UsageError(f"{file.path.name} holds {name}, which no {file.architecture} model has here")
        weight = to_model(file.tensor(name), name, file.architecture, config)
        for adapter, scale in adapters:
            weight = adapter.merged(ours, weight, scale)
        weights[ours] = weight.to(wish.dtype).contiguous()
    for adapter, _ in adapters:
        adapter.check(config, frozenset(weights))
    return weights


def _turn_ends(file: GGUF) -> set[int]:
    """Tokens that the file says end a turn or a message."""
    found = (file.metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eot", "eom"))
    return {token for token in found if token is not None}
