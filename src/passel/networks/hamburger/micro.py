"""The small decoder that goes on from one state of a model, token by token, and says where to stop."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MicroDecoder", "StopHead"]


class MicroDecoder(nn.Module):
    """Decoder layers that read a model's states at several depths, then the tokens written since; what comes out at a
    token is to be read by the model's final norm and head, for the token after it. As it is made, its layers add
    nothing.

    Args:
        hidden_size: of the model. depths: how many states there are. most: tokens of a group at most.
        layers, heads, inner_size: of this decoder.
    """

    def __init__(self, hidden_size: int, depths: int, most: int, layers: int, heads: int, inner_size: int) -> None:
        super().__init__()
        self.depths = depths
        self.scales = nn.Parameter(torch.ones(depths + 1, hidden_size))
        self.places = nn.Parameter(0.02 * torch.randn(depths + most - 1, hidden_size))
        self.layers = nn.ModuleList(_Layer(hidden_size, heads, inner_size) for _ in range(layers))

    def forward(self, states: Tensor, vectors: Tensor) -> Tensor:
        """What is read off at each token [rows, tokens, hidden size].

        Args:
            states: of the model [rows, depths, hidden size]. vectors: the embeddings of the tokens written since [rows,
                tokens, hidden size].
        """
        x = torch.cat((states, vectors.to(states.dtype)), dim=1)
        count = x.shape[1]
        scales = self.scales[[*range(self.depths), *[self.depths] * (count - self.depths)]]
        x = functional.rms_norm(x.float(), x.shape[-1:], eps=1e-6) * scales + self.places[:count]
        for layer in self.layers:
            x = layer(x)
        return x[:, self.depths :]


class _Layer(nn.Module):
    """Causal attention and a gated network, each with a norm before it."""

    def __init__(self, hidden_size: int, heads: int, inner_size: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.RMSNorm(hidden_size, eps=1e-6)
        self.qkv = nn.Linear(hidden_size, 3 * hidden_size, bias=False)
        self.out = nn.Linear(hidden_size, hidden_size, bias=False)
        self.before_mlp = nn.RMSNorm(hidden_size, eps=1e-6)
        self.gate_up = nn.Linear(hidden_size, 2 * inner_size, bias=False)
        self.down = nn.Linear(inner_size, hidden_size, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, tokens, hidden size] to the same."""
        rows, tokens, size = x.shape
        qkv = self.qkv(self.before_attention(x)).view(rows, tokens, 3, self.heads, size // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(rows, tokens, size))
        gate, up = self.gate_up(self.before_mlp(x)).chunk(2, dim=-1)
        return x + self.down(functional.silu(gate) * up)


class StopHead(nn.Module):
    """Whether a group ends with the token that is read off the same state: logits [...], of states [..., hidden size],
    whose length does not count."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.first = nn.Linear(hidden_size, hidden_size)
        self.second = nn.Linear(hidden_size, hidden_size)
        self.last = nn.Linear(hidden_size, 1)

    def forward(self, states: Tensor) -> Tensor:
        """float32 [...]."""
        x = functional.rms_norm(states.float(), states.shape[-1:], eps=1e-6)
        x = functional.silu(self.second(functional.silu(self.first(x))))
        return self.last(x).squeeze(-1).float()
