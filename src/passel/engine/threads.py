"""Threads that torch computes with, where the engine's own thread must have the processors to itself."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch

__all__ = ["rest"]

_SOFT = 1


def rest() -> None:
    """Gives up the calling thread's workers, until it computes again.

    OpenMP keeps workers for every thread that has ever computed, such as the one that loaded the weights. With more of
    them than processors it lets those that wait sleep and not spin, and a token's few hundred short loops then wait for
    workers to wake: measured, a third of the speed at batch 32 and half of it at batch 1. No effect without GNU OpenMP.
    """
    library = _openmp()
    if library is not None:
        library.omp_pause_resource_all(_SOFT)


@cache
def _openmp() -> Any:
    found = next(iter((Path(torch.__file__).parent / "lib").glob("libgomp*.so*")), None)
    library = None if found is None else ctypes.CDLL(str(found))
    return library if hasattr(library, "omp_pause_resource_all") else None
