"""What a flow can ask for. Asks are data: they name a role, never a model, and hold no client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal

from passel.core.errors import UsageError, unknown
from passel.core.key import Key

__all__ = ["Ask", "Call", "Embed", "Generate", "Message", "Prompt", "Sampling", "Score"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


Prompt = str | tuple[Message, ...]
"""Raw text to continue, or the turns of a chat to answer."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a text is drawn. None means unset: the role's setting holds, and after it the model's own default.

    Args:
        temperature: divides the logits; 0 is greedy.
        top_p: nucleus: the smallest set of tokens with this probability mass.
        top_k: only the k most likely tokens; 0 is all.
        min_p: only tokens with at least this share of the top token's probability.
        max_tokens: completion tokens at most.
        stop: texts that end the answer; they are not part of it.
        presence_penalty, frequency_penalty: taken from the logits of tokens that came before.
        repetition_penalty: divides the logits of tokens that came before.
        logprobs: report the log-probability of each drawn token and of this many alternatives.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    logprobs: int | None = None

    _BOUNDS: ClassVar[dict[str, tuple[float, float]]] = {
        "temperature": (0.0, 100.0),
        "top_p": (0.0, 1.0),
        "top_k": (0, 2**31),
        "min_p": (0.0, 1.0),
        "max_tokens": (1, 2**31),
        "presence_penalty": (-2.0, 2.0),
        "frequency_penalty": (-2.0, 2.0),
        "repetition_penalty": (0.0, 100.0),
        "logprobs": (0, 1000),
    }

    def __post_init__(self) -> None:
        for name, (low, high) in self._BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} must be between {low} and {high}, got {value}")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Sampling:
        """From names and values; an unknown name raises UsageError with the nearest known one."""
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise unknown("sampling parameter", name, known)
        return cls(**settings)

    def given(self) -> dict[str, Any]:
        """The parameters that are set."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    def over(self, below: Sampling) -> Sampling:
        """These settings, and the ones of `below` where these are unset."""
        return replace(below, **self.given())


@dataclass(frozen=True, slots=True)
class Generate:
    """Draw one text. `prefix` is the beginning of the answer, already written: the reply continues it."""

    kind: ClassVar[str] = "generate"
    prompt: Prompt
    key: Key
    prefix: str = ""
    sampling: Sampling = Sampling()
    role: str = "generator"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a model gives each of some continuations after prompt and prefix, in one pass.

    Args:
        what: "logprob": the log-probability that a language model gives it (such as Yes and No). "reward": the value
            that a trained reward model gives it: one continuation is a whole answer (an outcome model); several are
            alternatives, such as children of a search node (a multifurcation model).
        chain: the continuations follow each other, as the steps of one answer do, and each is rewarded after those
            before it (a process model).
    """

    kind: ClassVar[str] = "score"
    prompt: Prompt
    continuations: tuple[str, ...]
    prefix: str = ""
    role: str = "verifier"
    label: str = ""
    what: Literal["logprob", "reward"] = "logprob"
    chain: bool = False

    def __post_init__(self) -> None:
        if self.chain and self.what != "reward":
            raise UsageError("only rewards are given along a chain of continuations")


@dataclass(frozen=True, slots=True)
class Embed:
    """A vector for each text."""

    kind: ClassVar[str] = "embed"
    texts: tuple[str, ...]
    role: str = "embedder"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Run a tool by name with JSON arguments. Tools belong to a problem: the same call elsewhere is another call."""

    kind: ClassVar[str] = "call"
    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    role: str = "tool"
    label: str = ""


Ask = Generate | Score | Embed | Call
