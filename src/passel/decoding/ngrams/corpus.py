"""Texts as tokens: files are streamed, cut at places that no token spans, and tokenised in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from passel.core.errors import UsageError
from passel.core.progress import OnProgress, silent
from passel.decoding.ngrams.files import text_of
from passel.decoding.ngrams.levels import Ints
from passel.decoding.ngrams.vocabulary import Tokenizer, encoder

__all__ = ["BLOCK", "Piece", "blocks", "tokenised"]

BLOCK = 1 << 16
"""Characters that are tokenised at once. Tokenizers take longer than linear time over one long text."""

_BATCH, _MAX_BLOCKS = 1 << 20, 4096  # characters and blocks in a batch


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of a document [tokens]. fresh: the document begins here; otherwise it continues the piece before."""

    ids: Ints
    fresh: bool


def tokenised(
    paths: Sequence[Path],
    tokenizer: Tokenizer,
    *,
    field: str = "text",
    on_progress: OnProgress = silent,
) -> Iterator[Piece]:
    """The tokens of files, in order. No special tokens are added.

    Args:
        paths: text in UTF-8, each file one document; or .jsonl, each row one document; either plain or .gz.
        tokenizer: of the model that the tables are for.
        field: of a JSONL row, which has the text.
        on_progress: called with the number of bytes of the files that have been read, and of all.

    Raises:
        UsageError: a file is missing or is not what its name says, naming the file and the row; the tokenizer is not a
            fast one.
    """
    encode = encoder(tokenizer)
    total = sum(_size(path) for path in paths)
    read = 0

    def on_bytes(done: int) -> None:
        on_progress("reading", read + done, total)

    for path in paths:
        for batch in _batches(blocks(text_of(path, field=field, on_bytes=on_bytes))):
            for ids, (_, fresh) in zip(encode([text for text, _ in batch]), batch, strict=True):
                yield Piece(np.asarray(ids, np.int64), fresh)
        read += _size(path)


def blocks(texts: Iterable[tuple[str, bool]], size: int = BLOCK) -> Iterator[tuple[str, bool]]:
    """Texts joined within their document, and cut into blocks of `size` characters or a little less.

    A block ends after a line break between two non-blank characters, else before such a space: there the tokenizers in
    use split words, so the tokens are those of the whole text; but a tokenizer that puts a space before a text does so
    before each block. A text without either is cut where the size is reached.
    """
    held, fresh = "", False
    for text, begins in texts:
        if begins:
            if held or fresh:
                yield held, fresh
            held, fresh = "", True
        held += text
        while len(held) > size:
            place = _cut(held, size)
            yield held[:place], fresh
            held, fresh = held[place:], False
    if held or fresh:
        yield held, fresh


def _cut(text: str, size: int) -> int:
    for blank, after in (("\n", 1), (" ", 0)):
        place = text.rfind(blank, 1, size)
        while place > 0:
            if not (text[place - 1].isspace() or text[place + 1].isspace()):
                return place + after
            place = text.rfind(blank, 1, place)
    return size


def _batches(blocks: Iterable[tuple[str, bool]]) -> Iterator[list[tuple[str, bool]]]:
    batch: list[tuple[str, bool]] = []
    length = 0
    for block in blocks:
        batch.append(block)
        length += len(block[0])
        if length >= _BATCH or len(batch) >= _MAX_BLOCKS:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _size(path: Path) -> int:
    if not path.is_file():
        raise UsageError(f"{path} is a folder, not a file" if path.is_dir() else f"no file at {path}")
    return path.stat().st_size
