"""Checkpoints of masked-diffusion models whose own code is not part of transformers: LLaDA and Dream, by their
configuration. Their blocks are Llama's and Qwen 2's with the attention opened."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch as safetensors_torch
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor

from passel.core.errors import ModelError, UsageError
from passel.engine.masked import MaskedDiffusion, declare
from passel.engine.weights.build import build

__all__ = ["Form", "form_of"]


@dataclass(frozen=True, slots=True)
class Form:
    """A folder of such a model.

    Args:
        folder: with config.json and safetensors. config: what the first says.
        made: from it to the configuration of the family that runs it.
        kind: the class of that family.
        shifted: see `MaskedDiffusion`.
        named: from a tensor's name to that family's; None: there is none.
        tokenizer: class of a tokenizer without tokenizer.json.
    """

    folder: Path
    config: Mapping[str, Any]
    made: Callable[[Mapping[str, Any]], Any]
    kind: Any
    shifted: bool
    named: Callable[[str], str | None]
    tokenizer: Any

    def model(self, dtype: torch.dtype) -> Any:
        """Of transformers, with the configuration that says what it is. Raises UsageError for a variant that the
        family cannot run, ModelError for weights that cannot be read."""
        config = self.made(self.config)
        mask = self.config.get("mask_token_id")
        if mask is None:
            raise UsageError(f"{self.folder}: its configuration names no mask_token_id")
        declare(config, MaskedDiffusion(mask, self.shifted))
        return build(self.kind, None, config=config, state_dict=self._state(dtype), dtype=dtype)

    def _state(self, dtype: torch.dtype) -> dict[str, Tensor]:
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            raise UsageError(f"{self.folder} has no safetensors")
        state: dict[str, Tensor] = {}
        for file in files:
            try:
                read = safetensors_torch.load_file(file)
            except (OSError, SafetensorError) as error:
                raise ModelError(f"cannot load {file}: {str(error).splitlines()[0]}") from error
            for name, tensor in read.items():
                if (ours := self.named(name)) is None:
                    raise UsageError(f"{file} holds {name}, which no such model has here")
                state[ours] = tensor.to(dtype)
        return state


def form_of(folder: Path) -> Form | None:
    """The form of a folder; None for a model that transformers knows itself."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # whoever loads it says what is wrong
    match config.get("model_type"):
        case "llada":
            kind, tokenizer = transformers.LlamaForCausalLM, transformers.PreTrainedTokenizerFast
            return Form(folder, config, _llama, kind, False, _llada_name, tokenizer)
        case "Dream":
            kind, tokenizer = transformers.Qwen2ForCausalLM, transformers.Qwen2Tokenizer
            return Form(folder, config, _qwen, kind, True, lambda name: name, tokenizer)
        case _:
            return None


_PLAIN: dict[str, Any] = {
    "block_type": "llama",
    "activation_type": "silu",
    "layer_norm_type": "rms",
    "rope": True,
    "alibi": False,
    "attention_layer_norm": False,
    "include_bias": False,
    "include_qkv_bias": False,
    "input_emb_norm": False,
    "scale_logits": False,
}
"""What LLaDA's configuration must say for its blocks to be Llama's; its code has other variants, which no published
checkpoint uses."""

_DEFAULTS = {
    "block_type": "sequential",
    "activation_type": "swiglu",
    "layer_norm_type": "default",
    "rope": False,
}
"""What its code takes where the configuration says nothing and that is not plain."""


def _llama(given: Mapping[str, Any]) -> Any:
    for name, wanted in _PLAIN.items():
        found = given.get(name, _DEFAULTS.get(name, wanted))
        if (found or False) != wanted:
            raise UsageError(f"a LLaDA with {name}={found!r} cannot be run here: only {wanted!r}")
    heads = given["n_heads"]
    kv = given.get("n_kv_heads") or (1 if given.get("multi_query_attention") else heads)
    return transformers.LlamaConfig(
        vocab_size=given.get("embedding_size") or given["vocab_size"],
        hidden_size=given["d_model"],
        intermediate_size=given.get("mlp_hidden_size") or given.get("mlp_ratio", 4) * given["d_model"],
        num_hidden_layers=given["n_layers"],
        num_attention_heads=heads,
        num_key_value_heads=kv,
        max_position_embeddings=given.get("max_sequence_length", 1024),
        rms_norm_eps=given.get("rms_norm_eps", 1e-5),
        rope_parameters={"rope_type": "default", "rope_theta": given.get("rope_theta", 10000.0)},
        tie_word_embeddings=given.get("weight_tying", True),
        architectures=["LlamaForCausalLM"],
        **_tokens(given),
    )


def _qwen(given: Mapping[str, Any]) -> Any:
    if given.get("use_sliding_window"):
        raise UsageError("a Dream with a sliding window cannot be run here: its tokens all see each other")
    kept = (
        *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("num_key_value_heads", "hidden_act", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings"),
    )
    fields = {name: given[name] for name in kept if given.get(name) is not None}
    scaling = given.get("rope_scaling") or {"rope_type": "default"}
    rope = {**scaling, "rope_theta": given.get("rope_theta", 10000.0)}
    return transformers.Qwen2Config(
        **fields, rope_parameters=rope, architectures=["Qwen2ForCausalLM"], **_tokens(given)
    )


def _tokens(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given.get(name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}


_ENDS = {"wte": "model.embed_tokens", "ln_f": "model.norm", "ff_out": "lm_head"}
_PARTS = {
    "attn_norm": "input_layernorm",
    "q_proj": "self_attn.q_proj",
    "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj",
    "attn_out": "self_attn.o_proj",
    "ff_norm": "post_attention_layernorm",
    "ff_proj": "mlp.gate_proj",
    "up_proj": "mlp.up_proj",
    "ff_out": "mlp.down_proj",
}


def _llada_name(name: str) -> str | None:
    """`model.transformer.blocks.3.ff_proj.weight` is Llama's `model.layers.3.mlp.gate_proj.weight`."""
    found = re.fullmatch(r"model\.transformer\.(?:blocks\.(\d+)\.)?(\w+)\.weight", name)
    if found is None:
        return None
    layer, part = found.groups()
    ours = (_ENDS if layer is None else _PARTS).get(part)
    return None if ours is None else f"{ours}.weight" if layer is None else f"model.layers.{layer}.{ours}.weight"
