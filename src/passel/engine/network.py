"""Runs a transformer's layers over a batch, with the keys and values of earlier tokens in the cache."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from passel.engine.architecture import Architecture, Layer, Norm, Positions
from passel.engine.batch import Batch, DenseSpan, Segments
from passel.engine.early_exits import EarlyExits
from passel.engine.kernels import Kernels, Rope, View, choose
from passel.engine.requests import Mix

__all__ = ["Network"]


class Network:
    """The weights and the memory for keys and values, through which batches go."""

    def __init__(self, architecture: Architecture, slots: int, *, kernels: Kernels | None = None) -> None:
        self.parts = architecture
        weight = architecture.embedding
        self.device, self.dtype = weight.device, weight.dtype
        sizes = (architecture.hidden_size, architecture.inner_size)
        self._kernels = kernels or choose(self.device, self.dtype, architecture.head_size, sizes)
        # unwritten: the operating system gives the memory when a slot is first used
        shape = (len(architecture.layers), 2, slots, architecture.kv_heads, architecture.head_size)
        self._pools = torch.empty(shape, dtype=self.dtype, device=self.device)

    def hidden(
        self, batch: Batch, *, layers: int | None = None, wanted: Collection[int] = (), exits: EarlyExits | None = None
    ) -> dict[int, Tensor]:
        """Returns the hidden states [tokens, hidden size] after `layers` layers (default: all) and after each depth in
        `wanted`, by depth; writes the keys and values of these layers into the cache. The states of tokens that leave
        early stay as they are; after the last layer they are the states that the head reads."""
        parts = self.parts
        depth = len(parts.layers) if layers is None else layers
        hidden = self._embedded(batch)
        ropes = [self._rope(batch, kind) for kind in parts.positions]
        views = [self._view(batch.segments, kind) for kind in parts.positions]
        states = {0: hidden.clone()} if 0 in wanted else {}
        for at, layer in enumerate(parts.layers[:depth]):
            kind = layer.positions
            going_on = exits.going_on if exits else None
            normed = self._attention(hidden, layer, at, ropes[kind], views[kind], batch.dense_spans, going_on)
            self._mlp(hidden, normed, layer, going_on)
            if exits:
                exits.after(at + 1, hidden)
            if at + 1 in wanted:
                states[at + 1] = hidden.clone()
        states[depth] = exits.read(hidden) if exits else hidden
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        """Turns hidden states [rows, hidden size] into logits [rows, vocabulary] in the model's own precision."""
        parts = self.parts
        logits = parts.head(self._norm(hidden.contiguous(), parts.norm))
        return parts.final_cap * torch.tanh(logits / parts.final_cap) if parts.final_cap else logits

    def final(self, hidden: Tensor) -> Tensor:
        """Returns hidden states after the final norm."""
        return self._norm(hidden.contiguous(), self.parts.norm)

    def embed(self, tokens: Tensor) -> Tensor:
        """Turns token ids into the embeddings that the first layer reads."""
        embedded = functional.embedding(tokens, self.parts.embedding)
        return embedded if self.parts.embedding_scale == 1.0 else embedded * self.parts.embedding_scale

    def mixed(self, mixes: Sequence[Mix]) -> Tensor:
        """Returns weighted sums of tokens' embeddings, summed in float32: [mixes, hidden size]."""
        sums: list[Tensor] = []
        for mix in mixes:
            tokens = torch.tensor([token for token, _ in mix], dtype=torch.int64, device=self.device)
            weights = torch.tensor([weight for _, weight in mix], device=self.device)
            sums.append(weights @ self.embed(tokens).float())
        return torch.stack(sums).to(self.dtype)

    def _embedded(self, batch: Batch) -> Tensor:
        tokens = batch.tokens.to(self.device)
        if batch.embeddings is None:
            return self.embed(tokens)
        places, values = batch.embeddings
        embedded = self.embed(tokens.clamp(min=0))
        embedded[places.to(self.device)] = values.to(self.device, self.dtype)
        return embedded

    def _attention(
        self,
        hidden: Tensor,
        layer: Layer,
        at: int,
        rope: Rope,
        view: View | None,
        dense_spans: tuple[DenseSpan, ...],
        going_on: Tensor | None,
    ) -> Tensor:
        """Adds what a layer's attention gives to the tokens that go on, and returns these as the layer's second half
        reads them; all leave keys and values."""
        parts, kernels = self.parts, self._kernels
        keys, values = self._pools[at]
        if layer.q_norm and layer.k_norm:
            norm = layer.q_norm
            rope = replace(rope, q_norm=norm.weight, k_norm=layer.k_norm.weight, eps=norm.eps, offset=norm.offset)
        qkv = layer.qkv(self._norm(hidden, layer.before_attention))
        q = kernels.rope(qkv, keys, values, rope)
        if going_on is not None and not len(going_on):
            return hidden[:0]
        seen = q.new_empty(len(hidden), parts.heads, parts.head_size)
        if view is not None:
            kernels.attend(q, keys, values, seen, view)
        for span in dense_spans:
            seen[span.start : span.stop] = self._dense(q, keys, values, span, parts.positions[layer.positions])
        seen = seen.view(len(hidden), -1)
        added, then = layer.out(seen if going_on is None else seen[going_on]), layer.before_mlp
        added = self._norm(added, layer.after_attention) if layer.after_attention else added
        if going_on is None:
            return kernels.add_norm(added, hidden, then.weight, then.eps, then.offset)
        hidden[going_on] += added
        return self._norm(hidden[going_on], then)

    def _mlp(self, hidden: Tensor, normed: Tensor, layer: Layer, going_on: Tensor | None) -> None:
        """Adds what its second half gives."""
        if not len(normed):
            return
        added = layer.down(self._kernels.gated(layer.gate_up(normed), self.parts.activation))
        added = self._norm(added, layer.after_mlp) if layer.after_mlp else added
        if going_on is None:
            hidden += added
        else:
            hidden[going_on] += added

    def _norm(self, x: Tensor, norm: Norm) -> Tensor:
        return self._kernels.norm(x, norm.weight, norm.eps, norm.offset)

    def _dense(self, q: Tensor, keys: Tensor, values: Tensor, span: DenseSpan, positions: Positions) -> Tensor:
        """Attention of a long chain, or of tokens that all see each other: [tokens, heads, head size]."""
        parts = self.parts
        slots = span.slots.to(self.device)
        asked = q[span.start : span.stop].transpose(0, 1).unsqueeze(0)
        groups = parts.heads // parts.kv_heads
        key = keys[slots].transpose(0, 1).repeat_interleave(groups, dim=0).unsqueeze(0)
        value = values[slots].transpose(0, 1).repeat_interleave(groups, dim=0).unsqueeze(0)
        new, total = asked.shape[2], key.shape[2]
        place = torch.arange(total - new, total, device=self.device).unsqueeze(1)
        other = torch.arange(total, device=self.device).unsqueeze(0)
        mask = (other <= place) | span.full
        if positions.window is not None:
            mask &= other > place - positions.window
        if parts.cap:
            scores = parts.cap * torch.tanh((asked @ key.transpose(-1, -2)).float() * parts.scale / parts.cap)
            seen = scores.masked_fill(~mask, float("-inf")).softmax(-1).to(value.dtype) @ value
        elif (new == total or span.full) and positions.window is None:
            causal = not span.full
            seen = functional.scaled_dot_product_attention(asked, key, value, is_causal=causal, scale=parts.scale)
        else:
            seen = functional.scaled_dot_product_attention(asked, key, value, attn_mask=mask, scale=parts.scale)
        return seen[0].transpose(0, 1)

    def _rope(self, batch: Batch, kind: Positions) -> Rope:
        source, q_position = batch.source.to(self.device), batch.q_position.to(self.device)
        k_position, slots = batch.k_position.to(self.device), batch.slots.to(self.device)
        return Rope(kind.cosine, kind.sine, source, q_position, k_position, slots)

    def _view(self, segments: Segments, kind: Positions) -> View | None:
        if not len(segments.where):
            return None
        offset, length = segments.offset, segments.length
        if kind.window is not None:
            offset, length = _windowed(segments, kind.window)
        arrays = (segments.where, segments.begin, segments.query, offset, length, segments.table)
        where, begin, query, offsets, lengths, table = (
            torch.from_numpy(np.ascontiguousarray(array)).to(self.device) for array in arrays
        )
        return View(where, begin, query, offsets, lengths, table, self.parts.scale, self.parts.cap)


def _windowed(segments: Segments, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The segments cut to what each row saw last up to its own place, and all that it sees after it. Places are counted
    along the row, a tree's along its own path."""
    counts = np.diff(segments.begin)
    owner = np.repeat(np.arange(len(counts)), counts)
    total = np.bincount(owner, segments.length, minlength=len(counts)).astype(np.int64)
    before = segments.length.cumsum() - segments.length
    before -= before[segments.begin[:-1]][owner]
    cut = np.clip(total[owner] - segments.ahead[owner] - window - before, 0, segments.length).astype(np.int32)
    return segments.offset + cut, segments.length - cut
