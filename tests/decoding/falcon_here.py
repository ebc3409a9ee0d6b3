"""Drafters of random weights for the tiny models, in folders as training leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tiny_models import model_of

from passel.networks.falcon import FalconNetwork, Shape
from passel.networks.trained_parts import save_trained

__all__ = ["folder", "network", "random_state"]


def network(block: int = 2, layers: int = 1, *, hidden_size: int = 64) -> FalconNetwork:
    """Weights wide enough for its guesses to differ from place to place."""
    shape = Shape(block, layers, hidden_size, 96, heads=4, kv_heads=2, head_size=16)
    module = FalconNetwork(shape).eval().requires_grad_(False)
    module.load_state_dict(random_state(module))
    return module


def random_state(module: torch.nn.Module) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {
        name: float("before_" in name) + 0.2 * torch.randn(one.shape, generator=generator)
        for name, one in module.state_dict().items()
    }


def folder(at: Path, module: FalconNetwork | None = None, family: str = "llama", **changed: Any) -> Path:
    """What `passel train falcon` would write. changed: in the manifest."""
    module = module or network()
    config = model_of(family).config
    at.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, Any] = {
        "recipe": "falcon",
        "options": {},
        "settings": module.shape.settings,
        "model": "tiny",
        "hidden_size": config.hidden_size,
        "layers": config.num_hidden_layers,
        "vocabulary": config.vocab_size,
        "figures": {},
        "passel": "",
    }
    save_trained(at, manifest | changed, module.state_dict())
    return at
