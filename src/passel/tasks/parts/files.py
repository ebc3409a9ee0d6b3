"""Reads the rows of JSONL and CSV files, plain or gzipped. Errors name the file and the row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from passel.core.errors import UsageError

__all__ = ["Row", "is_table", "read_file", "read_rows"]

Row = Mapping[str, Any]

_SUFFIXES = (".jsonl", ".csv")
_MAX_FIELD = 2**31 - 1  # characters; the default of csv, 131072, is less than a long document


def is_table(path: str) -> bool:
    """Whether the name is that of a JSONL or CSV file, plain or gzipped."""
    return path.lower().removesuffix(".gz").endswith(_SUFFIXES)


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows with their numbers: lines of a JSONL file from 1, rows of a CSV file as in a spreadsheet, where the header
    is row 1. Blank lines are left out. Raises UsageError naming the file and the row.
    """
    text = read_file(path)
    if path.name.lower().removesuffix(".gz").endswith(".csv"):
        return _csv(text, path)
    return _jsonl(text, path)


def read_file(path: Path) -> str:
    """The text of a UTF-8 file, plain or gzipped. Raises UsageError naming the file and the place of an error."""
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise UsageError(f"no file at {path}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise UsageError(f"{path}, line {row}, byte {column}: not UTF-8 (0x{data[error.start]:02x})") from None


def _jsonl(text: str, path: Path) -> Iterator[tuple[int, Row]]:
    for row, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, row {row}: not JSON ({error})") from None
        if not isinstance(value, dict):
            raise UsageError(f"{path}, row {row}: expected an object with named fields, got {line.strip()[:40]}")
        yield row, cast(Row, value)


def _csv(text: str, path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(_MAX_FIELD)
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    row = 0
    try:
        for row, cells in enumerate(table, 1):
            if not header:
                header = [cell.strip() for cell in cells]
            elif len(cells) > len(header):
                raise UsageError(f"{path}, row {row}: {len(cells)} cells under {len(header)} columns")
            elif cells:
                yield row, dict(zip(header, cells, strict=False))  # a short row lacks its last columns
    except csv.Error as error:
        raise UsageError(f"{path}, row {row + 1}: not CSV ({error})") from None
