"""What a decoding method begins with, and what it makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine.masked import MaskedDiffusion

__all__ = ["Decoded", "DecodingInput"]


@dataclass(frozen=True, slots=True, eq=False)
class DecodingInput:
    """A prompt to go on from.

    Args:
        prompt: token ids, at least one.
        max_tokens: of a draft at most.
        end: tokens that end a text; a draft holds the one that ended it, as its last.
        sampling: temperature, truncations and penalties that the user set; None where a method has its own way.
        encode: text to ids, without special tokens. decode: ids to text, without special tokens.
        chat: the turns of a chat to the ids that ask for an answer, for methods that write prompts of their own;
            None where the model has no chat template.
        turns: the chat that `prompt` was made of, or None.
        beside: models beside the engine's own that branches can be opened of.
        tokenizer: that the ids are of, for methods whose data belong to one; None where it is not known.
        masked: of a masked-diffusion model, its mask token and shift; None: the model is causal.
    """

    prompt: tuple[int, ...]
    max_tokens: int
    end_tokens: frozenset[int]
    sampling: Sampling = Sampling()
    encode: Callable[[str], tuple[int, ...]] = lambda text: _no_text()
    decode: Callable[[Sequence[int]], str] = lambda tokens: str(_no_text())
    chat: Callable[[Sequence[tuple[str, str]]], tuple[int, ...]] | None = None
    turns: tuple[tuple[str, str], ...] | None = None
    extra_models: int = 0
    tokenizer: Any = None
    masked: MaskedDiffusion | None = None

    def __post_init__(self) -> None:
        if not self.prompt:
            raise UsageError("a prompt has at least one token")
        if self.max_tokens < 1:
            raise UsageError(f"max_tokens must be at least 1, got {self.max_tokens}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text that a decoding method made.

    Args:
        tokens: ids, with the one that ended it if any.
        ended: end: by an end token, or because the method found it whole; length: by max_tokens.
        score: what the method ranks its drafts by, higher is better; None for one that does not.
        logprobs: log-probability of each token under the model, where the method knows them.
        spent: tokens that the model computed beyond those of the draft, as the method counts them; 0 where it does not.
        depths: layers that each token took, where the method lets them leave early.
    """

    tokens: tuple[int, ...]
    ended: Literal["end", "length"]
    score: float | None = None
    logprobs: tuple[float, ...] = ()
    spent: int = 0
    depths: tuple[int, ...] = ()


def _no_text() -> tuple[int, ...]:
    raise UsageError("this decoding method needs a tokenizer, and this opening has none")
