"""Small transformers with random weights, and decoding from scratch, which the engine is held against."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import transformers
from torch import Tensor

from passel.engine import Engine, read
from passel.engine.kernels import Kernels

__all__ = ["CONTEXT", "FAMILIES", "engine_of", "logits_from_scratch", "model_of"]

CONTEXT = 256

_SIZES = {
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "initializer_range": 0.15,  # wide, so that the tokens' probabilities differ
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}

FAMILIES: dict[str, Any] = {
    "llama": lambda: transformers.LlamaConfig(**_SIZES),
    "llama-tied-biased": lambda: transformers.LlamaConfig(**_SIZES, tie_word_embeddings=True, attention_bias=True),
    "mistral-window": lambda: transformers.MistralConfig(**_SIZES, sliding_window=12),
    "qwen2": lambda: transformers.Qwen2Config(**_SIZES),
    "qwen3": lambda: transformers.Qwen3Config(**_SIZES, head_dim=32),
    "gemma": lambda: transformers.GemmaConfig(**_SIZES, head_dim=16),
    "gemma2": lambda: transformers.Gemma2Config(**_SIZES, head_dim=16, sliding_window=8, query_pre_attn_scalar=16),
    "gemma3": lambda: transformers.Gemma3TextConfig(**_SIZES, head_dim=16, sliding_window=8, query_pre_attn_scalar=16),
}


@cache
def model_of(family: str = "llama", seed: int = 0) -> Any:
    """A model in float32. Its weights are drawn from a generator of their own."""
    config = FAMILIES[family]()
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        scale = 0.3 if "norm" in name else _SIZES["initializer_range"]
        offset = 1.0 if "norm" in name and "gemma" not in family else 0.0
        weight.data = offset + scale * noise
    return model


def engine_of(family: str = "llama", seed: int = 0, *, kernels: Kernels | None = None, **settings: Any) -> Engine:
    """An engine that runs the model. Close it, and `check` its cache, when the test is done."""
    settings = {"context": CONTEXT, "memory": 8 << 20, **settings}
    return Engine(read(model_of(family, seed), CONTEXT), kernels=kernels, **settings)


def logits_from_scratch(tokens: Sequence[int], family: str = "llama", seed: int = 0) -> Tensor:
    """float32 [tokens, vocabulary], computed by transformers in one piece, without a cache."""
    with torch.no_grad():
        return model_of(family, seed)(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0].float()
