"""Uniform numbers by address: a row's seed and the number of its step, nothing else."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, UInt64

__all__ = ["uniforms"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniforms(
    seeds: UInt64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"], *, stream: int = 0
) -> Float64[np.ndarray, " rows"]:
    """A number in [0, 1) for each row, a pure function of its seed, its step and the stream.

    SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2714064.2660195), begun at a mix of seed and stream: number
    `step` of a sequence is reached at once. The upper 53 bits are the number.

    Args:
        seeds: 64 bits for each row.
        steps: numbers of the steps, from 0.
        stream: another sequence of the same seeds, for what needs a second number in one step.
    """
    start = _mixed(_mixed(seeds + _GOLDEN) + _GOLDEN * np.full_like(seeds, stream + 1))
    bits = _mixed(start + _GOLDEN * (steps + 1).astype(np.uint64))
    return (bits >> np.uint64(11)) * 2.0**-53


def _mixed(x: UInt64[np.ndarray, " rows"]) -> UInt64[np.ndarray, " rows"]:
    """The finalizer of SplitMix64, with Stafford's constants 13; all arithmetic is modulo 2**64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
