"""The bodies of requests to OpenAI-compatible endpoints, and the dialects that these endpoints speak."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from passel.core.ask import Embed, Generate, Prompt, Sampling, Score
from passel.models.parts.loose import sound

__all__ = ["SCORE_TOP", "Dialect", "Route", "encode"]

Route = Literal["chat/completions", "completions"]
Prefix = Literal["vllm", "llama_cpp", "local", "none"]

_STANDARD = frozenset(
    {"temperature", "top_p", "max_tokens", "stop", "presence_penalty", "frequency_penalty", "logprobs", "logit_bias"}
)
_EXTENSIONS = frozenset({"top_k", "min_p", "repetition_penalty"})
_OWN: Mapping[Prefix, frozenset[str]] = {
    "vllm": frozenset({"regex"}),
    "llama_cpp": frozenset({"typical_p"}),
    "local": frozenset(),  # which of them it is, is not known, and each drops without a word what it does not know
    "none": frozenset(),
}
SCORE_TOP = 20

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
_REPETITION = {
    "vllm": ("repetition_penalty",),
    "llama_cpp": ("repeat_penalty",),
    "local": ("repetition_penalty", "repeat_penalty"),
    "none": ("repetition_penalty",),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one endpoint wants to be asked.

    Args:
        model: the model's name there.
        api: chat: turns go to /chat/completions; completions: they are joined by blank lines into one text.
        prefix: who continues a begun answer. vllm (and SGLang): only when told to; llama_cpp: always; local: one of
            these, told in a way that both understand; none: nobody.
        limit: the field for the most completion tokens of a chat.
        score_top: alternatives that the endpoint reports at most.
        extra: fields merged into each body of a generation, last; a null takes a field away.
    """

    model: str
    api: Literal["chat", "completions"] = "chat"
    prefix: Prefix = "none"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    score_top: int = SCORE_TOP
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def route(self, ask: Generate | Score) -> Route:
        """Where a generation or score goes: texts to /completions, chats to /chat/completions."""
        return "completions" if isinstance(ask.prompt, str) or self.api == "completions" else "chat/completions"

    def takes(self, *, official: bool) -> frozenset[str]:
        """The sampling parameters that reach the model; OpenAI's own (official) endpoint takes its standard only."""
        names = _STANDARD if official else _STANDARD | _EXTENSIONS | _OWN[self.prefix]
        return names | {"json_schema"} if self.api == "chat" or self.prefix != "none" else names

    def unable(self, ask: Generate | Score) -> str:
        """What this ask wants that the endpoint is not known to do, or "".

        A constraint holds for the whole answer, the prefix included. vLLM and SGLang apply it to what they draw alone,
        and so does llama.cpp in texts; hosted APIs know it in chats only.
        """
        chat = self.route(ask) == "chat/completions"
        if ask.prefix and chat and self.prefix == "none":
            return "continue a begun answer"
        sampling = ask.sampling if isinstance(ask, Generate) else Sampling()
        if sampling.json_schema is None and sampling.regex is None:
            return ""
        if ask.prefix and not (chat and self.prefix == "llama_cpp"):
            return "fit a begun answer to a schema or a pattern"
        return "" if chat or self.prefix != "none" else "fit a raw text to a schema"

    def generate(self, ask: Generate, n: int, seed: int | None, stream: bool) -> dict[str, Any]:
        """The body for n draws of an ask."""
        chat = self.route(ask) == "chat/completions"
        body = {**self._begin(ask), **_fields(ask.sampling, chat, self.limit, self.prefix)}
        if n > 1:
            body["n"] = n
        if seed is not None:
            body["seed"] = seed
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return self._end(body)

    def score(self, ask: Score) -> dict[str, Any]:
        """The body that asks for the likeliest first tokens of the answer."""
        chat = self.route(ask) == "chat/completions"
        first = Sampling(temperature=0.0, max_tokens=1, logprobs=self.score_top)
        return self._end({**self._begin(ask), **_fields(first, chat, self.limit, self.prefix)})

    def embed(self, ask: Embed) -> dict[str, Any]:
        """The body that asks for vectors."""
        return {"model": self.model, "input": list(ask.texts)}

    def _begin(self, ask: Generate | Score) -> dict[str, Any]:
        if self.route(ask) == "completions":
            return {"model": self.model, "prompt": _joined(ask.prompt) + ask.prefix}
        turns = () if isinstance(ask.prompt, str) else ask.prompt
        messages = [{"role": turn.author, "content": turn.content} for turn in turns]
        body: dict[str, Any] = {"model": self.model, "messages": messages}
        if ask.prefix:
            messages.append({"role": "assistant", "content": ask.prefix})
            if self.prefix != "llama_cpp":
                body |= _CONTINUE
        return body

    def _end(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self.extra:
            return body
        return {name: value for name, value in (body | dict(self.extra)).items() if value is not None}


@lru_cache(maxsize=256)
def _fields(sampling: Sampling, chat: bool, limit: str, prefix: Prefix) -> Mapping[str, Any]:
    given = sampling.given()
    top = given.pop("logprobs", None)
    if chat and "max_tokens" in given:
        given[limit] = given.pop("max_tokens")
    if "repetition_penalty" in given:
        given |= dict.fromkeys(_REPETITION[prefix], given.pop("repetition_penalty"))
    if bias := given.pop("logit_bias", None):
        given["logit_bias"] = {str(token): number for token, number in bias}
    given |= _constraint(given.pop("json_schema", None), given.pop("regex", None), chat, prefix)
    if not given.get("stop", True):
        del given["stop"]
    elif "stop" in given and prefix in ("llama_cpp", "local"):
        given["verbose"] = True  # else llama.cpp does not say whether a stop text or the model ended it
    if top is not None:
        # llama.cpp reports nothing for 0 alternatives, so one is asked for and later left out.
        most = max(1, top)
        given |= {"logprobs": True, "top_logprobs": most} if chat else {"logprobs": most}
    return given


def _constraint(json_schema: str | None, regex: str | None, chat: bool, prefix: Prefix) -> dict[str, Any]:
    """The fields for what the text must fit.

    Chats take a schema as OpenAI does, everywhere. Texts: vLLM and SGLang as chats, llama.cpp by a field of its own,
    which SGLang refuses (there it is a text), so that it is not sent where the endpoint is known to be another.
    """
    if regex is not None:
        return {"structured_outputs": {"regex": regex}, "regex": regex}  # vLLM from 0.12 on; SGLang
    if json_schema is None:
        return {}
    schema = json.loads(json_schema)
    named = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    if chat or prefix not in ("llama_cpp", "local"):
        return {"response_format": named}
    return {"json_schema": schema} | ({"response_format": named} if prefix == "local" else {})


def encode(body: Mapping[str, Any]) -> bytes:
    """The body as UTF-8 JSON; lone surrogates, which no UTF-8 can carry, are replaced."""
    text = _JSON.encode(body)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return sound(text).encode()


def _joined(prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    return "".join(f"{message.content}\n\n" for message in prompt)
