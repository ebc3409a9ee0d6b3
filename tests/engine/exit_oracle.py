"""A transformer in which tokens leave early, computed from scratch: those who left stay what they are, and each layer
that they skip sees them so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from tiny_models import model_of
from torch import Tensor

__all__ = ["LAYERS", "from_scratch"]

LAYERS = 3


def from_scratch(
    tokens: Sequence[int], depths: Sequence[int], read: Callable[[int, Tensor], Tensor], family: str = "llama"
) -> tuple[Tensor, list[Tensor]]:
    """Logits [tokens, vocabulary] and the states [tokens, hidden size] after each layer.

    Args:
        depths: after how many layers each token leaves; LAYERS: it does not.
        read: from a depth and the states of tokens that leave there to those that the final norm and head read.
    """
    model = model_of(family)
    body, left, states = model.get_decoder(), torch.tensor(depths), list[Tensor]()

    def freeze(at: int) -> Any:
        def hook(_module: Any, given: Any, output: Any) -> Tensor:
            after = output[0] if isinstance(output, tuple) else output
            after = torch.where((left <= at).unsqueeze(1), given[0], after)
            states.append(after[0])
            return after

        return hook

    def reads(_module: Any, given: Any) -> tuple[Tensor]:
        rows = given[0][0]
        rows = [rows[n] if one == LAYERS else read(one, rows[n : n + 1])[0] for n, one in enumerate(depths)]
        return (torch.stack(rows).unsqueeze(0),)

    hooks = [layer.register_forward_hook(freeze(at)) for at, layer in enumerate(body.layers)]
    hooks.append(body.norm.register_forward_pre_hook(reads))
    try:
        with torch.no_grad():
            return model(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0].float(), states
    finally:
        for hook in hooks:
            hook.remove()
