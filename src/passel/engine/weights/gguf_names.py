"""A GGUF file's tensors under the names, and in the order of rows, of a transformers model."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

__all__ = ["IGNORED", "to_model", "weight_name"]

IGNORED = frozenset({"rope_freqs.weight"})
"""Tensors that the configuration already stands for."""

_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GEMMA_LAYER = {
    **_LAYER,
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_IN_BLOCK = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")


def weight_name(name: str, architecture: str) -> str | None:
    """The transformers name of a tensor; None if the architecture has no such tensor.

    >>> weight_name("blk.3.attn_q.weight", "llama")
    'model.layers.3.self_attn.q_proj.weight'
    """
    if match := _IN_BLOCK.fullmatch(name):
        found = (_GEMMA_LAYER if architecture.startswith("gemma") else _LAYER).get(match[2])
        return f"model.layers.{match[1]}.{found}.{match[3]}" if found else None
    stem, _, kind = name.rpartition(".")
    return f"{_TOP[stem]}.{kind}" if stem in _TOP else None


def to_model(weight: Tensor, name: str, architecture: str, config: Any) -> Tensor:
    """A tensor as the transformers model has it.

    Files of Llama's architecture hold the rows of queries and keys so that a head rotates neighbouring rows;
    transformers rotates its two halves. The other architectures keep transformers' order. Gemma's norms multiply by
    1 + weight in transformers, by the weight in a file.
    """
    if architecture == "llama" and (".attn_q." in name or ".attn_k." in name):
        heads = config.num_attention_heads if ".attn_q." in name else config.num_key_value_heads
        return weight.reshape(heads, -1, 2, *weight.shape[1:]).transpose(1, 2).reshape(weight.shape)
    return weight - 1 if architecture.startswith("gemma") and name.endswith("norm.weight") else weight
