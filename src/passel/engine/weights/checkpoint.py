"""A model in memory with its tokenizer, and where and how precisely it is held."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from passel.core.errors import UsageError, unknown

__all__ = ["Checkpoint", "Dtype", "choose_device", "choose_dtype", "cpu_flags", "end_ids"]

Dtype = Literal["auto", "float32", "bfloat16", "float16"]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_END_TOKENS = (
    "</s>",
    "<eos>",
    "<end_of_turn>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
)
"""How the supported families write the end of a text or of a turn. A base model's configuration may name only the
first, a fine-tune's only the second; no text goes on after either."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A causal language model, ready to run.

    Args:
        model: of transformers, in eval mode, its weights without gradients.
        tokenizer: a fast tokenizer of transformers.
        name: the file or folder it came from, and its adapter.
        dtype: of the weights. device: where they are.
        parameters: number of weights, tied ones once.
        chat: whether it has a chat template.
        end_ids: tokens that end a text; see `end_ids`.
    """

    model: Any
    tokenizer: Any
    name: str
    dtype: torch.dtype
    device: torch.device
    parameters: int
    chat: bool
    end_ids: frozenset[int]


def choose_device(device: str) -> torch.device:
    """The device of this name; auto: the first GPU there is, else the processor. UsageError if it is not here."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise UsageError(f"unknown device {device!r}; cpu, cuda, cuda:1, …") from None
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"there is no device {device} here")
    return chosen


def choose_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """The type of this name; auto: bfloat16 where the device multiplies it in hardware, else float32.

    On a processor without such instructions bfloat16 is several times slower than float32.
    """
    if dtype == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    if dtype not in _DTYPES:
        raise unknown("dtype", dtype, ("auto", *_DTYPES))
    return _DTYPES[dtype]


def end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Token ids that end a text: those that the generation configuration, the configuration and the tokenizer name, and
    the family's other end tokens where the tokenizer has them as special tokens."""
    found: set[int] = set()
    generation = getattr(model, "generation_config", None)
    for holder in (generation, model.config, tokenizer):
        declared: int | list[int] | None = getattr(holder, "eos_token_id", None)
        if declared is not None:
            found |= {declared} if isinstance(declared, int) else set(declared)
    added = tokenizer.added_tokens_decoder
    return frozenset(
        found | {place for place, token in added.items() if token.special and token.content in _END_TOKENS}
    )


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool({"avx512_bf16", "amx_bf16", "bf16"} & cpu_flags())


def cpu_flags() -> set[str]:
    """The processor's instruction sets by Linux's names; none known elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    # x86 calls the line "flags", Arm "Features"
    named = (line for line in lines if line.lower().startswith(("flags", "features")))
    return set(next(named, "").partition(":")[2].split())
