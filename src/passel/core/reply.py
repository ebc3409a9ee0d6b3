"""The reply to an ask. A bad reply is data like any other: it says how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

__all__ = ["Reply", "Stop", "Token", "Usage"]

Stop = Literal["end", "length", "filtered", "cancelled", "failed"]
"""end: the model finished, or reached a stop text; length: cut at max_tokens or at the end of the context; filtered:
withheld by the endpoint; cancelled: no longer needed; failed: there is no usable reply, `error` says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one reply. `cached_tokens`: prompt tokens that came from a cache, included in `prompt_tokens`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A sampled token, its log-probability, and the log-probabilities of the most likely tokens in its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to one ask. Only the fields of its kind of ask are filled.

    Args:
        stop: how the reply ended.
        text: Generate: the completion, without the ask's prefix.
        tokens: Generate with logprobs: the completion's tokens in order.
        scores: Score: a log-probability for each continuation, in the ask's order (-inf: below what the model reports),
            or a reward.
        vectors: Embed: one vector for each text.
        value: Call: what the tool returned, a JSON value.
        usage: tokens that it took.
        seconds: from sending to the end, as measured by the driver; a request for several asks is split equally.
        error: what went wrong, for stop="failed".
        attempts: number of requests; more than 1 after retries.
        stop_text: Generate: the stop text that ended it, which is not part of the text; "": the model ended by itself;
            None: the engine does not report which.
        wasted: completion tokens of broken attempts: charged to the run, not to the method.
        raw: the endpoint's own response.
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
        """Whether it is whole: not failed, withheld, cancelled or cut short."""
        return self.stop == "end"

    def signed(self, seconds: float, attempts: int, wasted: int = 0) -> Reply:
        """Returns a copy with the driver's measurements."""
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
        """Returns a JSON object of the fields that differ from their defaults."""
        # asdict of a whole reply copies `raw` value by value, which takes longer than writing the record's row
        data = {name: value for name, default in _DEFAULTS if (value := getattr(self, name)) != default}
        if self.tokens:
            data["tokens"] = [asdict(token) for token in self.tokens]
        if "usage" in data:
            data["usage"] = asdict(self.usage)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reply:
        """Reads what `to_json` returned."""
        fields = dict(data)
        fields["usage"] = Usage(**data.get("usage", {}))
        fields["tokens"] = tuple(
            Token(t["text"], t["logprob"], tuple((w, p) for w, p in t["top"])) for t in data.get("tokens", ())
        )
        fields["scores"] = tuple(data.get("scores", ()))
        fields["vectors"] = tuple(tuple(v) for v in data.get("vectors", ()))
        return cls(**fields)


_DEFAULTS: tuple[tuple[str, Any], ...] = tuple((f.name, getattr(Reply(), f.name)) for f in fields(Reply))
