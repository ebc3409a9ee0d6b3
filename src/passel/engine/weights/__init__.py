"""Weights: models of transformers from GGUF files, folders and the hub, with adapters; and int8 weights."""

from __future__ import annotations

from passel.engine.weights.build import Report
from passel.engine.weights.checkpoint import Checkpoint, Dtype, end_ids
from passel.engine.weights.int8 import int8_linear, quantise
from passel.engine.weights.load import load
from passel.engine.weights.save import save

__all__ = ["Checkpoint", "Dtype", "Report", "end_ids", "int8_linear", "load", "quantise", "save"]
