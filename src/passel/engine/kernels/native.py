"""The kernels of this folder's C++ files: compiled at first use by the machine's own compiler, kept, and called with
pointers."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from passel.engine.kernels.views import Rope, View

__all__ = ["Native", "draw", "function", "native"]

_SOURCES = tuple(sorted(Path(__file__).parent.glob("*.cpp")))
_FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"),
    *("-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math", "-ffinite-math-only"),
)
_SUFFIX = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
_WIDTH = 16


@dataclass(frozen=True)
class Native:
    """See `Kernels`. `functions` are those of one dtype."""

    functions: dict[str, Any]

    def norm(self, x: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """See `Kernels.norm`."""
        out = torch.empty_like(x)
        rows, n = x.shape
        self.functions["norm"](x.data_ptr(), weight.data_ptr(), out.data_ptr(), rows, n, eps, offset)
        return out

    def add_norm(self, x: Tensor, hidden: Tensor, weight: Tensor, eps: float, offset: float) -> Tensor:
        """See `Kernels.add_norm`."""
        out = torch.empty_like(x)
        rows, n = x.shape
        pointers = x.data_ptr(), hidden.data_ptr(), weight.data_ptr(), out.data_ptr()
        self.functions["add_norm"](*pointers, rows, n, eps, offset)
        return out

    def gated(self, x: Tensor, activation: int) -> Tensor:
        """See `Kernels.gated`."""
        rows, n = x.shape[0], x.shape[1] // 2
        out = x.new_empty(rows, n)
        self.functions["gated"](x.data_ptr(), out.data_ptr(), rows, n, activation)
        return out

    def rope(self, qkv: Tensor, keys: Tensor, values: Tensor, at: Rope) -> Tensor:
        """See `Kernels.rope`."""
        kv, d = keys.shape[1:]
        heads = qkv.shape[1] // d - 2 * kv
        q = qkv.new_empty(len(at.source), heads, d)
        pointers = qkv.data_ptr(), q.data_ptr(), keys.data_ptr(), values.data_ptr()
        self.functions["rope"](*pointers, _rope(at), len(at.source), len(at.slot), heads, kv, d)
        return q

    def attend(self, q: Tensor, keys: Tensor, values: Tensor, out: Tensor, view: View) -> None:
        """See `Kernels.attend`."""
        kv, d = keys.shape[1:]
        pointers = q.data_ptr(), keys.data_ptr(), values.data_ptr(), out.data_ptr()
        self.functions["attend"](*pointers, _view(view), len(view.where), q.shape[1], kv, d)


def draw(logits: Tensor, temperature: Tensor, u: Tensor) -> Tensor | None:
    """A token of each row, int64 [rows], with probability softmax(logits / temperature); None where the kernels cannot
    be had for these.

    Args:
        logits: [rows, vocabulary], contiguous. A row without a token that can be drawn gives -1.
        temperature: float64 [rows]; 0: the most likely token, of equals the lowest id.
        u: float64 [rows] in [0, 1), the place in the distribution.
    """
    run = function("draw", logits.dtype) if logits.device.type == "cpu" else None
    if run is None:
        return None
    tokens = torch.empty(len(logits), dtype=torch.int64)
    pointers = (tensor.data_ptr() for tensor in (logits, temperature, u, tokens))
    run(*pointers, *logits.shape)
    return tokens


def function(name: str, dtype: torch.dtype) -> Any | None:
    """A kernel for numbers of this type; None where it cannot be had."""
    library = _library() if dtype in _SUFFIX else None
    return library and _functions(library, _SUFFIX[dtype]).get(name)


class _Rope(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("cosine", "sine", "source", "q_position", "k_position", "slot")]
    _fields_ += [("q_norm", ctypes.c_void_p), ("k_norm", ctypes.c_void_p)]
    _fields_ += [("eps", ctypes.c_float), ("offset", ctypes.c_float)]


class _View(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("where", "begin", "query", "offset", "length", "table")]
    _fields_ += [("scale", ctypes.c_float), ("cap", ctypes.c_float)]


def _rope(at: Rope) -> Any:
    tensors = (at.cosine, at.sine, at.source, at.q_position, at.k_position, at.slot, at.q_norm, at.k_norm)
    return ctypes.byref(_Rope(*(None if t is None else t.data_ptr() for t in tensors), at.eps, at.offset))


def _view(view: View) -> Any:
    tensors = (view.where, view.begin, view.query, view.offset, view.length, view.table)
    return ctypes.byref(_View(*(t.data_ptr() for t in tensors), view.scale, view.cap))


def native(dtype: torch.dtype, head_size: int, sizes: tuple[int, ...]) -> Native | None:
    """The kernels for a dtype; None where they cannot be had: no compiler, not Linux, heads of an odd size."""
    if dtype not in _SUFFIX or head_size % _WIDTH or any(size % 2 for size in sizes):
        return None
    library = _library()
    return library and Native(_functions(library, _SUFFIX[dtype]))


@cache
def _functions(library: ctypes.CDLL, suffix: str) -> dict[str, Any]:
    pointer, number, real = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
    forms = {
        "norm": [pointer] * 3 + [number] * 2 + [real] * 2,
        "add_norm": [pointer] * 4 + [number] * 2 + [real] * 2,
        "gated": [pointer] * 2 + [number] * 3,
        "rope": [pointer] * 5 + [number] * 5,
        "attend": [pointer] * 5 + [number] * 4,
        "draw": [pointer] * 4 + [number] * 2,
        "int8": [pointer] * 5 + [number] * 3,
    }
    found: dict[str, Any] = {}
    for name, arguments in forms.items():
        if one := getattr(library, f"{name}_{suffix}", None):  # some are for some processors
            found[name] = one
            one.argtypes, one.restype = arguments, None
    return found


@cache
def _library() -> ctypes.CDLL | None:
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    # the threads must be torch's own: a second pool beside it would spin against the first
    threads = next(iter((Path(torch.__file__).parent / "lib").glob("libgomp*.so*")), None)
    if compiler is None or threads is None or platform.system() != "Linux":
        return None
    source = b"".join(path.read_bytes() for path in _SOURCES)
    processor = " ".join(torch.backends.cpu.get_cpu_capability().split()) + platform.machine() + _flags_of_processor()
    name = blake2b(source + repr((_FLAGS, processor, str(threads))).encode(), digest_size=10).hexdigest()
    built = _folder() / f"kernels-{name}.so"
    if not built.is_file() and not _build(compiler, threads, built):
        return None
    return ctypes.CDLL(str(built))


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "passel" / "kernels"


def _flags_of_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _build(compiler: str, threads: Path, built: Path) -> bool:
    try:
        built.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=built.parent) as folder:
            fresh = Path(folder) / built.name
            command = [compiler, *_FLAGS, *map(str, _SOURCES), "-o", str(fresh), str(threads)]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            fresh.replace(built)  # at once, so that another process never loads half a file
    except (OSError, subprocess.SubprocessError):
        return False
    return True
