"""Where the tokens of a pass stand and what each of them sees: the metadata that a layer hands its kernels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["Rope", "View"]


@dataclass(frozen=True, slots=True)
class Rope:
    """Positions of queries and keys.

    Args:
        cosine, sine: float32 [positions, head size / 2].
        source: int32 [queries], the token each query is of; a token that sees parts of the cache from several
            positions has several queries. q_position: int32 [queries], what each is rotated to.
        k_position: int32 [tokens], what the keys are rotated to. slot: int32 [tokens], where keys and values are kept.
        q_norm, k_norm: weights [head size] of a norm of each head before the rotation, or None.
        eps, offset: of these norms.
    """

    cosine: Tensor
    sine: Tensor
    source: Tensor
    q_position: Tensor
    k_position: Tensor
    slot: Tensor
    q_norm: Tensor | None = None
    k_norm: Tensor | None = None
    eps: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """What rows see of the cache. Row r has the segments begin[r] to begin[r + 1]; a segment is a stretch of `table`, a
    list of slots, seen by one query. A tree of tokens needs no mask: each row lists its ancestors.

    Args:
        where: int32 [rows], the place of each row's result.
        begin: int32 [rows + 1].
        query, offset, length: int32 [segments].
        table: int32 [slots listed].
        scale: of the scores. cap: their soft cap, or 0.
    """

    where: Tensor
    begin: Tensor
    query: Tensor
    offset: Tensor
    length: Tensor
    table: Tensor
    scale: float
    cap: float = 0.0
