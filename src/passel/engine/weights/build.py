"""Builds a transformers model from weights, without its output, and checks that no weight is missing."""

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

__all__ = ["LoadOptions", "build", "quiet"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load weights: the adapters with their strengths, the number type, and the progress callback."""

    adapters: tuple[tuple[Path, float], ...]
    dtype: torch.dtype
    on_progress: OnProgress


def build(kind: Any, where: str | None, **how: Any) -> Any:
    """Calls `kind.from_pretrained(where, ...)` without its progress bar.

    Raises ModelError for weights that cannot be read, UsageError if a weight that the model needs is missing
    (transformers would fill it with random numbers).
    """
    try:
        with quiet():
            model, report = kind.from_pretrained(where, output_loading_info=True, **how)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"cannot load {where or 'the weights'}: {str(error).strip().splitlines()[0]}") from error
    for problem in ("missing_keys", "mismatched_keys"):
        if names := sorted(map(str, report[problem])):
            state = "lacks weights" if problem == "missing_keys" else "has weights of another shape"
            raise UsageError(f"{where or 'the file'} {state}: {', '.join(names[:3])}")
    return model


@contextmanager
def quiet() -> Generator[None]:
    """Turns off the progress bars and warnings of transformers: they would be written into Passel's own display, and
    the problems that they report are raised."""
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
