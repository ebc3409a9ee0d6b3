"""The orthogonal factor of a matrix, with a gradient that stays finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

__all__ = ["polar"]

_svd = cast(Callable[..., tuple[Tensor, Tensor, Tensor]], torch.linalg.svd)
_TIE = 1e-6
"""Of the largest singular value: below this difference two of them are taken as one."""
_LEAST = 1e-12


def polar(matrices: Tensor, keep: int, floor: float = 1e-3) -> Tensor:
    """Matrices [..., n, m] with their `keep` largest singular values set to 1 and the others to 0: U V^T.

    Values far below the largest are noise, and a matrix of low rank has them by rounding alone; such a value s becomes
    s / sqrt(s^2 + (floor * largest)^2) in place of 1. That makes the map smooth: where it is differentiated through U
    and V one by one, the gradient has a term 1 / (s_i - s_j) for all pairs, which is infinite where two values are
    equal. Here, by the divided differences of Daleckii and Krein (1965), pairs of kept values have terms of at most
    1 / (floor * largest); only the difference of a kept and a dropped value remains in one, and it is damped below
    floor * largest.

    Args:
        matrices: float32 or float64. keep: at least 1.
    """
    return cast(Tensor, _Polar.apply(matrices, keep, floor))


class _Polar(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrices: Tensor, keep: int, floor: float) -> Tensor:
        u, s, vh = _svd(matrices, full_matrices=False)
        ctx.save_for_backward(u, s, vh)
        ctx.keep, ctx.floor = keep, floor
        kept, _, root = _roots(s, keep, floor)
        return (u * (kept * s / root).unsqueeze(-2)) @ vh

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad,) = grads
        u, s, vh = ctx.saved_tensors
        kept, low, root = _roots(s, ctx.keep, ctx.floor)
        ut, v = u.mT, vh.mT
        inner = ut @ grad @ v
        even, odd = _divided(s, kept, low, root, ctx.floor)
        inner_t = inner.mT
        found = u @ (even * (inner + inner_t) / 2 + odd * (inner - inner_t) / 2) @ vh
        share = (kept / root).unsqueeze(-2)
        right, left = grad @ v, ut @ grad
        found = found + ((right - u @ inner) * share) @ vh  # what lies outside of U's span
        found = found + (u * share) @ (left - inner @ vh)  # and of V's
        # the floor itself moves with the largest value
        moved = (inner.diagonal(dim1=-2, dim2=-1) * -kept * s * low / root**3).sum(-1)
        first = u[..., :, :1] * vh[..., :1, :]
        return found + ctx.floor * moved[..., None, None] * first, None, None


def _roots(s: Tensor, keep: int, floor: float) -> tuple[Tensor, Tensor, Tensor]:
    """Which values are kept (1 or 0), the floor, and sqrt(s^2 + floor^2), by which a kept value is divided."""
    kept = (torch.arange(s.shape[-1], device=s.device) < keep).to(s.dtype)
    low = (floor * s[..., :1]).clamp(min=_LEAST)
    return kept, low, (s**2 + low**2).sqrt()


def _divided(s: Tensor, kept: Tensor, low: Tensor, root: Tensor, floor: float) -> tuple[Tensor, Tensor]:
    """(f_i - f_j) / (s_i - s_j), its limit f' where they are equal, and (f_i + f_j) / (s_i + s_j); f: what becomes of
    a singular value."""
    value, slope = kept * s / root, kept * low**2 / root**3
    apart, added = s.unsqueeze(-1) - s.unsqueeze(-2), s.unsqueeze(-1) + s.unsqueeze(-2)
    alike = kept.unsqueeze(-1) == kept.unsqueeze(-2)
    tie = torch.where(alike, _TIE, floor) * s[..., :1, None].clamp(min=_LEAST)
    damp = apart**2 + tie**2
    mean = torch.where(alike, (slope.unsqueeze(-1) + slope.unsqueeze(-2)) / 2, 0)
    even = ((value.unsqueeze(-1) - value.unsqueeze(-2)) * apart + mean * tie**2) / damp
    odd = (value.unsqueeze(-1) + value.unsqueeze(-2)) / added.clamp(min=_LEAST)
    return even, odd
