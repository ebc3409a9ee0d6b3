"""Making a transformers model of weights, quietly, and with every weight accounted for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from passel.core.errors import ModelError, UsageError
from passel.core.progress import OnProgress

__all__ = ["Wish", "build", "quiet"]


@dataclass(frozen=True, slots=True)
class Wish:
    """How weights are wanted: with which adapters, each how strong, in which type; and who is told about progress."""

    adapters: tuple[tuple[Path, float], ...]
    dtype: torch.dtype
    on_progress: OnProgress


def build(kind: Any, where: str | None, **how: Any) -> Any:
    """`kind.from_pretrained(where, ...)` without its progress bar.

    Raises ModelError for weights that cannot be read, UsageError if one that the model needs is missing (transformers
    would fill it with chance).
    """
    try:
        with quiet():
            model, told = kind.from_pretrained(where, output_loading_info=True, **how)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"cannot load {where or 'the weights'}: {str(error).strip().splitlines()[0]}") from error
    for what in ("missing_keys", "mismatched_keys"):
        if names := sorted(map(str, told[what])):
            state = "lacks weights" if what == "missing_keys" else "has weights of another shape"
            raise UsageError(f"{where or 'the file'} {state}: {', '.join(names[:3])}")
    return model


@contextmanager
def quiet() -> Generator[None]:
    """Neither progress bars nor reports of transformers: they would be written into a display that is not theirs, and
    what they report is raised."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
