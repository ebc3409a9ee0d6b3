"""What a flow can ask of models and tools. Asks are data: they name a role, never a model, and hold no client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from operator import index
from typing import Any, ClassVar, Literal, cast

from passel.core.errors import UsageError, unknown
from passel.core.key import Key

__all__ = ["Ask", "Call", "Embed", "Generate", "Message", "Prompt", "Sampling", "Score"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. `author` is what OpenAI calls the role of a message; here a role is what a model plays."""

    author: Literal["system", "user", "assistant"]
    content: str


Prompt = str | tuple[Message, ...]
"""Raw text to continue, or the turns of a chat to answer."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters. None means unset: the role's setting applies, then the model's own default.

    Args:
        temperature: divides the logits; 0 is greedy.
        top_p: nucleus sampling: keep the smallest set of tokens with this probability mass.
        top_k: keep the k most likely tokens; 0 keeps all.
        min_p: keep the tokens with at least this share of the top token's probability.
        max_tokens: maximum number of completion tokens.
        stop: texts that end the answer; the answer does not include them.
        presence_penalty: subtracted from the logits of tokens that occurred before.
        frequency_penalty: subtracted from the logits of tokens, once for each time they occurred before.
        repetition_penalty: divides the logits of tokens that occurred before.
        logprobs: report the log-probability of each sampled token and of this many alternatives.
        typical_p: keep the tokens whose information is nearest to the entropy, up to this probability mass.
        logit_bias: added to the logits of some tokens: pairs of a token id and a number from -100 to 100.
        json_schema: the answer, its prefix included, is JSON that fits this schema (given as JSON text), its
            properties in the order of the schema.
        regex: the whole answer, its prefix included, matches this regular expression.
        decoder: a decoding method to use in place of plain sampling, with its options: speculative:length=8.
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
    typical_p: float | None = None
    logit_bias: tuple[tuple[int, float], ...] | None = None
    json_schema: str | None = None
    regex: str | None = None
    decoder: str | None = None

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
        "typical_p": (0.0, 1.0),
    }

    def __post_init__(self) -> None:
        for name, (low, high) in self._BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"must be between {low} and {high}, got {value}", field=name)
        # One form for each distribution, so that its samples have one address.
        if self.logit_bias is not None:
            object.__setattr__(self, "logit_bias", _biases(self.logit_bias))
        if self.json_schema is not None:
            object.__setattr__(self, "json_schema", _schema(str(self.json_schema)))
        if self.regex is not None and not self.regex:
            raise UsageError("must not be empty", field="regex")
        if self.regex is not None and self.json_schema is not None:
            raise UsageError("cannot be set together with regex", field="json_schema")
        if self.decoder is not None and (self.json_schema or self.regex):
            raise UsageError("cannot be set together with json_schema or regex", field="decoder")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Sampling:
        """Returns the sampling parameters of names and values, also in the forms of JSON and command lines.

        `stop` and `logit_bias` may be lists; `logit_bias` may be an object {id: number} or hold texts "ID=NUMBER";
        `json_schema` may be an object. An unknown name raises UsageError with the nearest known one.
        """
        known = [f.name for f in fields(cls)]
        for name in settings:
            if name not in known:
                raise unknown("sampling parameter", name, known)
        given = dict(settings)
        if isinstance(stop := given.get("stop"), list):
            given["stop"] = tuple(cast(list[str], stop))
        if isinstance(bias := given.get("logit_bias"), Mapping):
            given["logit_bias"] = tuple(cast(Mapping[Any, Any], bias).items())
        if isinstance(schema := given.get("json_schema"), Mapping):
            given["json_schema"] = _written(cast(Mapping[str, Any], schema))
        return cls(**given)

    def given(self) -> dict[str, Any]:
        """The parameters that are set."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    def over(self, below: Sampling) -> Sampling:
        """Returns these parameters, and those of `below` where these are unset."""
        return replace(below, **self.given())


def _biases(pairs: Iterable[object]) -> tuple[tuple[int, float], ...]:
    """Returns the pairs sorted by token. Raises UsageError for a pair that is not an id and a number in range."""
    biases: dict[int, float] = {}
    for pair in pairs:
        try:
            token, bias = pair.split("=") if isinstance(pair, str) else cast(Iterable[Any], pair)
            token, bias = int(token) if isinstance(token, str) else index(token), float(bias)
        except (TypeError, ValueError):
            raise UsageError(
                f"must hold pairs of a token's id and a number, got {pair!r}", field="logit_bias"
            ) from None
        if token < 0 or not -100 <= bias <= 100:
            raise UsageError(f"must give a token's id a number between -100 and 100, got {pair!r}", field="logit_bias")
        if token in biases:
            raise UsageError(f"must name a token once, got {token} again", field="logit_bias")
        biases[token] = bias
    return tuple(sorted(biases.items()))


@lru_cache(maxsize=256)
def _schema(text: str) -> str:
    """Returns the schema without spaces. Its names keep their order, which is that of the answer's properties."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"must be JSON: {error}", field="json_schema") from None
    written = _written(schema)
    if not isinstance(schema, dict):
        raise UsageError(f"must be a JSON object, got {written[:80]}", field="json_schema")
    return written


def _written(schema: object) -> str:
    try:
        return json.dumps(schema, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"must be JSON: {error}", field="json_schema") from None


@dataclass(frozen=True, slots=True)
class Generate:
    """Sample one text. `prefix` is the beginning of the answer, already written: the reply continues it."""

    kind: ClassVar[str] = "generate"
    prompt: Prompt
    key: Key
    prefix: str = ""
    sampling: Sampling = Sampling()
    role: str = "generator"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Score each of some continuations of prompt and prefix, in one pass.

    Args:
        what: "logprob": the log-probability that a language model gives it (such as Yes and No). "reward": the value
            that a trained reward model gives it. One continuation is a whole answer (an outcome reward model);
            several are alternatives, such as children of a search node (a multifurcation reward model).
        chain: the continuations are the steps of one answer, and each is scored after the steps before it (a process
            reward model).
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
    """Embed texts: a vector for each."""

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
