"""Any endpoint that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp's server, hosted APIs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast, final

from passel.core.ask import Ask, Call, Embed, Generate, Message, Score
from passel.core.cost import Price
from passel.core.errors import ModelError, Retryable, UsageError
from passel.core.model import Capability, ModelInfo, Progress
from passel.core.reply import Reply, Usage
from passel.models.parts.address import Address, api_key_for, extra_fields, identity
from passel.models.parts.faults import Refused, broken
from passel.models.parts.replies import Answer, embed_reply, estimate, generate_replies, score_reply
from passel.models.parts.requests import Dialect, Route, encode
from passel.models.parts.stream import Collector
from passel.models.parts.transport import Sender, Transport

__all__ = ["OpenAI", "openai"]

_LIMIT = re.compile(r"(?:<=|at most|up to|maximum(?: of)?|less than or equal to)\s*(\d+)", re.I)
_MAX_SAVED = 10_000
_MAX_BODIES = 256


@final
class OpenAI:
    """A model behind an OpenAI-compatible endpoint. Build it with `openai`.

    It learns about the endpoint: how many samples one request can carry (`info.max_n` falls if the endpoint refuses
    `n` or answers fewer choices), and whether it is llama.cpp's server, whose whole responses repeat the prefix and
    count one choice's tokens only, so that it is asked for streams where that matters.
    """

    def __init__(
        self,
        dialect: Dialect,
        transport: Sender,
        info: ModelInfo,
        *,
        stream: bool,
        seed: bool,
    ) -> None:
        self._dialect, self._transport, self._info = dialect, transport, info
        self._stream, self._seed = stream, seed
        self._llama_cpp = dialect.prefix == "llama_cpp"
        self._saved: dict[Generate, Reply] = {}
        self._bodies: dict[object, tuple[bytes, int]] = {}

    @property
    def info(self) -> ModelInfo:
        """The model's name, abilities and limits."""
        return self._info

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """A reply for each ask, in order; see `Model.answer`.

        Samples go out in one request if the endpoint takes `n`, and in one request each with seeds. Asks without chance
        (Score, Embed) are sent once for the whole group, and the first reply has the usage.
        """
        ask = asks[0]
        if isinstance(ask, Generate):
            return await self._draws(cast(Sequence[Generate], asks), progress)
        if isinstance(ask, Call):
            raise UsageError(f"a model cannot run the tool {ask.tool!r}")
        try:
            reply = await (self._score(ask) if isinstance(ask, Score) else self._embed(ask))
        except Refused as refusal:
            reply = Reply("failed", error=str(refusal))
        return [reply, *(replace(reply, usage=Usage()) for _ in asks[1:])]

    async def aclose(self) -> None:
        """Closes the connections that were made in the running event loop."""
        await self._transport.aclose()

    async def _draws(self, asks: Sequence[Generate], progress: Progress) -> list[Reply]:
        """All samples of a group, in as many requests as needed.

        Each turn of the loop brings replies or lowers `max_n`. If a request fails when others have brought theirs,
        these are kept for the driver's next try: they are paid for.
        """
        got: dict[int, Reply] = {}
        if not self._saved and len(asks) == 1:  # the shortest way for the commonest case
            return [*(await self._group(asks, [0], progress)).values()]
        if self._saved:
            got = {i: self._saved.pop(ask) for i, ask in enumerate(asks) if ask in self._saved}
        while missing := [place for place in range(len(asks)) if place not in got]:
            size = self._info.max_n
            groups = [missing[start : start + size] for start in range(0, len(missing), size)]
            if len(groups) == 1 and not got:
                got = await self._group(asks, groups[0], progress)
                continue
            requests = (self._group(asks, places, progress) for places in groups)
            outcomes = await asyncio.gather(*requests, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, dict):
                    got |= outcome
            if errors := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
                if len(self._saved) + len(got) <= _MAX_SAVED:
                    self._saved |= {asks[place]: reply for place, reply in got.items()}
                raise errors[0]
        return [got[place] for place in range(len(asks))]

    async def _group(self, asks: Sequence[Generate], places: list[int], progress: Progress) -> dict[int, Reply]:
        """The replies of one request by their ask's place; of a single draw if the endpoint does not take `n`."""
        try:
            return await self._request(asks, places, progress)
        except Refused as refusal:
            if len(places) == 1:
                return {places[0]: Reply("failed", error=str(refusal))}
            message = str(refusal)
        # Was it n, or anything else in the request? One draw tells, and a refusal costs nothing.
        try:
            alone = await self._request(asks, places[:1], progress)
        except Refused as refusal:
            return dict.fromkeys(places, Reply("failed", error=str(refusal)))
        limit = _LIMIT.search(message)
        self._lower(int(limit[1]) if limit and int(limit[1]) < len(places) else 1)
        return alone

    async def _request(self, asks: Sequence[Generate], places: list[int], progress: Progress) -> dict[int, Reply]:
        ask, n = asks[places[0]], len(places)
        route = self._route(ask)
        stream = self._stream or (self._llama_cpp and bool(n > 1 or ask.prefix))
        body, prompt_estimate = self._body(ask, n, stream)
        collector = Collector(progress, places, prompt_estimate) if stream else None
        response = await self._transport.send(route, body, collector)
        answer = collector.answer() if collector and response is None else Answer.of(response or {})
        self._llama_cpp = self._llama_cpp or answer.llama_cpp
        if not answer.choices:
            raise Retryable(f"{self._transport.where} answered no choices")
        replies = generate_replies(answer, n, prompt_estimate, ask.prefix, ask.sampling.logprobs)
        if len(replies) < n:
            self._lower(len(replies))
        _note(progress, places, replies)
        return dict(zip(places, replies, strict=False))

    def _body(self, ask: Generate, n: int, stream: bool) -> tuple[bytes, int]:
        """The body for n draws, and an estimate of its prompt's tokens. Draws alike share them unless seeds differ."""
        if self._seed:
            seed = ask.key.bits(32) >> 1
            return encode(self._dialect.generate(ask, n, seed, stream)), estimate(_prompt_text(ask))
        alike = (ask.prompt, ask.prefix, ask.sampling, n, stream)
        if (found := self._bodies.get(alike)) is None:
            if len(self._bodies) >= _MAX_BODIES:
                self._bodies.clear()
            found = encode(self._dialect.generate(ask, n, None, stream)), estimate(_prompt_text(ask))
            self._bodies[alike] = found
        return found

    async def _score(self, ask: Score) -> Reply:
        response = await self._transport.send(self._route(ask), encode(self._dialect.score(ask)))
        answer = Answer.of(response or {})
        if not answer.choices:
            raise Retryable(f"{self._transport.where} answered no choices")
        return score_reply(answer, ask.continuations, estimate(_prompt_text(ask)))

    async def _embed(self, ask: Embed) -> Reply:
        if not ask.texts:
            return Reply()
        response = await self._transport.send("embeddings", encode(self._dialect.embed(ask)))
        try:
            return embed_reply(response or {}, len(ask.texts), sum(map(estimate, ask.texts)))
        except ValueError as error:
            raise broken(self._transport.where, error) from error

    def _route(self, ask: Generate | Score) -> Route:
        if what := self._dialect.unable(ask):
            raise ModelError(f"{self._info.name} is not known to {what}; if it does, set prefix")
        return self._dialect.route(ask)

    def _lower(self, max_n: int) -> None:
        if max_n < self._info.max_n:
            self._info = replace(self._info, max_n=max(1, max_n))


