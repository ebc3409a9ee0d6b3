"""Texts to train on: from files of text or JSONL to tokens, and which of these are to be learned."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from passel.core.errors import UsageError

__all__ = ["Example", "Pair", "example", "read", "windows"]

_PAIRS = (("prompt", "completion"), ("question", "answer"), ("instruction", "output"), ("input", "target"))
"""Names that fields of a JSONL row go by; the first pair that a row has is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A text.

    Args:
        tokens: int64 [tokens], at least 2.
        start: number of the first token to be learned; those before are its prompt.
        row: what else the file says of it.
    """

    tokens: NDArray[np.int64]
    start: int
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A text as a file has it: what is given and what follows; prompt "": plain text.

    Args:
        row: all fields of its row.
    """

    prompt: str
    completion: str
    row: Mapping[str, Any]


def read(paths: Sequence[Path]) -> list[Pair]:
    """The texts of files: .jsonl with `text`, `prompt` and `completion`, or such names as `question` and `answer`, a
    row each; anything else is one plain text; .gz is unpacked. A completion may be missing where the model is to make
    it. Raises UsageError naming the file and the row."""
    pairs: list[Pair] = []
    for path in paths:
        name = path.name.removesuffix(".gz")
        try:
            text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {path}: {error}") from None
        pairs += _rows(path, text) if name.endswith((".jsonl", ".ndjson")) else [Pair("", text, {})]
    if not any(pair.prompt or pair.completion for pair in pairs):
        raise UsageError("there is no text to train on")
    return pairs


def _rows(path: Path, text: str) -> Iterator[Pair]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}, row {number}: {error}") from None
        if not isinstance(row, dict):
            raise UsageError(f"{path}, row {number}: a row is an object")
        yield _pair(cast(dict[str, Any], row), f"{path}, row {number}")


def _pair(row: dict[str, Any], where: str) -> Pair:
    if isinstance(row.get("text"), str):
        return Pair("", row["text"], row)
    for prompt, completion in _PAIRS:
        if isinstance(row.get(prompt), str):
            return Pair(row[prompt], str(row.get(completion) or ""), row)
    names = ", ".join(f"{a} and {b}" for a, b in _PAIRS)
    raise UsageError(f"{where}: a row has text, or {names}; this one has {', '.join(row) or 'nothing'}")


def example(
    pair: Pair, tokenizer: Any, max_tokens: int, *, chat: bool, ids: Sequence[int] | None = None
) -> Example | None:
    """A pair as tokens, its completion ended by the tokenizer's end token; None where it is longer than `max_tokens`.

    Args:
        chat: whether the prompt is one turn of a chat, by the tokenizer's template.
        ids: the completion's tokens where the model made it; they end as it ended them.
    """
    prompt = prompt_ids(pair.prompt, tokenizer, chat=chat)
    if ids is None:
        ids = [*_ids(tokenizer, pair.completion), tokenizer.eos_token_id]
    tokens = np.asarray([*prompt, *ids], dtype=np.int64)
    return Example(tokens, max(1, len(prompt)), pair.row) if 2 <= len(tokens) <= max_tokens and len(ids) else None


def prompt_ids(prompt: str, tokenizer: Any, *, chat: bool) -> list[int]:
    """A prompt as the model is asked it."""
    if chat:
        turns = [{"role": "user", "content": prompt}]
        return list(tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))
    return _ids(tokenizer, prompt)


def windows(pair: Pair, tokenizer: Any, length: int) -> Iterator[Example]:
    """A plain text in windows of `length` tokens; what is left over makes one more if it is half as long."""
    tokens = np.asarray(_ids(tokenizer, pair.completion), dtype=np.int64)
    for start in range(0, len(tokens), length):
        window = tokens[start : start + length]
        if len(window) >= min(max(2, length // 2), len(tokens)) and len(window) > 1:
            yield Example(window, 1, pair.row)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
