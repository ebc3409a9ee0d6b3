"""Long real texts in two parts: one to count n-grams in, one to take prompts from."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from passel.decoding.ngrams import Piece, Tables, Vocabulary, build

__all__ = ["documents", "prompts_of", "tables_of"]

HELD_OUT = 0.1  # of each document, at its end
BOOKS = ("great_gatsby.txt.gz", "tinyshakespeare.txt.gz")
COLLECTIONS = ("quality.jsonl.gz", "scientific_qa.jsonl.gz")


def documents(tokenizer: Any) -> list[list[int]]:
    """Novels, a play, stories and papers, as token ids.

    Raises:
        FileNotFoundError: $PASSEL_DATA (by default ../shared/data) has no long_documents.
    """
    root = Path(os.environ.get("PASSEL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    folder, texts = root / "long_documents", list[str]()
    for name in BOOKS:
        texts.append(gzip.decompress((folder / name).read_bytes()).decode())
    for name in COLLECTIONS:
        rows = gzip.decompress((folder / name).read_bytes()).decode().splitlines()
        texts += [json.loads(row)["input"] for row in rows]
    return tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]


def _cut(document: Sequence[int]) -> int:
    return int(len(document) * (1 - HELD_OUT))


def tables_of(found: Sequence[Sequence[int]], tokenizer: Any, out: Path) -> Tables:
    """Tables of all but the ends."""
    pieces = [Piece(np.asarray(one[: _cut(one)], np.int64), True) for one in found]
    return build(pieces, out, vocabulary=Vocabulary.of(tokenizer))


def prompts_of(found: Sequence[Sequence[int]], tokens: int, room: int) -> list[tuple[int, ...]]:
    """Prompts of the ends, each after the last by `tokens` + `room`: the books and collections by turns."""
    ends = [one[_cut(one) :] for one in found]
    starts = [range(0, len(end) - tokens - room, tokens + room) for end in ends]
    pairs = [(step, at, start) for at, places in enumerate(starts) for step, start in enumerate(places)]
    return [tuple(ends[at][start : start + tokens]) for _, at, start in sorted(pairs)]
