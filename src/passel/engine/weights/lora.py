"""LoRA adapters (Hu et al. 2021, 2106.09685): read from a PEFT folder or a GGUF file, added to weights."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import safetensors.torch as safetensors_torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine.weights.gguf_file import open_gguf
from passel.engine.weights.gguf_names import to_model, weight_name

__all__ = ["Adapter", "Update", "read_adapter"]

_PEFT = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])(?:\.default)?\.weight")
_REFUSED = (
    "use_dora",
    "fan_in_fan_out",
    "modules_to_save",
    "lora_bias",
    "layer_replication",
    "trainable_token_indices",
)


@dataclass(frozen=True, slots=True)
class Update:
    """What is added to one weight: scale · b @ a. a: [rank, inputs], b: [outputs, rank], both float32."""

    a: Tensor
    b: Tensor
    scale: float


@dataclass(frozen=True, slots=True)
class Adapter:
    """Updates by the name of the weight in the transformers model."""

    name: str
    updates: Mapping[str, Update]

    def merged(self, name: str, weight: Tensor, scale: float) -> Tensor:
        """The weight with its update, `scale` times as strong, computed in float32; the same weight if it has none.
        Raises UsageError if the update does not fit."""
        update = self.updates.get(name)
        if update is None:
            return weight
        shape = (update.b.shape[0], update.a.shape[1])
        if weight.shape != shape or update.b.shape[1] != update.a.shape[0]:
            raise UsageError(f"{self.name} does not fit the model: {name} is {tuple(weight.shape)}, its update {shape}")
        return torch.addmm(weight.float(), update.b, update.a, alpha=scale * update.scale)

    def check(self, config: Any, names: frozenset[str]) -> None:
        """Raises UsageError if the model lacks a weight that is updated, or uses it in two places."""
        if missing := sorted(self.updates.keys() - names):
            raise UsageError(f"{self.name} does not fit the model, which has no {missing[0]}")
        if config.tie_word_embeddings and "lm_head.weight" in self.updates:
            raise UsageError(f"{self.name} updates lm_head, which is the model's embeddings too: it cannot be merged")


def read_adapter(path: Path, config: Any) -> Adapter:
    """An adapter for a model of this configuration: a folder in PEFT's format, or a GGUF file.

    Raises UsageError for what is no LoRA adapter, or one of a kind that is more than b @ a on linear layers.
    """
    if path.is_dir():
        return _from_peft(path)
    if path.is_file():
        return _from_gguf(path, config)
    raise UsageError(f"no adapter at {path}")


def _from_peft(folder: Path) -> Adapter:
    try:
        settings: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        tensors = safetensors_torch.load_file(folder / "adapter_model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise UsageError(f"{folder} holds no PEFT adapter: {error}") from None
    if settings.get("peft_type") != "LORA" or settings.get("bias", "none") != "none":
        raise UsageError(f"{folder.name}: only LoRA adapters without bias are supported")
    if refused := [key for key in _REFUSED if settings.get(key)]:
        raise UsageError(f"{folder.name}: {refused[0]} in adapter_config.json is not supported")
    models: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if (match := _PEFT.fullmatch(name)) is None:
            raise UsageError(f"{folder.name}: {name} is no LoRA tensor of a linear layer")
        models.setdefault(f"{match['module']}.weight", {})[match["side"].lower()] = tensor.float()

    def scale(name: str, rank: int) -> float:
        patterns: dict[str, float] = settings.get("alpha_pattern") or {}
        module = name.removesuffix(".weight")
        own = (alpha for key, alpha in patterns.items() if re.fullmatch(rf"(.*\.)?({key})", module))
        alpha: float = next(own, settings["lora_alpha"])
        return alpha / (rank**0.5 if settings.get("use_rslora") else rank)

    return _paired(folder.name, models, scale)


def _from_gguf(path: Path, config: Any) -> Adapter:
    file = open_gguf(path)
    if (file.metadata.get("general.type"), file.metadata.get("adapter.type")) != ("adapter", "lora"):
        raise UsageError(f"{path.name} is no LoRA adapter")
    family = config.model_type.removesuffix("_text")
    if file.architecture != ("llama" if family == "mistral" else family):
        raise UsageError(f"{path.name} is an adapter of a {file.architecture} model, not of {family}")
    if (alpha := file.metadata.get("adapter.lora.alpha")) is None:
        raise UsageError(f"{path.name} lacks adapter.lora.alpha")
    models: dict[str, dict[str, Tensor]] = {}
    for name in file.entries:
        target, _, side = name.rpartition(".lora_")
        ours = weight_name(target, file.architecture)
        if ours is None or side not in ("a", "b") or ours == "model.embed_tokens.weight":
            raise UsageError(f"{path.name}: {name} is no LoRA tensor of a known linear layer")
        values = file.tensor(name)
        try:  # rows of b are rows of the weight, so they are ordered as its rows are
            ordered = to_model(values, target, file.architecture, config) if side == "b" else values
        except RuntimeError:
            raise UsageError(f"{path.name} does not fit the model: {name} is {tuple(values.shape)}") from None
        models.setdefault(ours, {})[side] = ordered
    return _paired(path.name, models, lambda _, rank: alpha / rank)


def _paired(source: str, models: Mapping[str, Mapping[str, Tensor]], scale: Callable[[str, int], float]) -> Adapter:
    if not models:
        raise UsageError(f"{source} is an adapter without weights")
    if lone := [name for name, both in models.items() if len(both) != 2]:
        raise UsageError(f"{source} holds only one side of the update of {lone[0]}")
    updates = {name: Update(both["a"], both["b"], scale(name, both["a"].shape[0])) for name, both in models.items()}
    return Adapter(source, MappingProxyType(updates))
