"""What the matrix products allow: the time of a model's own linear layers alone, at a number of rows.

Each layer is one `F.linear` of random input with the loaded weights, one after another in the model's order: nothing is
fused, no attention, no norms, no sampling. Every weight is read once a step, as in decoding.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from parts.timed import Timed
from torch.nn.functional import linear

__all__ = ["decoding_limit", "linear_time", "whole_limit"]


def linear_time(model: Any, rows: int, *, head_rows: int | None = None, steps: int = 1) -> Timed:
    """`steps` passes of `rows` tokens through all linear layers, after one to warm up.

    Args:
        head_rows: rows that the head is applied to; None: all.
    """
    head: torch.Tensor = model.get_output_embeddings().weight
    layers: list[torch.Tensor] = [m.weight for m in model.modules() if isinstance(m, torch.nn.Linear)]
    body = [weight for weight in layers if weight is not head]
    inputs = {width: torch.randn(rows, width).to(head.dtype) for width in {w.shape[1] for w in layers}}
    last = inputs[head.shape[1]][: rows if head_rows is None else head_rows]

    def step() -> None:
        for weight in body:
            linear(inputs[weight.shape[1]], weight)
        linear(last, head)

    with torch.inference_mode():
        step()
        cpu, begun = time.process_time(), time.perf_counter()
        for _ in range(steps):
            step()
        return Timed(rows * steps, time.perf_counter() - begun, time.process_time() - cpu)


def decoding_limit(model: Any, batch: int, n_tokens: int) -> Timed:
    """`n_tokens` steps of `batch` rows; the prompts are not read."""
    return linear_time(model, batch, steps=n_tokens)


def whole_limit(model: Any, batch: int, prompt_tokens: int, decoding: Timed) -> Timed:
    """The same with the prompts read: all their tokens in one pass, the head for each prompt's last token only.

    The first token of each row comes from that pass, so one step of decoding falls away.

    Args:
        prompt_tokens: of all prompts together. decoding: what `decoding_limit` gave for this batch.
    """
    prompts = linear_time(model, prompt_tokens, head_rows=batch)
    left = 1 - batch / decoding.completion_tokens
    return Timed(
        decoding.completion_tokens,
        left * decoding.seconds + prompts.seconds,
        left * decoding.cpu_seconds + prompts.cpu_seconds,
    )
