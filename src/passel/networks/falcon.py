"""Falcon's network: from the features of known tokens to those of the next block, all in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FalconNetwork", "KeysValues", "LstmState", "Shape", "TextPrefixes", "build_falcon", "relaxed_mask", "unit"]

LstmState = tuple[Tensor, Tensor]
"""Hidden and cell state, [LSTM layers, rows, hidden size] each."""

KeysValues = tuple[Tensor, Tensor]
"""Of one layer, [rows, key-value heads, tokens, head size] each."""

_FEW = 8
"""Tokens up to which torch's LSTM is slower on a processor than its products one by one: it lays out its weights anew
at every call."""


@dataclass(frozen=True, slots=True, eq=False)
class TextPrefixes:
    """Beginnings of texts: how many places each has, the LSTM's state after them, and by layer keys and values."""

    places: int = 0
    state: LstmState | None = None
    past: tuple[KeysValues, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network.

    Args:
        block: features that one pass predicts.
        layers: decoder layers. lstm_layers: below them.
        hidden_size, inner_size, heads, kv_heads, head_size, theta: as in a decoder layer of the target.
    """

    block: int
    layers: int
    hidden_size: int
    inner_size: int
    heads: int
    kv_heads: int
    head_size: int
    theta: float = 10_000.0
    lstm_layers: int = 2

    @property
    def settings(self) -> dict[str, Any]:
        """What `build_falcon` makes the network of."""
        return asdict(self)


def build_falcon(settings: Mapping[str, Any]) -> FalconNetwork:
    """The network of these settings, with any weights."""
    return FalconNetwork(Shape(**settings))


def unit(x: Tensor) -> Tensor:
    """Vectors scaled to a root mean square of 1, in float32. The target's final norm reads them as it reads `x`."""
    x = x.float()
    return x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt()


def relaxed_mask(tokens: int, block: int, offset: int = 0, device: torch.device | None = None) -> Bool[Tensor, "t t"]:
    """Who sees whom: a place sees those before it and all of its own block.

    Args:
        offset: places that the first block lacks.
    """
    of = (torch.arange(tokens, device=device) + offset) // block
    return of.unsqueeze(0) <= of.unsqueeze(1)


class FalconNetwork(nn.Module):
    """Place i knows token i's feature and token i + 1, and predicts the feature of token i + block. So the last places
    of a text, which see each other, predict the next block.

    Features and embeddings come in scaled by `unit`.
    """

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        size = shape.hidden_size
        self.lstm = nn.LSTM(
            2 * size, size, shape.lstm_layers, batch_first=True, dropout=dropout if shape.lstm_layers > 1 else 0.0
        )
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))

    def forward(
        self,
        features: Float[Tensor, "rows t size"],
        embeddings: Float[Tensor, "rows t size"],
        offset: int = 0,
        before: TextPrefixes | None = None,
    ) -> Float[Tensor, "rows t size"]:
        """Predicted features of whole texts, or of what follows `before`; they begin with a block that lacks `offset`
        places."""
        before = before or TextPrefixes()
        x, _ = self.fused(features, embeddings, before.state)
        mask = relaxed_mask(x.shape[1], self.shape.block, offset, x.device)
        positions = torch.arange(before.places, before.places + x.shape[1], device=x.device)
        return self.decoded(x, positions, before.past, mask)[0]

    def begun(self, features: Tensor, embeddings: Tensor, offset: int = 0) -> TextPrefixes:
        """Beginnings of texts, which begin with a block that lacks `offset` places."""
        if not (count := features.shape[1]):
            return TextPrefixes()
        x, state = self.fused(features, embeddings)
        mask = relaxed_mask(count, self.shape.block, offset, x.device)
        return TextPrefixes(count, state, self.decoded(x, torch.arange(count, device=x.device), mask=mask)[1])

    def fused(self, features: Tensor, embeddings: Tensor, state: LstmState | None = None) -> tuple[Tensor, LstmState]:
        """What the LSTM makes of both, [rows, tokens, hidden size], and its state after them."""
        x = torch.cat((embeddings, features), -1)
        few = x.shape[1] <= _FEW and x.device.type == "cpu" and not self.training
        return self._stepped(x, state) if few else self.lstm(x, state)

    def _stepped(self, x: Tensor, state: LstmState | None) -> tuple[Tensor, LstmState]:
        """The LSTM token by token."""
        zeros = x.new_zeros(self.shape.lstm_layers, len(x), self.shape.hidden_size)
        hidden, cells = ([*of] for of in state or (zeros, zeros))
        for layer, (input_weight, weight, *biases) in enumerate(self.lstm.all_weights):
            given = functional.linear(x, input_weight, biases[0] + biases[1])
            outputs: list[Tensor] = []
            for token in range(x.shape[1]):
                gates = given[:, token] + functional.linear(hidden[layer], weight)
                enter, stay, new, leave = gates.chunk(4, -1)
                cells[layer] = stay.sigmoid() * cells[layer] + enter.sigmoid() * new.tanh()
                hidden[layer] = leave.sigmoid() * cells[layer].tanh()
                outputs.append(hidden[layer])
            x = torch.stack(outputs, 1)
        return x, (torch.stack(hidden), torch.stack(cells))

    def decoded(
        self, x: Tensor, positions: Tensor, past: Sequence[KeysValues] = (), mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[KeysValues, ...]]:
        """Predicted features, scaled by `unit`, and the new places' keys and values by layer.

        Args:
            x: of `fused`. positions: int64 [tokens], of all rows.
            past: of each layer, keys and values that all places see.
            mask: bool [tokens, tokens], which of the new places see each other; None: all do.
        """
        angles = _angles(positions, self.shape)
        if mask is not None and past:
            mask = torch.cat((mask.new_ones(len(mask), past[0][0].shape[2]), mask), 1)
        made: list[KeysValues] = []
        for at, layer in enumerate(self.layers):
            x, new = layer(x, angles, past[at] if past else None, mask)
            made.append(new)
        return unit(x).to(x.dtype), tuple(made)