def openai(
    spec: str,
    *,
    api_key: str | None = None,
    concurrency: int = 64,
    max_n: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    prompt_price: float = 0.0,
    completion_price: float = 0.0,
    cached_price: float | None = None,
    timeout: float = 600.0,
    idle_timeout: float = 120.0,
    max_tokens: int = 1024,
    max_tokens_field: Literal["auto", "max_tokens", "max_completion_tokens"] = "auto",
    context: int | None = None,
    parameters: float | None = None,
    api: Literal["chat", "completions"] = "chat",
    stream: bool = False,
    prefix: Literal["auto", "vllm", "llama_cpp", "none"] = "auto",
    seed: bool = False,
    extra: str | None = None,
    name: str | None = None,
) -> OpenAI:
    """A model at an OpenAI-compatible endpoint.

    Turns of a chat go to /chat/completions, texts to /completions, Embed to /embeddings. Score reads the likeliest
    first tokens (20): it is the probability of a continuation's first token, exact for one-token continuations.

    Args:
        spec: NAME@BASE_URL, such as Qwen/Qwen3-8B@http://127.0.0.1:8000/v1; NAME alone is at api.openai.com.
        api_key: by default PASSEL_API_KEY of the environment, else OPENAI_API_KEY, else none is sent.
        concurrency: largest number of requests in flight.
        max_n: samples that one request may carry; default 16, lowered if the endpoint takes fewer.
        requests_per_minute, tokens_per_minute: the endpoint's limits, which the driver keeps.
        prompt_price, completion_price, cached_price: US dollars per million tokens; cached defaults to prompt.
        timeout: seconds for a whole request.
        idle_timeout: seconds without a byte of a stream. (A response that is not streamed comes at its end.)
        max_tokens: default limit of a completion.
        max_tokens_field: auto: max_completion_tokens at api.openai.com's chats, else max_tokens.
        context: tokens of prompt and completion together, if known.
        parameters: number of weights, for FLOPs, if known.
        api: completions: the endpoint has no chat; turns are joined by blank lines into one text.
        stream: read answers as they are made, so that a cancelled pass is charged for what it made.
        prefix: how the endpoint continues a begun answer. vllm: by the fields of vLLM and SGLang; llama_cpp: it always
            continues a last assistant message; none: it cannot; auto: at http:// URLs and on this machine, in a way
            that all three understand; at other https:// URLs none. The sampling parameter regex needs vllm, typical_p
            llama_cpp.
        seed: send each sample in its own request, with a seed from its key.
        extra: a JSON object merged into each generation's body, last; a null takes a field away.
        name: the model's identity in the record; by default the spec, marked where api or extra changes its draws.

    Raises UsageError that names the wrong option.
    """
    address = Address.parse(spec)
    for what, value in {
        "concurrency": concurrency,
        "max_n": max_n,
        "timeout": timeout,
        "max_tokens": max_tokens,
        "idle_timeout": idle_timeout,
    }.items():
        if value is not None and not value > 0:
            raise UsageError(f"{what} must be more than 0, got {value}")
    fields = extra_fields(extra)
    dialect = _dialect(address, api, prefix, max_tokens_field, fields)
    can: set[Capability] = {"text", "logprobs", "score", "embed"}
    if dialect.prefix != "none" or api == "completions":
        can.add("prefix")
    info = ModelInfo(
        name=name or identity(spec, api, fields),
        can=frozenset(can),
        sampling=dialect.takes(official=address.official),
        max_n=1 if seed else max_n or 16,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        price=Price(prompt_price, completion_price, cached_price),
        context=context,
        max_tokens=max_tokens,
        parameters=parameters,
    )
    transport = Transport(address.base, api_key_for(api_key), concurrency, timeout, idle_timeout)
    return OpenAI(dialect, transport, info, stream=stream, seed=seed)


