"""The input and the output of a decoding method."""

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
    """The prompt that a decoding method continues, with its limits and the tools to read and write text.

    Args:
        prompt: token ids, at least one.
        max_tokens: limit of each text.
        end_tokens: token ids that end a text; the text includes the end token, as its last token.
        sampling: temperature, truncations and penalties that the user set.
        encode: from text to token ids, without special tokens. decode: from token ids to text, without special tokens.
        chat: from the turns of a chat to the token ids that ask for an answer, for methods that write their own
            prompts; None where the model has no chat template.
        turns: the chat that `prompt` was made of, or None.
        extra_models: number of models beside the engine's own (draft models, guides) that branches can be opened on.
        tokenizer: the tokenizer of the ids, for methods whose data belong to one; None where it is unknown.
        masked: mask token and shift of a masked-diffusion model; None: the model is causal.
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
        tokens: token ids, including the end token if there is one.
        ended: end: by an end token, or because the method stopped the text; length: by max_tokens.
        score: the value that the method ranks its texts by, higher is better; None if it does not rank them.
        logprobs: log-probability of each token under the model, where the method knows it.
        spent: tokens that the model computed beyond those of the text, as the method counts them; 0 if it does not.
        depths: number of layers that each token went through, where the method lets tokens exit early.
    """

    tokens: tuple[int, ...]
    ended: Literal["end", "length"]
    score: float | None = None
    logprobs: tuple[float, ...] = ()
    spent: int = 0
    depths: tuple[int, ...] = ()


def _no_text() -> tuple[int, ...]:
    raise UsageError("this decoding method needs a tokenizer, and its input has none")
