"""The interface to models: what a model can do, and the coroutine that answers asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from passel.core.ask import Ask, Embed, Generate, Prompt, Sampling, Score
from passel.core.cost import Price
from passel.core.reply import Reply

__all__ = ["Binding", "Capability", "Model", "ModelInfo", "Progress", "prompt_bound"]

Capability = Literal["text", "prefix", "logprobs", "score", "reward", "embed", "forward"]
"""text: samples texts; prefix: continues a begun answer; logprobs: log-probabilities of sampled tokens; score:
log-probabilities of given continuations; reward: a trained reward model's scores of answers and steps; embed: vectors
of texts; forward: logits and hidden states, token by token."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The properties of a model, known before it is asked anything.

    Args:
        name: its identity in the record: models of equal names sample from equal distributions.
        can: its capabilities.
        sampling: the sampling parameters that it takes; any other is refused.
        max_n: maximum number of asks in one request, which may differ only in their keys.
        concurrency: maximum number of requests in flight.
        requests_per_minute, tokens_per_minute: rate limits, or None.
        price: US dollars per million tokens.
        context: maximum number of prompt and completion tokens together; None: not known.
        max_tokens: maximum number of completion tokens where the user sets none.
        parameters: number of weights, for FLOPs; None: not known.
        advised: sampling parameters that its makers advise, used where the user sets none.
        instruction: the instruction that it was trained with, or "".
        instant: replies come at once (toy, replay), so that races cannot go by time.
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
    """What one request has produced so far. The model writes it as tokens arrive; the driver reads it when it cancels
    the request, to charge for what was generated.

    Args:
        texts, completion_tokens: by ask, in order.
        prompt_tokens: of the shared prompt; 0: not known yet.
        sent: set by the driver when the request goes out.
        watched: the request may be cancelled (a race), so the model should write at each token.
    """

    texts: list[str]
    completion_tokens: list[int]
    prompt_tokens: int = 0
    sent: bool = False
    watched: bool = False

    @classmethod
    def of(cls, size: int, *, watched: bool = False) -> Progress:
        """Returns an empty progress for a request of this many asks."""
        return cls([""] * size, [0] * size, watched=watched)

    def reset(self) -> None:
        """Empties it for another attempt."""
        size = len(self.texts)
        self.texts[:], self.completion_tokens[:], self.prompt_tokens = [""] * size, [0] * size, 0


class Model(Protocol):
    """Where passes run. Implementations keep no budget, no retries and no record: the driver does."""

    @property
    def info(self) -> ModelInfo:
        """Its properties."""
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
    """A role's model, and its sampling parameters where a method leaves them unset."""

    model: Model
    sampling: Sampling = Sampling()


def prompt_bound(ask: Generate | Score | Embed) -> int:
    """Returns the most prompt tokens that an ask can take.

    No tokenizer in use makes more tokens than bytes. A chat template adds its markers, and sometimes a system message:
    64 tokens and 8 for each turn are allowed for them.
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
