"""Folders of trained parts that fit the tiny model, with random weights; and how a method is named with its folder."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tiny_models import model_of

from passel.networks.trained_parts import save_trained

__all__ = ["folder_of", "spec"]


def hamburger() -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Groups of one to four tokens."""
    from passel.networks.hamburger import build

    settings = {"hidden_size": 64, "depths": [1, 2, 3], "most": 4, "layers": 2, "heads": 4, "inner_size": 48}
    state = _random(build(settings), 0.1)
    state["stop.last.weight"] *= 20
    state["stop.last.bias"] -= 2
    return settings, state


def early_exit() -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """A controller that says all three things, with some certainty."""
    from passel.networks.early_exit import build_early_exit

    settings = {"hidden_size": 64, "layers": 3, "rank": 8}
    state = _random(build_early_exit(settings), 0.2)
    state["controller.weight"] *= torch.tensor([[2.0], [2.0], [0.5]])  # of continue, exit and stop
    return settings, state


MAKERS: dict[str, Callable[[], tuple[dict[str, Any], dict[str, torch.Tensor]]]] = {
    "early_exit": early_exit,
    "hamburger": hamburger,
}
"""By recipe: the settings and the state of its parts."""


@cache
def folder_of(recipe: str, family: str = "llama") -> Path:
    """A folder as `passel train` leaves it, for the tiny model of a family."""
    folder = Path(tempfile.mkdtemp(prefix=f"passel-{recipe}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings, state = MAKERS[recipe]()
    config = model_of(family).config
    manifest = {
        "recipe": recipe,
        "options": {},
        "settings": settings,
        "model": "tiny",
        "hidden_size": config.hidden_size,
        "layers": config.num_hidden_layers,
        "vocabulary": config.vocab_size,
        "figures": {},
        "passel": "",
    }
    save_trained(folder, manifest, state)
    return folder


def spec(name: str) -> str:
    """The method's name, with a folder where it reads one."""
    return f"{name}:path={folder_of(name)}" if name in MAKERS else name


def _random(module: torch.nn.Module, spread: float) -> dict[str, torch.Tensor]:
    """The module's state with all weights random; scales of norms about 1."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, torch.Tensor] = {}
    for name, one in module.state_dict().items():
        near_one = "before_" in name or name.endswith("scales")
        state[name] = spread * torch.randn(one.shape, generator=generator) + float(near_one)
    return state
