"""Making a transformers model of weights, quietly, and with every weight accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from passel.core.errors import ModelError, UsageError

__all__ = ["Report", "Wish", "build", "quiet"]

Report = Callable[[str, int, int], None]
"""Called with (what is done, steps done, steps in all; 0 if that is not known)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How weights are wanted: with which adapter, how strong, in which type; and who is told about progress."""

    adapter: Path | None
    scale: float
    dtype: torch.dtype
    report: Report


def build(kind: Any, where: str | None, **how: Any) -> Any:
    """`kind.from_pretrained(where, ...)` without its progress bar.

    Raises ModelError for weights that cannot be read, UsageError if one that the model needs is missing (transformers
    would fill it with chance).
    """
    try:
        with quiet():
            model, told = kind.from_pretrained(where, output_loading_info=True, **how)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"cannot load {where or 'the weights'}: {str(error).strip().splitlines()[0]}") from error
    for what in ("missing_keys", "mismatched_keys"):
        if names := sorted(map(str, told[what])):
            state = "lacks weights" if what == "missing_keys" else "has weights of another shape"
            raise UsageError(f"{where or 'the file'} {state}: {', '.join(names[:3])}")
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bar of transformers: it would write into a display that is not its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
