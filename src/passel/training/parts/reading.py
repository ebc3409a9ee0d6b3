"""What a transformer makes of its inputs at several depths, with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

__all__ = ["states_at"]


def states_at(body: Any, depths: Sequence[int], *, real: Tensor, past: Any = None, **inputs: Tensor) -> list[Tensor]:
    """States [rows, inputs, hidden size] of a decoder of transformers after each of these numbers of layers; the last
    is that before the final norm, as the engine has it.

    Args:
        body: without its head. real: bool [rows, inputs], where there is an input; without it transformers would take a
            step between positions for the beginning of another text.
        inputs: input_ids or inputs_embeds, and position_ids if need be.
    """
    found: dict[int, Tensor] = {}

    def keeper(depth: int) -> Any:
        def keep(_module: Any, _given: Any, output: Any) -> None:
            found[depth] = output[0] if isinstance(output, tuple) else output

        return keep

    handles = [body.layers[depth - 1].register_forward_hook(keeper(depth)) for depth in set(depths)]
    try:
        body(attention_mask=real.long(), use_cache=past is not None, past_key_values=past, **inputs)
    finally:
        for handle in handles:
            handle.remove()
    return [found[depth] for depth in depths]
