"""From an endpoint's choices to replies, and a request's usage spread over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from passel.core.reply import Reply, Stop, Usage
from passel.models.parts.logprobs import continuation_scores, token_count, tokens_of
from passel.models.parts.loose import count, joined, listing, mapping, number, text_of

__all__ = ["Answer", "apportion", "embed_reply", "estimate", "generate_replies"]
__all__ += ["is_llama_cpp", "score_reply", "stop_reason"]

_STOPS: dict[str, Stop] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
    "abort": "failed",
    "error": "failed",
}

_KEPT = 20
"""Alternatives of a score that its raw reply keeps; an embedded model reports a thousand."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, streamed or whole.

    Args:
        choices: as received, by index; a choice of a stream is put together again.
        usage: as received, for the whole response; None if it was not reported.
        counted: for a stream, the tokens received for each choice.
        usages: one for each choice, where the endpoint reports that (llama.cpp's streams).
        llama_cpp: the response has llama.cpp's mark. Its whole responses repeat the prefix and report the usage of
            their first choice only; its streams do neither.
    """

    choices: list[dict[str, Any]]
    usage: dict[str, Any] | None
    counted: list[int] | None = None
    usages: list[dict[str, Any]] | None = None
    llama_cpp: bool = False

    @classmethod
    def of(cls, response: dict[str, Any]) -> Answer:
        """From the body of a whole response."""
        choices = [mapping(choice) for choice in listing(response.get("choices"))]
        if len(choices) > 1:
            choices.sort(key=lambda choice: count(choice.get("index")) or 0)
        if len(choices) == 1:
            choices[0] |= stop_reason(response, choices[0])
        return cls(choices, mapping(response.get("usage")) or None, llama_cpp=is_llama_cpp(response))

    @property
    def whole_llama_cpp(self) -> bool:
        """Whether this is a whole response of llama.cpp."""
        return self.llama_cpp and self.counted is None


def is_llama_cpp(response: dict[str, Any]) -> bool:
    """Whether a response, or an event of a stream, has llama.cpp's mark."""
    return "timings" in response or "__verbose" in response


def stop_reason(response: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """Which stop text ended a choice, as vLLM's field `stop_reason` says it (null: the model's own end). SGLang says it
    in `matched_stop` (a token's number: the model's own end), llama.cpp in the response's `__verbose`. Nothing where
    the endpoint does not say, or the choice has not ended."""
    if text_of(choice.get("finish_reason")) != "stop":
        return {}
    if "stop_reason" in choice:
        return {"stop_reason": choice["stop_reason"]}
    if "matched_stop" in choice:
        return {"stop_reason": choice["matched_stop"]}
    told = mapping(response.get("__verbose"))
    return {"stop_reason": text_of(told["stopping_word"])} if "stopping_word" in told else {}


def generate_replies(answer: Answer, n: int, prompt_estimate: int, prefix: str, top: int | None) -> list[Reply]:
    """A reply for each of the first n choices.

    Args:
        answer: what came.
        n: the number of draws asked for; there may be fewer choices.
        prompt_estimate: prompt tokens if the endpoint does not say.
        prefix: the ask's, taken off where the endpoint repeats it.
        top: alternatives asked for a token, or None for no log-probabilities.
    """
    choices = answer.choices[:n]
    usages, estimated = _usages(answer, choices, prompt_estimate)
    replies: list[Reply] = []
    for choice, usage in zip(choices, usages, strict=True):
        text = _text(choice)
        if answer.whole_llama_cpp:
            text = text.removeprefix(prefix)
        stop = _STOPS.get(text_of(choice.get("finish_reason")), "end")
        replies.append(
            Reply(
                stop=stop,
                text=text,
                tokens=() if top is None else tokens_of(choice, top),
                usage=usage,
                error=_error(choice) if stop == "failed" else None,
                stop_text=text_of(choice["stop_reason"]) if stop == "end" and "stop_reason" in choice else None,
                raw=_raw(choice, answer.usage, estimated),
            )
        )
    return replies


def score_reply(answer: Answer, continuations: Sequence[str], prompt_estimate: int) -> Reply:
    """The scores of some continuations by the first drawn token's alternatives; failed if there are none."""
    usages, estimated = _usages(answer, answer.choices[:1], prompt_estimate)
    choice = answer.choices[0]
    tokens = tokens_of(choice, 2**31)
    if not tokens:
        raw = _raw(choice, answer.usage, estimated)
        return Reply("failed", error="the endpoint reported no log-probabilities", usage=usages[0], raw=raw)
    top = tokens[0].top or ((tokens[0].text, tokens[0].logprob),)
    raw = _raw({**choice, "logprobs": {"top": top[:_KEPT]}}, answer.usage, estimated)
    return Reply(scores=continuation_scores(top, continuations), usage=usages[0], raw=raw)


def embed_reply(response: dict[str, Any], texts: int, prompt_estimate: int) -> Reply:
    """The vectors of some texts. Raises ValueError if there is not one of numbers for each."""
    data = [mapping(entry) for entry in listing(response.get("data"))]
    data.sort(key=lambda entry: count(entry.get("index")) or 0)
    vectors = tuple(tuple(map(_component, listing(entry.get("embedding")))) for entry in data)
    if len(vectors) != texts or not all(vectors):
        raise ValueError(f"{sum(map(bool, vectors))} vectors for {texts} texts")
    usage = mapping(response.get("usage"))
    prompt, cached = _prompt(usage)
    raw: dict[str, Any] = {"usage": usage or None}
    if prompt is None:
        raw["usage_estimated"] = True
    return Reply(vectors=vectors, usage=Usage(prompt_estimate if prompt is None else prompt, 0, cached), raw=raw)


def estimate(text: str) -> int:
    """Tokens of a text where nobody counted them: a quarter of its characters, rounded up."""
    return -(-len(text) // 4)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole parts in proportion to weights, by largest remainder (Hamilton's method); exact in sum."""
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares


def _usages(answer: Answer, choices: list[dict[str, Any]], prompt_estimate: int) -> tuple[list[Usage], bool]:
    """Usage by choice, and whether some of it is estimated. The first carries the prompt, which is billed once."""
    prompt, cached = _prompt(answer.usages[0] if answer.usages else answer.usage or {})
    completions, guessed = _completions(answer, choices)
    first = Usage(prompt_estimate if prompt is None else prompt, completions[0], cached)
    return [first, *(Usage(0, tokens) for tokens in completions[1:])], guessed or prompt is None


def _completions(answer: Answer, choices: list[dict[str, Any]]) -> tuple[list[int], bool]:
    if answer.usages:
        own = [count(usage.get("completion_tokens")) for usage in answer.usages[: len(choices)]]
        if len(own) == len(choices) and None not in own:
            return [tokens or 0 for tokens in own], False
    total = count((answer.usage or {}).get("completion_tokens"))
    if total is not None and len(choices) == 1:
        return [total], False
    texts = [_text(choice) + _reasoning(choice) for choice in choices]
    known = [token_count(choice) for choice in choices]
    certain = all(tokens or not text for tokens, text in zip(known, texts, strict=True)) and any(known)
    if total is None or answer.llama_cpp:
        return known if certain else answer.counted or [estimate(text) for text in texts], True
    return apportion(total, known if certain else answer.counted or [len(text) for text in texts]), False


def _prompt(usage: dict[str, Any]) -> tuple[int | None, int]:
    prompt = count(usage.get("prompt_tokens"))
    cached = count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")) or 0
    return prompt, min(cached, prompt or 0)


def _raw(choice: dict[str, Any], usage: dict[str, Any] | None, estimated: bool) -> dict[str, Any]:
    raw: dict[str, Any] = {"choice": choice, "usage": usage}
    if estimated:
        raw["usage_estimated"] = True
    return raw


def _text(choice: dict[str, Any]) -> str:
    return joined(choice["text"] if "text" in choice else mapping(choice.get("message")).get("content"))


def _reasoning(choice: dict[str, Any]) -> str:
    message = mapping(choice.get("message"))
    return text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))


def _error(choice: dict[str, Any]) -> str:
    said = text_of(mapping(choice.get("error")).get("message"))
    return said or f"the endpoint ended the answer with {choice.get('finish_reason')!r}"


def _component(value: Any) -> float:
    found = number(value)
    if found is None:
        raise ValueError("a vector with a component that is no number")
    return float(found)
