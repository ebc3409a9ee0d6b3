"""Short real texts of nearly one length as prompts: questions of GSM8K, as token ids."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["passages"]

LEAST, MOST = 60, 100  # tokens of a prompt


def passages(tokenizer: Any) -> Iterator[list[int]]:
    """Distinct prompts of 60 to 100 tokens, in the file's order; about two thousand.

    Raises:
        FileNotFoundError: $PASSEL_DATA (by default ../shared/data) has no gsm8k/train.jsonl.gz.
    """
    folder = Path(os.environ.get("PASSEL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    with gzip.open(folder / "gsm8k" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            ids: list[int] = tokenizer.encode(json.loads(line)["question"], add_special_tokens=False)
            if LEAST <= len(ids) <= MOST:
                yield ids