def _dialect(address: Address, api: str, prefix: str, limit: str, extra: dict[str, Any]) -> Dialect:
    for what, value, known in (
        ("api", api, ("chat", "completions")),
        ("prefix", prefix, ("auto", "vllm", "llama_cpp", "none")),
        ("max_tokens_field", limit, ("auto", "max_tokens", "max_completion_tokens")),
    ):
        if value not in known:
            raise UsageError(f"{what} must be one of {', '.join(known)}, got {value!r}")
    if prefix == "auto":
        prefix = "local" if address.own else "none"
    if limit == "auto":
        limit = "max_completion_tokens" if address.official else "max_tokens"
    # api.openai.com reports 20 alternatives in chats and 5 in texts.
    score_top = 5 if address.official and api == "completions" else 20
    return Dialect(address.model, api, prefix, limit, score_top, extra)  # type: ignore[arg-type]


def _prompt_text(ask: Generate | Score) -> str:
    turns = (Message("user", ask.prompt),) if isinstance(ask.prompt, str) else ask.prompt
    return "".join(turn.content for turn in turns) + ask.prefix


def _note(progress: Progress, places: Sequence[int], replies: Sequence[Reply]) -> None:
    """Replaces the counts of the stream by what the endpoint reports at the end."""
    for place, reply in zip(places, replies, strict=False):
        progress.texts[place] = reply.text
        progress.completion_tokens[place] = reply.usage.completion_tokens
    progress.prompt_tokens = max(progress.prompt_tokens, sum(reply.usage.prompt_tokens for reply in replies))
