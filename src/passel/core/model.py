"""The seam to models: what one can do, and the one coroutine that answers asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from passel.core.ask import Ask, Embed, Generate, Prompt, Sampling, Score
from passel.core.cost import Price
from passel.core.reply import Reply

__all__ = ["Binding", "Capability", "Model", "ModelInfo", "Progress", "prompt_bound"]

Capability = Literal["text", "prefix", "logprobs", "score", "reward", "embed", "forward"]
"""text: draws texts; prefix: continues a begun answer; logprobs: reports those of drawn tokens; score: those of given
continuations; reward: what a trained reward model gives answers and their steps; embed: vectors of texts; forward:
logits and hidden states, token by token."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model before it is asked.

    Args:
        name: its identity in the record: equal names draw from equal distributions.
        can: what it offers.
        sampling: the sampling parameters that reach it; any other is refused by name.
        max_n: asks alike up to their key that one request can carry.
        concurrency: requests in flight at most.
        requests_per_minute, tokens_per_minute: rate limits, or None.
        price: US dollars per million tokens.
        context: tokens of prompt and completion together at most, or None if not known.
        max_tokens: completion tokens where the user sets none.
        parameters: number of weights, for FLOPs; None if not known.
        advised: sampling parameters that its makers advise, for where the user sets none.
        instruction: the line it was trained to be instructed with, or "".
        instant: replies come without waiting (toy, replay), so there is no clock to race against.
    """

    name: str
    can: frozenset[Capability] = frozenset({"text"})
    sampling: frozenset[str] = frozenset()
    max_n: int = 1
    concurrency: int = 64
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price: Price = Price()
    context: int | None = None
    max_tokens: int = 1024
    parameters: float | None = None
    advised: Sampling = Sampling()
    instruction: str = ""
    instant: bool = False


@dataclass(slots=True)
class Progress:
    """What one group of asks has produced so far. The model writes it as tokens arrive; the driver reads it when it
    cancels, to charge what was already made. `texts[i]` and `completion_tokens[i]` belong to the i-th ask; `sent` is
    set by the driver when the request goes out, `watched` where it may well be cancelled (a race): then what was made
    so far should be told as it comes."""

    texts: list[str]
    completion_tokens: list[int]
    prompt_tokens: int = 0
    sent: bool = False
    watched: bool = False

    @classmethod
    def of(cls, size: int, *, watched: bool = False) -> Progress:
        """Nothing yet, for a group of this many asks."""
        return cls([""] * size, [0] * size, watched=watched)

    def reset(self) -> None:
        """Back to nothing, for another attempt."""
        size = len(self.texts)
        self.texts[:], self.completion_tokens[:], self.prompt_tokens = [""] * size, [0] * size, 0


class Model(Protocol):
    """Where passes run. Implementations keep no budget, no retries and no record: the driver does."""

    @property
    def info(self) -> ModelInfo:
        """What it is and can."""
        ...

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """One request: a reply for each ask, in order.

        `asks` are alike up to their keys, at most `info.max_n` of them, of a kind that `info.can` covers, their
        sampling already complete (`max_tokens` is set). A fault of this request alone (context overflow, a field
        the endpoint refuses) comes back as replies with stop="failed"; a fault that may pass raises `Retryable`; a
        model that cannot be used at all raises `ModelError`. Must stop its work when cancelled.
        """
        ...

    async def aclose(self) -> None:
        """Frees connections, threads and memory. The model can be used again after it."""
        ...


@dataclass(frozen=True, slots=True)
class Binding:
    """A role's model and how the role draws where a method leaves it open."""

    model: Model
    sampling: Sampling = Sampling()


def prompt_bound(ask: Generate | Score | Embed) -> int:
    """Prompt tokens that an ask can take at most.

    No tokenizer in use makes more tokens than bytes; a chat template adds its marks, and some a system message of
    their own, for which 64 tokens and 8 a turn are allowed.
    """
    if isinstance(ask, Embed):
        return sum(_size(text) + 8 for text in ask.texts)
    own = _size(ask.prefix)
    if isinstance(ask, Score):
        sizes = list(map(_size, ask.continuations))
        own += max(sizes, default=0) if ask.what == "logprob" else sum(sizes) + 8 * len(sizes)
    return own + _prompt_size(ask.prompt)


def _prompt_size(prompt: Prompt) -> int:
    if isinstance(prompt, str):
        return _size(prompt) + 8
    return 64 + sum(_size(message.content) + 8 for message in prompt)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
