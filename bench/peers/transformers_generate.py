"""`transformers.generate` in this process: one call for a batch, padded on the left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from parts.timed import Timed
from transformers import GenerationConfig

__all__ = ["generate"]


def generate(model: Any, prompts: Sequence[Sequence[int]], n_tokens: int) -> Timed:
    """Samples `n_tokens` for each prompt at temperature 1 without truncation, with the cache that is its default.

    Args:
        model: a causal language model of transformers. prompts: token ids, a row each.

    Raises:
        RuntimeError: it did not make exactly `n_tokens` a row.
    """
    longest, pad = max(map(len, prompts)), model.config.pad_token_id
    rows = [[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        min_new_tokens=n_tokens,
        max_new_tokens=n_tokens,
        eos_token_id=model.config.eos_token_id,
        pad_token_id=pad,
    )
    cpu, begun = time.process_time(), time.perf_counter()
    with torch.inference_mode():
        made = model.generate(torch.tensor(rows), attention_mask=torch.tensor(mask), generation_config=config)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if made.shape[1] - longest != n_tokens:
        raise RuntimeError(f"transformers: {n_tokens} tokens were asked for, {made.shape[1] - longest} came")
    return Timed(len(prompts) * n_tokens, seconds, cpu)
