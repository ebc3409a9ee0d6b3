"""The drafter's state along a text, and its predictions after the text and after its own guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from passel.networks.falcon import FalconNetwork, KeysValues, LstmState, relaxed_mask

__all__ = ["PredictedBlocks", "ReadState", "predict_after", "read_further"]


@dataclass(frozen=True, slots=True, eq=False)
class ReadState:
    """The drafter's state after the text that it has read.

    Args:
        tokens: places read, one for each token with a feature.
        state: of the LSTM after them.
        late: outputs of the LSTM at the last places, one less than a block has, [1, places, hidden size]: the block of
            the next tokens may include them.
        past: keys and values of all places before those, by layer.
    """

    tokens: int = 0
    state: LstmState | None = None
    late: Tensor | None = None
    past: tuple[KeysValues, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PredictedBlocks:
    """Predictions of one pass, one block a row.

    Args:
        features: [rows, block, hidden size].
        state: of the LSTM after the places that made them.
        text: for each layer, keys and values of the text, [1, key-value heads, places, head size].
        own: for each layer, keys and values of the rows' own guesses, [rows, key-value heads, places, head size].
        position: position of the next place.
    """

    features: Float[Tensor, "rows block size"]
    state: LstmState
    text: tuple[KeysValues, ...]
    own: tuple[KeysValues, ...] = field(default=())
    position: int = 0


def read_further(
    network: FalconNetwork, reading: ReadState, features: Tensor, embeddings: Tensor
) -> tuple[ReadState, PredictedBlocks | None]:
    """Reads further tokens, and predicts the block after them; None where the text is shorter than a block.

    Args:
        features, embeddings: [new, hidden size], each token's feature and the embedding of the token after it.
    """
    block = network.shape.block
    x, state = network.fused(features.unsqueeze(0), embeddings.unsqueeze(0), reading.state)
    x = x if reading.late is None else torch.cat((reading.late, x), 1)
    total, count = reading.tokens + len(features), x.shape[1]
    positions = torch.arange(total - count, total, device=x.device)
    # blocks are counted from the text's end
    mask = relaxed_mask(count, block, -count % block, x.device)
    found, new = network.decoded(x, positions, reading.past, mask)
    joined = _joined(reading.past, new)
    settled = total - min(block - 1, total)
    past = tuple((keys[:, :, :settled], values[:, :, :settled]) for keys, values in joined)
    after = ReadState(total, state, x[:, x.shape[1] - (total - settled) :], past)
    return after, PredictedBlocks(found[:, -block:], state, joined, (), total) if total >= block else None


def predict_after(
    network: FalconNetwork, blocks: PredictedBlocks, rows: Sequence[int], features: Tensor, embeddings: Tensor
) -> PredictedBlocks:
    """Predicts the blocks after guesses.

    Args:
        rows: for each guessed block, the row of `blocks` that it continues; a row may be continued several times.
        features, embeddings: [guessed blocks, block, hidden size], the predictions there and the chosen tokens.
    """
    picked = torch.tensor(rows, dtype=torch.int64, device=features.device)
    state = (blocks.state[0][:, picked], blocks.state[1][:, picked])
    own = tuple((keys[picked], values[picked]) for keys, values in blocks.own)
    x, state = network.fused(features, embeddings, state)
    count = x.shape[1]
    positions = torch.arange(blocks.position, blocks.position + count, device=x.device)
    text = tuple((k.expand(len(rows), -1, -1, -1), v.expand(len(rows), -1, -1, -1)) for k, v in blocks.text)
    found, new = network.decoded(x, positions, _joined(text, own) if own else text)
    return PredictedBlocks(found, state, blocks.text, _joined(own, new), blocks.position + count)


def _joined(past: tuple[KeysValues, ...], new: tuple[KeysValues, ...]) -> tuple[KeysValues, ...]:
    """Concatenates keys and values, layer by layer."""
    if not past:
        return new
    return tuple((torch.cat((a, c), 2), torch.cat((b, d), 2)) for (a, b), (c, d) in zip(past, new, strict=True))
