"""The kernels in plain torch: for every device, and the oracle of the compiled ones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from passel.engine.kernels.views import Rope, View

__all__ = ["Reference"]


class Reference:
    """See `Kernels`."""

    def norm(self, x: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """See `Kernels.norm`."""
        return functional.rms_norm(x.float(), x.shape[-1:], weight.float() + offset, eps).to(x.dtype)

    def add_norm(self, x: Tensor, hidden: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """See `Kernels.add_norm`."""
        hidden += x
        return self.norm(hidden, weight, eps, offset)

    def gated(self, x: Tensor, activation: int) -> Tensor:
        """See `Kernels.gated`."""
        gate, up = x.chunk(2, dim=-1)
        gate = functional.gelu(gate, approximate="tanh") if activation else functional.silu(gate)
        return gate * up

    def rope(self, qkv: Tensor, keys: Tensor, values: Tensor, at: Rope) -> Tensor:
        """See `Kernels.rope`."""
        kv, d = keys.shape[1:]
        heads = qkv.view(len(qkv), -1, d)
        q, k, v = heads[:, : -2 * kv], heads[:, -2 * kv : -kv], heads[:, -kv:]
        if at.q_norm is not None and at.k_norm is not None:
            q = self.norm(q, at.q_norm, at.eps, at.offset)
            k = self.norm(k, at.k_norm, at.eps, at.offset)
        slot = at.slot.long()
        keys[slot] = _rotated(k, at.cosine[at.k_position.long()], at.sine[at.k_position.long()])
        values[slot] = v
        return _rotated(q[at.source.long()], at.cosine[at.q_position.long()], at.sine[at.q_position.long()])

    def attend(self, q: Tensor, keys: Tensor, values: Tensor, out: Tensor, view: View) -> None:
        """See `Kernels.attend`."""
        rows = len(view.where)
        counts = view.begin.long().diff()
        owner = torch.arange(rows, device=q.device).repeat_interleave(counts)  # of each segment
        length = view.length.long()
        size = torch.zeros(rows, dtype=torch.long, device=q.device).index_add_(0, owner, length)
        before = length.cumsum(0) - length  # listed before each segment, in all rows
        start = size.cumsum(0) - size
        segment = torch.arange(len(length), device=q.device).repeat_interleave(length)
        within = torch.arange(len(segment), device=q.device) - before[segment]
        slot = view.table.long()[view.offset.long()[segment] + within]
        row = owner[segment]
        place = before[segment] + within - start[row]
        wide = int(size.max())
        slots = torch.zeros(rows, wide, dtype=torch.long, device=q.device)
        queries = torch.zeros(rows, wide, dtype=torch.long, device=q.device)
        seen = torch.zeros(rows, wide, dtype=torch.bool, device=q.device)
        slots[row, place], queries[row, place], seen[row, place] = slot, view.query.long()[segment], True
        groups = q.shape[1] // keys.shape[1]
        key = keys[slots].float().repeat_interleave(groups, dim=2)  # [rows, wide, heads, head size]
        value = values[slots].float().repeat_interleave(groups, dim=2)
        single = bool((counts == 1).all())
        asked = q[view.query.long()].float().unsqueeze(1) if single else q[queries].float()
        scores = (asked * key).sum(-1) * view.scale
        if view.cap > 0:
            scores = view.cap * torch.tanh(scores / view.cap)
        weights = scores.masked_fill(~seen.unsqueeze(-1), float("-inf")).softmax(dim=1)
        out[view.where.long()] = torch.einsum("rwh,rwhd->rhd", weights, value).to(out.dtype)


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    a, b = x.float().chunk(2, dim=-1)
    cosine, sine = cosine.unsqueeze(1), sine.unsqueeze(1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1).to(x.dtype)
