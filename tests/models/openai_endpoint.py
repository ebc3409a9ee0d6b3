"""A small endpoint for the tests of the OpenAI adapter: each test says what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from passel.core.ask import Generate, Message, Sampling
from passel.core.key import Key
from passel.core.model import Progress
from passel.core.reply import Reply
from passel.models.openai import OpenAI, openai

Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
CHAT = (Message("user", "What is 2+2?"),)


class Endpoint:
    """What the endpoint saw, and where it is."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []


@asynccontextmanager
async def serve(handler: Handler, models: tuple[str, ...] = ("m",)) -> AsyncIterator[Endpoint]:
    """An endpoint on a port of its own whose POSTs the handler answers."""
    endpoint = Endpoint("")

    async def post(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        endpoint.bodies.append(body)
        endpoint.paths.append(request.path)
        endpoint.headers.append(dict(request.headers))
        return await handler(request, body)

    async def list_models(_: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"id": name} for name in models]})

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/{path:.*}", post)
    app.router.add_get("/v1/models", list_models)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.base = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


@asynccontextmanager
async def model_at(handler: Handler, **settings: Any) -> AsyncIterator[tuple[OpenAI, Endpoint]]:
    """An endpoint and the model at it."""
    async with serve(handler, settings.pop("models", ("m",))) as endpoint:
        model = openai(f"m@{endpoint.base}", **settings)
        try:
            yield model, endpoint
        finally:
            await model.aclose()


def draws(n: int = 1, prompt: Any = CHAT, prefix: str = "", **sampling: Any) -> list[Generate]:
    """n asks alike but for their keys."""
    settings = Sampling(**{"max_tokens": 16, **sampling})
    return [Generate(prompt, Key(0) / i, prefix=prefix, sampling=settings) for i in range(n)]


async def ask(model: OpenAI, asks: list[Any], progress: Progress | None = None) -> list[Reply]:
    return list(await model.answer(asks, progress or Progress.of(len(asks))))


def answers(handler: Handler, asks: list[Any], **settings: Any) -> tuple[list[Reply], Endpoint]:
    """The replies to some asks, and what the endpoint saw of them."""

    async def run() -> tuple[list[Reply], Endpoint]:
        async with model_at(handler, **settings) as (model, endpoint):
            return await ask(model, asks), endpoint

    return asyncio.run(run())


def chat(*texts: str, usage: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A whole chat response with these choices."""
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for i, text in enumerate(texts)
    ]
    return {"choices": choices, **({"usage": usage} if usage else {}), **more}


def always(response: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    """A handler that answers one thing."""

    async def handler(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(response, status=status, headers=headers)

    return handler


def speaks(make: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
    """A handler that makes its answer of the request's body."""

    async def handler(_: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(make(body))

    return handler


def usage_of(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
