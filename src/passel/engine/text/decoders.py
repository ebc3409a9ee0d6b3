"""What a tokenizer's decoder does to one token, read from its settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from passel.core.errors import UsageError

__all__ = ["Rules", "rules_of"]

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_PIECEWISE = re.compile(r"(Replace,)*(ByteFallback,)?(Fuse,(Strip,)?)?")


@dataclass(frozen=True, slots=True)
class Rules:
    """How tokens become text.

    Args:
        piece: a token's name to its text, or to its bytes where they are no text on their own.
        bytewise: the bytes of all tokens are joined before they are read as UTF-8; else a run of single bytes is read
            on its own, and is one replacement character a byte if it is not valid.
        lead: what the beginning of a text goes without: this many characters, or tokens where `first` is given.
        stripped: the character that the beginning goes without.
        first: the name of a text's first token to its text.
    """

    piece: Callable[[str], str | bytes]
    bytewise: bool = False
    lead: int = 0
    stripped: str = " "
    first: Callable[[str], str] | None = None


def rules_of(decoder: Any) -> Rules:
    """The rules of a `tokenizers` decoder (None joins by spaces). Raises UsageError for a kind that is not known."""
    if decoder is None:
        return Rules(piece=" {}".format, lead=1, first=str)
    setting: dict[str, Any] = json.loads(decoder.__getstate__())
    steps: list[dict[str, Any]] = setting["decoders"] if setting["type"] == "Sequence" else [setting]
    kinds = "".join(f"{step['type']}," for step in steps)
    if kinds == "ByteLevel,":
        return Rules(piece=_byte_level, bytewise=True)
    if kinds == "Metaspace,":
        mark, never = steps[0]["replacement"], steps[0]["prepend_scheme"] == "never"
        return Rules(
            lambda name: name.replace(mark, " "), lead=int(not never), first=lambda name: name.replace(mark, "")
        )
    replaced = [(step["pattern"].get("String"), step["content"]) for step in steps if step["type"] == "Replace"]
    strip: dict[str, Any] = steps[-1] if steps[-1]["type"] == "Strip" else {"content": " ", "start": 0, "stop": 0}
    if not _PIECEWISE.fullmatch(kinds) or strip["stop"] or any(old is None for old, _ in replaced):
        raise UsageError(f"the tokenizer's decoder is of a kind that is not known: {kinds.replace(',', ' ').rstrip()}")
    by_bytes = "ByteFallback," in kinds
    return Rules(lambda name: _piece(name, replaced, by_bytes), lead=strip["start"], stripped=strip["content"])


def _piece(name: str, replaced: list[tuple[str, str]], by_bytes: bool) -> str | bytes:
    for old, new in replaced:
        name = name.replace(old, new)
    byte = _BYTE.fullmatch(name) if by_bytes else None
    return bytes((int(byte[1], 16),)) if byte else name


def _byte_level(name: str) -> str | bytes:
    """A name in the alphabet of byte-level BPE; one with a letter outside it stands for itself."""
    try:
        data = bytes([_BYTES[letter] for letter in name])
    except KeyError:
        return name
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _alphabet() -> dict[str, int]:
    """Letter to byte: printable Latin-1 letters stand for themselves, the other bytes for U+0100 and following.

    Radford et al. 2019, Language Models are Unsupervised Multitask Learners (GPT-2), section 2.2.
    """
    themselves = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in themselves]
    return {chr(byte): byte for byte in themselves} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


_BYTES = _alphabet()
