"""Tokenizers for the tests: small ones made here, and those of the real models where their files are in the cache."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("tokenizers", reason="needs tokenizers")

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from passel.engine.weights.gguf_file import open_gguf
from passel.engine.weights.gguf_tokenizer import tokenizer_of
from passel.models.catalog import find_card
from passel.models.catalog.pull import cached

SENTENCES = [
    "The quick brown fox jumps over the lazy dog, again and again.",
    'A record: {"name": "Ada", "age": 36, "tags": ["red", "green"], "ok": true, "none": null}',
    "On 2024-05-01 it was 3.14 degrees; naïve café — déjà vu 😀😃, 日本語 and Ελληνικά.",
    "The fox and the dog are in the record, and the record is on the fox.",
]
ENDS = ("<|end|>", "<|start|>")


@cache
def byte_level() -> Tokenizer:
    """Byte-level BPE, as of GPT-2, Llama 3, Qwen and SmolLM2: special ones first, an added plain one last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=list(ENDS), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_tokens([AddedToken("<tag> ü", special=False)])
    return tokenizer


def pieces(decoder: Any, words: tuple[str, ...] = ("▁the", "▁", "a", "▁a▁b", "é", "日本", " ", "")) -> Tokenizer:
    """A tokenizer of whole pieces and of byte tokens, as of Gemma and Llama 2, with the decoder that is given."""
    names = [*ENDS, *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    tokenizer = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, [], byte_fallback=True))
    tokenizer.add_special_tokens(list(ENDS))
    tokenizer.decoder = decoder
    return tokenizer


def replaced(*more: Any) -> Any:
    """The decoder of Gemma, and with a Strip after it that of Llama 2."""
    return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *more])


SMALL: dict[str, Any] = {
    "byte-level": byte_level,
    "gemma": lambda: pieces(replaced()),
    "llama-2": lambda: pieces(replaced(decoders.Strip(" ", 1, 0))),
    "strips two": lambda: pieces(replaced(decoders.Strip(" ", 2, 0))),
    "metaspace": lambda: pieces(decoders.Metaspace()),
    "metaspace, never": lambda: pieces(decoders.Metaspace(prepend_scheme="never")),
    "words": lambda: pieces(None),
}
REAL = ("smollm2-135m", "gemma3-270m")


@cache
def real(name: str) -> Any:
    """A real model's tokenizer, from its GGUF file; skips where the file is not in the cache."""
    path = cached(find_card(name))
    if path is None:
        pytest.skip(f"the file of {name} is not in the cache: passel pull {name}")
    return tokenizer_of(open_gguf(path))
