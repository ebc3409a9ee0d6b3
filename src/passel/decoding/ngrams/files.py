"""Streams text files and the texts in JSONL files. Errors name the file and the row."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from passel.core.errors import UsageError, unknown

__all__ = ["text_of"]

_BYTES = 1 << 20  # read at once


def text_of(path: Path, *, field: str, on_bytes: Callable[[int], None]) -> Iterator[tuple[str, bool]]:
    """Texts of a file, each with whether a document begins with it.

    Args:
        path: .jsonl, each row a document; else text, one document. Either plain or .gz, in UTF-8.
        field: of a JSONL row, which has the text.
        on_bytes: called with the number of bytes of the file that have been read.
    """
    with path.open("rb") as raw, _unpacked(raw, path) as file:
        rows = path.name.lower().removesuffix(".gz").endswith(".jsonl")
        for text in _rows(file, path, field) if rows else _plain(file, path):
            yield text
            on_bytes(raw.tell())


@contextmanager
def _unpacked(raw: IO[bytes], path: Path) -> Generator[IO[bytes]]:
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(raw) as file:
                yield cast(IO[bytes], file)
        else:
            yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None


def _plain(file: IO[bytes], path: Path) -> Iterator[tuple[str, bool]]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    fresh, lines = True, 1
    while True:
        data = file.read(_BYTES)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            row = lines + error.object.count(b"\n", 0, error.start)
            raise UsageError(f"{path}, line {row}: not UTF-8 (0x{error.object[error.start]:02x})") from None
        if text or fresh:
            yield text, fresh
        fresh, lines = False, lines + text.count("\n")
        if not data:
            return


def _rows(file: IO[bytes], path: Path, field: str) -> Iterator[tuple[str, bool]]:
    for row, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig" if row == 1 else "utf-8"))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, row {row}: not JSON in UTF-8 ({error})") from None
        if not isinstance(value, dict):
            raise UsageError(f"{path}, row {row}: expected an object with named fields")
        fields = cast(dict[str, Any], value)
        if field not in fields:
            raise UsageError(f"{path}, row {row}: {unknown('field', field, fields)}")
        if not isinstance(text := fields[field], str):
            raise UsageError(f"{path}, row {row}: {field} is {type(text).__name__}, not text")
        yield text, True
