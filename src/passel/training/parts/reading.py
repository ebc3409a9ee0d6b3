"""Hidden states of a transformer at several depths, with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

__all__ = ["states_at"]


def states_at(body: Any, depths: Sequence[int], *, real: Tensor, past: Any = None, **inputs: Tensor) -> list[Tensor]:
    """Hidden states [rows, inputs, hidden size] of a decoder of transformers after these numbers of layers; the last
    layer's are those before the final norm, as in the engine.

    Args:
        body: the decoder without its head. real: bool [rows, inputs], false in the padding; without it transformers
            would read a gap between positions as the beginning of another text.
        inputs: input_ids or inputs_embeds, and position_ids if needed.
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
