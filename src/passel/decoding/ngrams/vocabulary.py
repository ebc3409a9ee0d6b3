"""The vocabulary of a table's token ids, and the encoding of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast

from passel.core.errors import UsageError

__all__ = ["Encode", "Tokenizer", "Vocabulary", "encoder", "vocabulary_of"]

Encode = Callable[[Sequence[str]], Sequence[Sequence[int]]]

_PROBES = ("It's  12,345.67 %\n\n\tDON'T (naïve, cafe\u0301)\r\n  x_y=[3]; 你好 🙂", " a\n b", "www.a-b.org/2024")
"""Texts that tokenizers with the same vocabulary, but other splitting rules, encode differently."""


class Tokenizer(Protocol):
    """A `tokenizers.Tokenizer`, or a fast tokenizer of transformers."""

    def get_vocab(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer's vocabulary and rules, as a digest.

    Args:
        size: one more than the largest token id.
        fingerprint: sha256 of all (id, token) pairs and of the ids of a few texts, in hexadecimal. It does not depend
            on the form in which a tokenizer is kept (GGUF, tokenizer.json).
    """

    size: int
    fingerprint: str

    @property
    def bits(self) -> int:
        """Bits that hold a token id."""
        return max(1, (self.size - 1).bit_length())

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Vocabulary:
        """Of a fast tokenizer, its added and special tokens included; UsageError for one that is not."""
        encode = encoder(tokenizer)
        pairs = sorted((number, token) for token, number in tokenizer.get_vocab().items())
        digest = hashlib.sha256()
        for number, token in pairs:
            digest.update(f"{number}\0{token}\n".encode("utf-8", "surrogatepass"))
        for ids in encode(_PROBES):
            digest.update(f"{list(ids)}\n".encode())
        return cls(pairs[-1][0] + 1 if pairs else 0, digest.hexdigest())


@lru_cache(maxsize=4)
def vocabulary_of(tokenizer: Any) -> Vocabulary | None:
    """The cached vocabulary of a tokenizer, which takes a while to compute; None if there is no tokenizer."""
    return None if tokenizer is None else Vocabulary.of(tokenizer)


def encoder(tokenizer: Tokenizer) -> Encode:
    """Token ids of texts, many at once, without special tokens.

    It goes past transformers' own call, which takes half as long again to make its objects.
    """
    inner: Any = getattr(tokenizer, "backend_tokenizer", None)
    if inner is not None:  # transformers sets both anew with each call of its own, so nothing is lost here
        inner.no_truncation()
        inner.no_padding()
    else:
        inner = tokenizer
    if not hasattr(inner, "encode_batch_fast"):
        raise UsageError(f"n-gram tables need a fast tokenizer, got {type(tokenizer).__name__}")
    if inner.truncation is not None or inner.padding is not None:
        raise UsageError("the tokenizer cuts or pads texts; n-gram tables need whole ones")

    def encode(texts: Sequence[str]) -> list[list[int]]:
        found = cast(list[Any], inner.encode_batch_fast(list(texts), add_special_tokens=False))
        return [one.ids for one in found]

    return encode
