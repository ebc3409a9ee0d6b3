"""Hidden states of a frozen model for a batch, and the logits that are read off them."""

from __future__ import annotations

import torch
from torch import Tensor

from passel.engine.weights.checkpoint import Checkpoint
from passel.training.parts.batches import Batch
from passel.training.parts.reading import states_at

__all__ = ["read_off", "states"]


def states(base: Checkpoint, batch: Batch) -> list[Tensor]:
    """Hidden states [rows, tokens, hidden size] after each layer, without gradients; the last layer's are before the
    final norm."""
    body = base.model.get_decoder()
    with torch.no_grad():
        return states_at(body, range(1, len(body.layers) + 1), real=batch.real, input_ids=batch.tokens)


def read_off(base: Checkpoint, hidden: Tensor) -> Tensor:
    """Logits of states [tokens, hidden size] by the model's final norm and head, in its precision."""
    model = base.model
    logits = model.get_output_embeddings()(model.get_decoder().norm(hidden.to(base.dtype)))
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return cap * torch.tanh(logits / cap) if cap else logits
