"""From a GGUF file's metadata to the configuration of a transformers model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from passel.core.errors import UsageError, unknown
from passel.engine.weights.gguf_file import GGUF

__all__ = ["ARCHITECTURES", "config_of"]

ARCHITECTURES: Mapping[str, str] = {
    "llama": "LlamaConfig",  # Mistral's files too: the computation is the same
    "qwen2": "Qwen2Config",
    "qwen3": "Qwen3Config",
    "gemma2": "Gemma2Config",
    "gemma3": "Gemma3TextConfig",
}
"""Architecture of the file -> configuration class."""

_NAMES = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
}
_GEMMA = {
    "attention.sliding_window": "sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
}
_WIDEST = {("gemma2", 46), ("gemma3", 62)}
"""Gemma's models of 27 billion, by their layers: the only ones that scale attention by hidden size / heads."""

_LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""All Llama 3.x models share these. A file holds only the factors that follow from them."""


def config_of(file: GGUF) -> Any:
    """The configuration. Raises UsageError for an architecture, or a setting of it, that is not supported."""
    import transformers

    architecture = file.architecture
    if file.metadata.get("general.type") == "adapter":
        raise UsageError(f"{file.path.name} is an adapter: load its base model, with adapter={file.path}")
    if architecture not in ARCHITECTURES:
        raise unknown("GGUF architecture", architecture, ARCHITECTURES)
    if _get(file, "expert_count", 0):
        raise UsageError(f"{file.path.name} is a mixture of experts, which is not supported as GGUF")
    if "token_embd.weight" not in file.entries:
        raise UsageError(f"{file.path.name} lacks token_embd.weight: it holds no language model")
    settings = {ours: _need(file, key) for key, ours in _NAMES.items() if key != "attention.head_count_kv"}
    heads = settings["num_attention_heads"]
    if any(isinstance(value, list) for value in settings.values()):
        raise UsageError(f"{file.path.name} has layers of different shapes, which is not supported as GGUF")
    settings["num_key_value_heads"] = _get(file, "attention.head_count_kv", heads)
    head_dim = _get(file, "attention.key_length", settings["hidden_size"] // heads)
    settings |= {
        "head_dim": head_dim,
        "vocab_size": file.entries["token_embd.weight"].shape[0],
        "tie_word_embeddings": "output.weight" not in file.entries,
        "rope_parameters": _rope(file, head_dim),
        "architectures": [
            ARCHITECTURES[architecture].removesuffix("TextConfig").removesuffix("Config") + "ForCausalLM"
        ],
    }
    if architecture in ("gemma2", "gemma3"):
        settings |= {ours: _get(file, key) for key, ours in _GEMMA.items()}
        widest = (architecture, settings["num_hidden_layers"]) in _WIDEST
        settings["query_pre_attn_scalar"] = settings["hidden_size"] // heads if widest else head_dim
    if architecture == "llama":
        settings["attention_bias"] = "blk.0.attn_q.bias" in file.entries
        settings["mlp_bias"] = "blk.0.ffn_up.bias" in file.entries
    for name in ("bos", "eos", "padding"):
        settings[f"{name.removesuffix('ding')}_token_id"] = file.metadata.get(f"tokenizer.ggml.{name}_token_id")
    return getattr(transformers, ARCHITECTURES[architecture])(**settings)


def _rope(file: GGUF, head_dim: int) -> dict[str, Any]:
    """Rotary parameters as transformers names them; of Gemma 3 by kind of layer."""
    rotated = _get(file, "rope.dimension_count", head_dim)
    if rotated != head_dim:
        raise UsageError(f"{file.path.name} rotates {rotated} of {head_dim} dimensions, which is not supported")
    found: dict[str, Any] = {"rope_type": "default", "rope_theta": _get(file, "rope.freq_base", 10000.0)}
    scaling = _get(file, "rope.scaling.type", "none")
    if scaling in ("linear", "yarn"):
        found |= {"rope_type": scaling, "factor": _need(file, "rope.scaling.factor")}
        if scaling == "yarn":
            found["original_max_position_embeddings"] = _need(file, "rope.scaling.original_context_length")
    elif scaling != "none":
        raise UsageError(f"{file.path.name} scales rotary positions by {scaling!r}, which is not supported")
    if "rope_freqs.weight" in file.entries:
        factors = file.tensor("rope_freqs.weight")
        found |= {"rope_type": "llama3", "factor": float(factors.max()), **_LLAMA3}
        if not torch.allclose(_llama3_factors(found, head_dim), factors, rtol=1e-3):
            raise UsageError(f"{file.path.name} has rotary factors other than Llama 3's, which are not supported")
    if file.architecture != "gemma3":
        return found
    local = {"rope_type": "default", "rope_theta": _get(file, "rope.freq_base_swa", 10000.0)}
    return {"full_attention": found, "sliding_attention": local}


def _llama3_factors(rope: Mapping[str, Any], head_dim: int) -> Tensor:
    """What each of the head_dim / 2 wavelengths is stretched by (Llama 3.1): nothing for the short ones, the factor for
    the long ones, a mean of the two between."""
    frequencies = rope["rope_theta"] ** -(torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    smooth = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 / ((1 - smooth) / rope["factor"] + smooth)).float()


def _get(file: GGUF, key: str, default: Any = None) -> Any:
    value = file.metadata.get(f"{file.architecture}.{key}", default)
    # the shortest decimal that is this float32: 1e-05, not 9.999999747378752e-06
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _need(file: GGUF, key: str) -> Any:
    if (value := _get(file, key)) is None:
        raise UsageError(f"{file.path.name} lacks {file.architecture}.{key}")
    return value
