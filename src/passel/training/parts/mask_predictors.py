"""Networks that predict masked tokens: new ones, and causal models without their causal mask."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine.masked import MaskedDiffusion, declare
from passel.engine.weights.checkpoint import Checkpoint

__all__ = ["evenly", "fresh", "opened", "with_mask"]

_HEAD, _MASK = 64, "<|mask|>"
_OPENED = ("llama", "qwen2", "qwen3")
"""Families whose attention has no window, so that a mask is enough to make it bidirectional."""


def with_mask(base: Checkpoint) -> tuple[Any, int, int]:
    """A copy of the base model's tokenizer with a mask token; the token's id; and the network's vocabulary size."""
    tokenizer = deepcopy(base.tokenizer)
    if tokenizer.mask_token_id is None:
        tokenizer.add_special_tokens({"mask_token": _MASK})
    mask = int(tokenizer.convert_tokens_to_ids(tokenizer.mask_token))
    return tokenizer, mask, max(mask + 1, len(base.model.get_input_embeddings().weight))


def fresh(base: Checkpoint, mask: int, rows: int, layers: int, hidden: int) -> Any:
    """A Llama with random weights from torch's generator; input and output embeddings are shared."""
    from transformers import LlamaConfig, LlamaForCausalLM

    if hidden % _HEAD:
        raise UsageError(f"hidden must be a multiple of {_HEAD}, got {hidden}")
    text = base.model.config.get_text_config()
    config = LlamaConfig(
        vocab_size=rows,
        hidden_size=hidden,
        intermediate_size=-(-hidden * 8 // 3 // _HEAD) * _HEAD,
        num_hidden_layers=layers,
        num_attention_heads=hidden // _HEAD,
        max_position_embeddings=text.max_position_embeddings,
        tie_word_embeddings=True,
        bos_token_id=text.bos_token_id,
        eos_token_id=text.eos_token_id,
        pad_token_id=None,
    )
    declare(config, MaskedDiffusion(mask))
    return LlamaForCausalLM(config)


def opened(base: Checkpoint, mask: int, rows: int, layers: int | None) -> Any:
    """The base model in float32, with all layers or some evenly spaced; the mask's embedding is the mean of all."""
    kind = base.model.config.model_type
    if kind not in _OPENED:
        raise UsageError(f"initial=base takes a model of the kind {', '.join(_OPENED)}, this is {kind}")
    model = deepcopy(base.model).float().requires_grad_(True)
    if len(model.get_input_embeddings().weight) < rows:
        model.resize_token_embeddings(rows, mean_resizing=False)
    for table in {model.get_input_embeddings(), model.get_output_embeddings()}:
        weight: Tensor = table.weight
        with torch.no_grad():
            weight[mask] = weight[:mask].mean(0)
    body = model.get_decoder()
    if layers is not None:
        chosen = [body.layers[at] for at in evenly(layers, len(body.layers))]
        body.layers = torch.nn.ModuleList(chosen)
        model.config.num_hidden_layers = layers
        for at, layer in enumerate(chosen):
            layer.self_attn.layer_idx = at
        if getattr(model.config, "layer_types", None):
            model.config.layer_types = model.config.layer_types[:layers]
    declare(model.config, MaskedDiffusion(mask, shifted=True))
    return model


def evenly(count: int, total: int) -> list[int]:
    """This many places of `total`, evenly spaced, including the first and the last."""
    if not 1 <= count <= total:
        raise UsageError(f"layers must be from 1 to the model's {total}, got {count}")
    return [round(at * (total - 1) / max(1, count - 1)) for at in range(count)]