class _Layer(nn.Module):
    """A decoder layer as Llama's."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        size, inner = shape.hidden_size, shape.inner_size
        self.shape = shape
        self.before_attention = nn.Parameter(torch.ones(size))
        self.qkv = nn.Linear(size, (shape.heads + 2 * shape.kv_heads) * shape.head_size, bias=False)
        self.out = nn.Linear(shape.heads * shape.head_size, size, bias=False)
        self.before_mlp = nn.Parameter(torch.ones(size))
        self.gate_up = nn.Linear(size, 2 * inner, bias=False)
        self.down = nn.Linear(inner, size, bias=False)

    def forward(
        self, x: Tensor, angles: tuple[Tensor, Tensor], past: KeysValues | None, mask: Tensor | None
    ) -> tuple[Tensor, KeysValues]:
        shape = self.shape
        sizes = [shape.heads, shape.kv_heads, shape.kv_heads]
        q, k, v = (
            self.qkv(_norm(x, self.before_attention))
            .unflatten(-1, (sum(sizes), shape.head_size))
            .transpose(1, 2)
            .split(sizes, 1)
        )
        q, k = _turned(q, angles), _turned(k, angles)
        keys, values = (k, v) if past is None else (_after(past[0], k), _after(past[1], v))
        groups = shape.heads // shape.kv_heads
        seen = functional.scaled_dot_product_attention(
            q, keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1), attn_mask=mask
        )
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        gate, up = self.gate_up(_norm(x, self.before_mlp)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up), (k, v)


def _after(past: Tensor, new: Tensor) -> Tensor:
    """Past places, the same for all rows or of each, and then the new ones."""
    return torch.cat((past.to(new.dtype).expand(len(new), -1, -1, -1), new), 2)


def _norm(x: Tensor, weight: Tensor) -> Tensor:
    return unit(x).to(weight.dtype) * weight


def _angles(positions: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary positions, [tokens, head size]."""
    half = torch.arange(0, shape.head_size, 2, device=positions.device).float() / shape.head_size
    angles = positions.float().unsqueeze(1) * shape.theta**-half
    return angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)


def _turned(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    cosine, sine = (of.to(x.dtype) for of in angles)
    a, b = x.chunk(2, -1)
    return x * cosine + torch.cat((-b, a), -1) * sine
