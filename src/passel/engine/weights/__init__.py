"""Weights: models of transformers from GGUF files, folders and the hub, with adapters."""

from __future__ import annotations

from passel.engine.weights.checkpoint import Checkpoint, Dtype, end_ids
from passel.engine.weights.load import load
from passel.engine.weights.save import save

__all__ = ["Checkpoint", "Dtype", "end_ids", "load", "save"]
