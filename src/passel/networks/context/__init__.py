"""Contexts in weights: a generator that turns a context's hidden states into low-rank updates of a model's matrices."""

from __future__ import annotations

from passel.networks.context.generator import Generator, Keys, Shape, Target, targets_of
from passel.networks.context.polar import polar
from passel.networks.context.states import (
    States,
    adapted,
    check_fits,
    chunks,
    continued_from,
    memory_of,
    merge,
    states_of,
)

__all__ = [
    "Generator",
    "Keys",
    "Shape",
    "States",
    "Target",
    "adapted",
    "check_fits",
    "chunks",
    "continued_from",
    "memory_of",
    "merge",
    "polar",
    "states_of",
    "targets_of",
]
