"""A tiny transformer with random weights and its tokenizer, in a folder as users have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["tiny_folder"]


def tiny_folder(folder: Path) -> Path:
    """A Llama of 0.1 M weights over bytes, with two special tokens before them; token 1 ends a text."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    names = ["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    core = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(names[:2])
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<end>")
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(names),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=0,
        )
    )
    generator = torch.Generator().manual_seed(0)
    for name, weight in model.named_parameters():
        weight.data = (1.0 if "norm" in name else 0.0) + 0.15 * torch.randn(weight.shape, generator=generator)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
