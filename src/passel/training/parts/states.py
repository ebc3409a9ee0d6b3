"""What the frozen model makes of a batch on its way: its hidden states, and tokens read off them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from passel.engine.weights.checkpoint import Checkpoint
from passel.training.parts.batches import Batch

__all__ = ["read_off", "states"]


def states(base: Checkpoint, batch: Batch) -> list[Tensor]:
    """Hidden states [rows, tokens, hidden size] after each layer, without gradients; the last before the final norm."""
    body = base.model.get_decoder()
    last: list[Tensor] = []

    def keep(_: Any, given: tuple[Tensor, ...]) -> None:
        last.append(given[0])

    handle = body.norm.register_forward_pre_hook(keep)
    try:
        with torch.no_grad():
            found = body(
                input_ids=batch.tokens,
                attention_mask=batch.real.long(),
                use_cache=False,
                output_hidden_states=True,
            ).hidden_states
    finally:
        handle.remove()
    return [*found[1:-1], last[0]]


def read_off(base: Checkpoint, hidden: Tensor) -> Tensor:
    """Logits of states [tokens, hidden size] by the model's own final norm and head, in its own precision."""
    model = base.model
    logits = model.get_output_embeddings()(model.get_decoder().norm(hidden.to(base.dtype)))
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return cap * torch.tanh(logits / cap) if cap else logits
