"""What comes back for an ask. A bad reply is data like any other: it says how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

__all__ = ["Reply", "Stop", "Token", "Usage"]

Stop = Literal["end", "length", "filtered", "cancelled", "failed"]
"""end: the model finished (or met a stop text); length: cut at max_tokens or at the context's end; filtered: withheld
by the endpoint; cancelled: no longer needed; failed: no usable reply came, `error` says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply. `cached_tokens` are those of the prompt that the engine did not compute again."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A drawn token, its log-probability, and the log-probabilities of the most likely tokens in its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One ask's answer; the fields that its kind of ask has are filled.

    Args:
        stop: how it ended.
        text: Generate: the completion, without the ask's prefix.
        tokens: Generate with logprobs: the completion's tokens in order.
        scores: Score: a log-probability for each continuation, in the ask's order (-inf: below what the model reports),
            or a reward.
        vectors: Embed: one vector a text.
        value: Call: what the tool returned, a JSON value.
        usage: what it took.
        seconds: from sending to the end, as seen by the driver; of a request for several, each one's equal share.
        error: what went wrong, for stop="failed".
        attempts: requests it took; more than 1 after retries.
        stop_text: Generate: the stop text that ended it, which is not part of the text; "" where the model ended by
            itself; None where the engine does not say which of the two it was.
        wasted: completion tokens of broken attempts: paid for by the run, but no work of the method's.
        raw: the endpoint's own words, kept for later readers.
    """

    stop: Stop = "end"
    text: str = ""
    tokens: tuple[Token, ...] = ()
    scores: tuple[float, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    value: Any = None
    usage: Usage = Usage()
    seconds: float = 0.0
    error: str | None = None
    attempts: int = 1
    wasted: int = 0
    stop_text: str | None = None
    raw: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether it can be used whole: neither failed, withheld, cancelled nor cut short."""
        return self.stop == "end"

    def signed(self, seconds: float, attempts: int, wasted: int = 0) -> Reply:
        """With the driver's measurements."""
        return Reply(  # written out: dataclasses.replace takes three times as long, and this is done for every pass
            self.stop,
            self.text,
            self.tokens,
            self.scores,
            self.vectors,
            self.value,
            self.usage,
            seconds,
            self.error,
            attempts,
            wasted,
            self.stop_text,
            self.raw,
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the fields that differ from their defaults."""
        # asdict of a whole reply copies `raw` value by value, which takes longer than writing the record's row
        data = {name: value for name, default in _DEFAULTS if (value := getattr(self, name)) != default}
        if self.tokens:
            data["tokens"] = [asdict(token) for token in self.tokens]
        if "usage" in data:
            data["usage"] = asdict(self.usage)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """The inverse of `to_json`."""
        fields = dict(data)
        fields["usage"] = Usage(**data.get("usage", {}))
        fields["tokens"] = tuple(
            Token(t["text"], t["logprob"], tuple((w, p) for w, p in t["top"])) for t in data.get("tokens", ())
        )
        fields["scores"] = tuple(data.get("scores", ()))
        fields["vectors"] = tuple(tuple(v) for v in data.get("vectors", ()))
        return cls(**fields)


_DEFAULTS: tuple[tuple[str, Any], ...] = tuple((f.name, getattr(Reply(), f.name)) for f in fields(Reply))
