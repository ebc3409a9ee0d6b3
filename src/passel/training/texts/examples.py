"""Training texts: from files of text or JSONL to tokens, and which of the tokens are learned."""

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
"""Names of the fields of a JSONL row; the first pair that a row has is used."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A text as tokens.

    Args:
        tokens: int64 [tokens], at least 2.
        start: index of the first token that is learned; the tokens before it are the prompt.
        row: all fields of the text's row in its file.
    """

    tokens: NDArray[np.int64]
    start: int
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and its completion as a file has them; prompt "": plain text.

    Args:
        row: all fields of the row.
    """

    prompt: str
    completion: str
    row: Mapping[str, Any]


def read(paths: Sequence[Path]) -> list[Pair]:
    """Reads the texts of files: each row of a .jsonl file with `text`, `prompt` and `completion`, or names such as
    `question` and `answer`; any other file is one plain text; .gz is unpacked. A completion may be missing if the model
    completes the prompts. Raises UsageError naming the file and the row."""
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
        chat: whether the prompt becomes a turn of a chat, by the tokenizer's template.
        ids: the tokens of a completion that the model made, with its own end.
    """
    prompt = prompt_ids(pair.prompt, tokenizer, chat=chat)
    if ids is None:
        ids = [*_ids(tokenizer, pair.completion), tokenizer.eos_token_id]
    tokens = np.asarray([*prompt, *ids], dtype=np.int64)
    return Example(tokens, max(1, len(prompt)), pair.row) if 2 <= len(tokens) <= max_tokens and len(ids) else None


def prompt_ids(prompt: str, tokenizer: Any, *, chat: bool) -> list[int]:
    """The tokens of a prompt, by the chat template or as plain text."""
    if chat:
        turns = [{"role": "user", "content": prompt}]
        return list(tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))
    return _ids(tokenizer, prompt)


def windows(pair: Pair, tokenizer: Any, length: int) -> Iterator[Example]:
    """Cuts a plain text into windows of `length` tokens; the rest is one more window if it has half that length."""
    tokens = np.asarray(_ids(tokenizer, pair.completion), dtype=np.int64)
    for start in range(0, len(tokens), length):
        window = tokens[start : start + length]
        if len(window) >= min(max(2, length // 2), len(tokens)) and len(window) > 1:
            yield Example(window, 1, pair.row)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
