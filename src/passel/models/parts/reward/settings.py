"""What is known of a reward model before it is loaded: its configuration, its head, its size, its identity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

from passel.core.errors import UsageError

__all__ = ["BIAS", "UNSEEN", "Dtype", "Head", "Output", "Settings", "check_installed", "config_in", "digest"]
__all__ += ["parameters_in", "with_head"]

Head = Literal["auto", "sequence", "token", "vocabulary", "lm"]
"""sequence: classification of a whole answer (an outcome model). token: classification at every step (a process model).
vocabulary: a value for every next token (a multifurcation model). lm: a language model that says a good or a bad word
at the mark after every step (a process model of Math-Shepherd's form)."""

Output = Literal["auto", "raw", "sigmoid", "softmax"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]

UNSEEN = "unseen_mask.pt"
"""Beside the weights: true for each token that a multifurcation model never saw in training."""

BIAS = "lm_head_bias.pt"
"""Beside the weights: a bias of a multifurcation model's head, where its architecture has none."""

_LANGUAGE = ("ForCausalLM", "LMHeadModel")
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "sequence": ("ForSequenceClassification",),
    "token": ("ForTokenClassification", "ForProcessRewardModel"),
    "lm": _LANGUAGE,
    "vocabulary": _LANGUAGE,
}
_WANTED = {"sequence": "a sequence classifier", "token": "a token classifier", "lm": "a causal language model"}
_EDGE = 1 << 16


@dataclass(frozen=True, slots=True)
class Settings:
    """How a reward model is loaded and read; see `models.reward.reward` for each."""

    path: str
    head: Head = "auto"
    output: Output = "auto"
    positive: int = -1
    marker: str | None = None
    join: str | None = None
    good: str = "+"
    bad: str = "-"
    unseen: bool = True
    batch: int = 8
    device: str = "auto"
    dtype: Dtype = "auto"
    trust: bool = False

    @property
    def folder(self) -> Path | None:
        """The local folder; None for a model of the hub."""
        return None if self.path.startswith("hf:") else Path(self.path).expanduser()


def check_installed() -> None:
    """Raises UsageError where torch or transformers is missing; imports neither."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UsageError('a reward model needs torch and transformers: pip install "passel[engine]"')


def config_in(folder: Path) -> dict[str, Any]:
    """The configuration in a folder. Raises UsageError if there is none."""
    if not folder.is_dir():
        raise UsageError(f"no folder at {folder} (a model of the hub is given as hf:ORG/NAME)")
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(f"{folder} holds no transformers model: its config.json cannot be read") from None


def with_head(settings: Settings, config: Mapping[str, Any]) -> Settings:
    """The settings with the head that the model has. Raises UsageError for one that it has not."""
    name = str(next(iter(config.get("architectures") or ()), "a model of no stated architecture"))
    if settings.head != "auto":
        if not name.endswith(_CLASSES[settings.head]):
            wanted = _WANTED.get(settings.head, _WANTED["lm"])
            raise UsageError(f"head={settings.head} needs {wanted}, but {settings.path} is {name}")
        return settings
    found = next((head for head, ends in _CLASSES.items() if name.endswith(ends)), None)
    if found is None:
        raise UsageError(f"{settings.path} is {name}, which has no head that gives rewards")
    if found == "lm" and settings.folder and (settings.folder / UNSEEN).is_file():
        found = "vocabulary"
    return replace(settings, head=cast(Head, found))


def digest(folder: Path) -> str:
    """Eight digits that tell models in folders of one name apart: of each file its name, its size, how it begins and
    how it ends. Whole weights take too long to read."""
    seen = blake2b(digest_size=4)
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        size = file.stat().st_size
        with file.open("rb") as stream:
            begin = stream.read(_EDGE)
            stream.seek(max(0, size - _EDGE))
            seen.update(f"{file.name}\0{size}\0".encode() + begin + stream.read(_EDGE))
    return seen.hexdigest()


def parameters_in(folder: Path) -> float | None:
    """The number of weights, from the headers of the safetensors files; None if there are none."""
    total = 0
    for file in folder.glob("*.safetensors"):
        with file.open("rb") as stream:
            header: dict[str, Any] = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        total += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    return float(total) or None
