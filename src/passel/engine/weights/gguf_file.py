"""Reading a GGUF file: its metadata, and its tensors dequantised to float32.

The layout is that of ggml's specification, versions 2 and 3, little-endian. The metadata is read here rather than by
the package gguf, which takes a hundred times as long over a large vocabulary; how a tensor is dequantised is that
package's.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from passel.core.errors import UsageError

__all__ = ["GGUF", "Entry", "open_gguf"]

_MAGIC = b"GGUF"
_STRING, _ARRAY = 8, 9
_GROUP = 256
"""Blocks that are dequantised together. They are independent of rows; short rows take three times as long."""
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies. `shape` as in torch, the reverse of ggml's; `kind` is ggml's number of the type; `offset` in
    bytes from the start of the file."""

    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, slots=True)
class GGUF:
    """An open file. Arrays of the metadata are lists; floats are those that were stored as float32."""

    path: Path
    metadata: Mapping[str, Any]
    entries: Mapping[str, Entry]
    data: mmap.mmap

    @property
    def architecture(self) -> str:
        """Such as "llama"; empty if the file does not say."""
        return str(self.metadata.get("general.architecture", ""))

    def tensor(self, name: str) -> Tensor:
        """The tensor in float32. Raises UsageError for a type that cannot be dequantised and a file cut short."""
        quants, types, sizes = _dequantisers()
        entry = self.entries[name]
        try:
            kind = types(entry.kind)
            block, block_bytes = sizes[kind]
        except (KeyError, ValueError):
            raise UsageError(f"{self.path.name}: {name} has type {entry.kind}, which is not known") from None
        *rows, columns = entry.shape
        if columns % block:
            raise UsageError(f"{self.path.name}: {name} has rows of {columns}, no multiple of {block}")
        blocks = math.prod(rows) * (columns // block)
        if entry.offset + blocks * block_bytes > len(self.data):
            raise UsageError(f"{self.path.name} is cut short: {name} is not whole")
        group = next(size for size in range(min(_GROUP, blocks), 0, -1) if blocks % size == 0)
        raw = np.frombuffer(self.data, np.uint8, blocks * block_bytes, entry.offset)
        try:
            values = quants.dequantize(raw.reshape(-1, group * block_bytes), kind)
        except NotImplementedError:
            raise UsageError(f"{self.path.name}: {name} has type {kind.name}, which is not dequantised here") from None
        owned = values if values.flags.writeable else values.copy()  # float32 is a view of the file
        return torch.from_numpy(owned.reshape(entry.shape))


def open_gguf(path: Path) -> GGUF:
    """Opens a file and reads its metadata. Raises UsageError for what is no GGUF file or one that is cut short."""
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise UsageError(f"{path} is no GGUF file")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = _Reader(data)
    try:
        version, tensors, fields = reader.unpack("IQQ")
        if version not in (2, 3):
            raise UsageError(f"{path.name} is GGUF version {version}; versions 2 and 3 are read")
        metadata = {reader.string(): reader.value(reader.one("I")) for _ in range(fields)}
        if metadata.get("split.count", 1) > 1:
            raise UsageError(f"{path.name} is one of {metadata['split.count']} parts; join them with llama-gguf-split")
        found = [reader.entry() for _ in range(tensors)]
    except (struct.error, KeyError, UnicodeDecodeError):
        raise UsageError(f"{path.name} is cut short or damaged: its header cannot be read") from None
    alignment = metadata.get("general.alignment", 32)
    start = -(-reader.place // alignment) * alignment
    entries = {name: Entry(shape, kind, start + offset) for name, shape, kind, offset in found}
    return GGUF(path, MappingProxyType(metadata), MappingProxyType(entries), data)


class _Reader:
    """A place in the header that moves on as values are read. struct.error at the end of the file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self.place = data, len(_MAGIC)

    def unpack(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self.place)
        self.place += struct.calcsize("<" + layout)
        return values

    def one(self, layout: str) -> Any:
        return self.unpack(layout)[0]

    def string(self) -> str:
        (length,) = struct.unpack_from("<Q", self._data, self.place)
        begin = self.place + 8
        self.place = begin + length
        if self.place > len(self._data):
            raise struct.error("a string beyond the end")
        return self._data[begin : self.place].decode()

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.one(_SCALARS[kind])
        inner, length = self.unpack("IQ")
        if inner in _SCALARS:
            return list(self.unpack(f"{length}{_SCALARS[inner]}"))
        return [self.value(inner) for _ in range(length)]

    def entry(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self.string()
        dimensions = self.one("I")
        shape = self.unpack(f"{dimensions}Q")
        kind, offset = self.unpack("IQ")
        return name, tuple(reversed(shape)), kind, offset


def _dequantisers() -> tuple[Any, Any, Any]:
    """The functions, the enumeration of types, and their (values, bytes) a block."""
    try:
        import gguf
        from gguf import quants
    except ImportError:
        raise UsageError('GGUF files need the package gguf: pip install "passel[engine]"') from None
    return quants, gguf.GGMLQuantizationType, gguf.GGML_QUANT_SIZES
