"""Questions whose answers quote: passages of long documents to be repeated, corrected or summarised with quotes."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "quotes"]

KINDS = {
    "repeat": "Repeat the following text word for word.\n\n{}",
    "edit": "Repeat the following text, but correct its mistakes.\n\n{}",
    "summarise": "Summarise the following text, then quote its three most important sentences word for word.\n\n{}",
}
LEAST, MOST = 700, 1100  # characters of a passage


def quotes(tokenizer: Any) -> Iterator[tuple[str, list[int]]]:
    """Kinds and prompts as token ids, kind after kind, each of another passage; some thousand.

    Raises:
        FileNotFoundError: $PASSEL_DATA (by default ../shared/data) has no long_documents.
    """
    for at, passage in enumerate(_passages()):
        kind = list(KINDS)[at % len(KINDS)]
        turn = {"role": "user", "content": KINDS[kind].format(passage)}
        ids = tokenizer.apply_chat_template([turn], add_generation_prompt=True, return_dict=False)
        yield kind, [int(token) for token in ids]


def _passages() -> Iterator[str]:
    """Sentences put together up to a length, a document's first ones first, two passages of each document at most, and
    none with marks of what was cut out of it."""
    folder = Path(os.environ.get("PASSEL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    for name in ("scientific_qa", "quality"):
        with gzip.open(folder / "long_documents" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                yield from _cut(json.loads(line)["input"])


def _cut(document: str) -> Iterator[str]:
    sentences = re.split(r"(?<=[.?!])\s+", re.sub(r"\s+", " ", document))
    passage, made = "", 0
    for sentence in sentences:
        if len(passage) + len(sentence) > MOST:
            if len(passage) >= LEAST and not re.search(r"REF\d|INLINE", passage) and (made := made + 1):
                yield passage
            if made == 2:
                return
            passage = ""
        passage = f"{passage} {sentence}".strip()
