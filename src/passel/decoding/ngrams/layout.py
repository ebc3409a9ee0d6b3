"""The file of n-gram tables: a start, a header in JSON, and columns of integers that are mapped, not read.

Start: magic (8 bytes), version (4), CRC-32 of the header (4), length of the header (8), little-endian. Header: what the
tables are of, and for each column its name, type, place, length and CRC-32. Columns: each at a multiple of 64 bytes;
`3.counts` is the field `counts` of the contexts of three tokens.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError
from passel.decoding.ngrams.levels import Level, Unsigned, narrow
from passel.decoding.ngrams.vocabulary import Vocabulary

__all__ = ["FIELDS", "Column", "Columns", "TablesInfo", "check", "column_of", "read", "write"]

FIELDS = tuple(field.name for field in fields(Level))
_MAGIC, _VERSION = b"passel\0n", 1
_START = struct.Struct("<8sIIQ")
_ALIGNED = 64
_NONE = np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True)
class TablesInfo:
    """What tables are of.

    Args:
        vocabulary: of the tokenizer.
        orders: the lowest and the highest.
        min_count: rows that came less often are left out.
        tokens: that were counted.
        documents: that they came in.
    """

    vocabulary: Vocabulary
    orders: tuple[int, int]
    min_count: int
    tokens: int
    documents: int


@dataclass(frozen=True, slots=True)
class Column:
    """Integers to be written: how many, the largest, and themselves, block by block."""

    length: int
    largest: int
    blocks: Callable[[], Iterable[Unsigned]]


Columns = Mapping[str, Column]


def column_of(values: Unsigned) -> Column:
    """A column that is in memory."""
    return Column(len(values), int(values.max(initial=0)), lambda: [values])


def write(path: Path, info: TablesInfo, levels: Sequence[Columns]) -> None:
    """Writes a file; each column takes the smallest type that holds its values."""
    columns = {f"{length}.{name}": column for length, level in enumerate(levels, 1) for name, column in level.items()}
    entries: list[dict[str, Any]] = []
    end = 0
    for name, column in columns.items():
        kind = narrow(column.largest).newbyteorder("<")
        entries.append({"name": name, "type": kind.str, "at": end, "length": column.length, "crc": f"{0:08x}"})
        end = _up(end + column.length * kind.itemsize)
    header = {"about": asdict(info), "columns": entries, "size": end}
    begin = _begin(len(_json(header)))
    with path.open("wb") as file:
        for entry in entries:
            file.seek(begin + entry["at"])
            entry["crc"] = f"{_copy(columns[entry['name']], entry['type'], file):08x}"
        file.truncate(begin + end)
        file.seek(0)
        text = _json(header)
        file.write(_START.pack(_MAGIC, _VERSION, zlib.crc32(text), len(text)) + text)


def read(path: Path) -> tuple[TablesInfo, list[Level], NDArray[np.uint8]]:
    """What the tables are of, their levels, and the mapped file that the levels look into. Reads the header alone.

    Raises:
        UsageError: there is no such file; it is not one of tables, is of another version, cut short or damaged.
    """
    header, begin = _header(path)
    data = np.memmap(path, np.uint8, mode="r")
    info = header["about"]
    made = TablesInfo(
        Vocabulary(**info["vocabulary"]),
        (info["orders"][0], info["orders"][1]),
        info["min_count"],
        info["tokens"],
        info["documents"],
    )
    flat = data.view(np.ndarray)  # the same memory; indexing a memmap itself is several times slower
    columns: dict[str, Unsigned] = {}
    for entry in header["columns"]:
        kind, place = np.dtype(entry["type"]), begin + entry["at"]
        columns[entry["name"]] = flat[place : place + entry["length"] * kind.itemsize].view(kind)
    levels = [
        Level(*(columns.get(f"{length}.{name}", _NONE) for name in FIELDS)) for length in range(1, made.orders[1])
    ]
    return made, levels, data


def check(path: Path) -> None:
    """Reads a whole file and compares its checksums. Raises UsageError naming the first column that is damaged."""
    header, begin = _header(path)
    with path.open("rb") as file:
        for entry in header["columns"]:
            file.seek(begin + entry["at"])
            left, crc = entry["length"] * np.dtype(entry["type"]).itemsize, 0
            while left and (block := file.read(min(left, 1 << 20))):
                crc, left = zlib.crc32(block, crc), left - len(block)
            if left or f"{crc:08x}" != entry["crc"]:
                raise UsageError(f"{path} is damaged: column {entry['name']} does not match its checksum")


def _header(path: Path) -> tuple[dict[str, Any], int]:
    try:
        with path.open("rb") as file:
            start = file.read(_START.size)
            if len(start) < _START.size or not start.startswith(_MAGIC):
                raise UsageError(f"{path} is not a file of n-gram tables (`passel ngrams` makes one)")
            _, version, crc, length = _START.unpack(start)
            if version != _VERSION:
                raise UsageError(f"{path} is of version {version}, read is version {_VERSION}: build it again")
            size = path.stat().st_size
            text = file.read(length) if length <= size else b""
    except OSError as error:
        raise UsageError(f"no n-gram tables at {path}: {error.strerror}") from None
    if len(text) < length:
        raise UsageError(f"{path} is cut short or damaged: its header is not whole")
    if zlib.crc32(text) != crc:
        raise UsageError(f"{path} is damaged: its header does not match its checksum")
    header: dict[str, Any] = json.loads(text)
    begin = _begin(length)
    if size != begin + header["size"]:
        raise UsageError(f"{path} is cut short or damaged: {size} bytes, not {begin + header['size']}")
    return header, begin


def _copy(column: Column, kind: str, file: IO[bytes]) -> int:
    crc = 0
    for block in column.blocks():
        data = np.ascontiguousarray(block, kind).tobytes()
        crc = zlib.crc32(data, crc)
        file.write(data)
    return crc


def _json(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, separators=(",", ":")).encode()


def _up(place: int) -> int:
    return -(-place // _ALIGNED) * _ALIGNED


def _begin(header: int) -> int:
    return _up(_START.size + header)
