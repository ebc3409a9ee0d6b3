"""HTTP to one endpoint: a session for each event loop, whole responses and streams, errors by what they mean."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Literal, Protocol
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from passel.core.errors import ModelError
from passel.models.parts.address import is_local
from passel.models.parts.exchange import Exchange
from passel.models.parts.faults import Refused, broken, error_event, fault
from passel.models.parts.loose import listing, mapping, parse, text_of
from passel.models.parts.requests import Route
from passel.models.parts.sse import Events
from passel.models.parts.stream import Collector

__all__ = ["Sender", "Transport"]

_CONNECT, _DRAIN, _LIST = 30.0, 1.0, 10.0
"""Seconds for a connection, for what follows a stream's last event, and for the list of models."""
_LARGE = 2**20
_MAX_ERROR = 2**16
_SHOWN = 8
_CLOSE = {"Connection": "close"}

_Session = tuple[aiohttp.ClientSession, Mapping[str, Exchange] | None]
_Held = tuple[AsyncGenerator[_Session], _Session]


class Sender(Protocol):
    """What carries bodies to a model and its answers back: HTTP, or a call in this process."""

    @property
    def where(self) -> str:
        """The other end's name in messages."""
        ...

    async def send(
        self, route: Route | Literal["embeddings"], body: bytes, collector: Collector | None = None
    ) -> dict[str, Any] | None:
        """See `Transport.send`."""
        ...

    async def aclose(self) -> None:
        """Frees what it holds."""
        ...


class Transport:
    """Sends bodies to an endpoint and brings back what it says.

    Args:
        base: the base URL; a query it has goes along with each request.
        api_key: sent as a bearer token; appears in no message.
        connections: open at most, for each event loop.
        timeout: seconds for a whole request, waiting for a free connection included.
        idle_timeout: seconds without a byte of a stream.
    """

    def __init__(self, base: URL, api_key: str | None, connections: int, timeout: float, idle_timeout: float) -> None:
        self._base, self._connections = base, connections
        self._key = api_key
        self._proxy = _proxy(base)
        routes = ("chat/completions", "completions", "embeddings", "models")
        self._urls = {route: (base / route).with_query(base.query) for route in routes}
        connect = min(_CONNECT, timeout)
        self._whole = aiohttp.ClientTimeout(total=timeout, sock_connect=connect)
        self._stream = aiohttp.ClientTimeout(total=timeout, sock_connect=connect, sock_read=idle_timeout)
        self._closes = False
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, _Held] = WeakKeyDictionary()

    @property
    def where(self) -> str:
        """The endpoint's name in messages."""
        return str(self._base.with_query(None))

    async def send(
        self, route: Route | Literal["embeddings"], body: bytes, collector: Collector | None = None
    ) -> dict[str, Any] | None:
        """The response object for a body; None if it came as a stream and the collector has it.

        Raises Refused, Retryable or ModelError, by what the endpoint says or how the connection fails.
        """
        try:
            session, exchanges = await self._session()
            if collector is None and exchanges is not None and len(body) < _LARGE:
                answer = await exchanges[route].send(body)
                if answer.status != 200:
                    raise await self._fault(answer.status, answer.headers, answer.body)
                return self._sound(mapping(parse(answer.body)), 0)
            data = body if len(body) < _LARGE else io.BytesIO(body)
            timeout = self._whole if collector is None else self._stream
            url = self._urls[route]
            headers = _CLOSE if collector is not None and self._closes else None
            async with session.post(
                url, data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await self._fault(response.status, response.headers, await response.content.read(_MAX_ERROR))
                if collector is None or response.content_type != "text/event-stream":
                    return self._sound(mapping(parse(await response.read())), 0)
                return await self._follow(response, collector)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise broken(self.where, error, 0 if collector is None else collector.received) from error

    async def aclose(self) -> None:
        """Closes the session of the running event loop; those of other loops close with their loops."""
        held = self._sessions.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held[0].aclose()

    async def _session(self) -> _Session:
        loop = asyncio.get_running_loop()
        held = self._sessions.get(loop)
        if held is None:
            # An asynchronous generator is closed with its loop (asyncio.run does so), and so the session is too. It
            # does not wait before its first value, so that no other task can come between.
            keeper = self._keep()
            held = self._sessions[loop] = (keeper, await anext(keeper))
        return held[1]

    async def _keep(self) -> AsyncGenerator[_Session]:
        headers = {"Content-Type": "application/json", "User-Agent": "passel"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            proxy=self._proxy,
        )
        exchanges = None  # a session's own requests are for what an exchange cannot: a proxy, a password in the URL
        if self._proxy is None and self._base.raw_user is None and self._base.raw_password is None:
            exchanges = {route: Exchange(session, url, headers, self._whole) for route, url in self._urls.items()}
        try:
            yield session, exchanges
        finally:
            await session.close()

    async def _follow(self, response: aiohttp.ClientResponse, collector: Collector) -> None:
        events = Events()
        connection = response.connection
        if response.headers.get("Server") == "llama.cpp":
            # It closes the connection after a stream, whatever its headers say; no other request must meet that.
            self._closes = True
            if connection is not None and connection.protocol is not None:
                connection.protocol.force_close()
        async for chunk in response.content.iter_any():
            for event in events.feed(chunk):
                self._take(event, collector)
            if collector.done:
                # What follows the last event is only waited for so that the connection can be used again.
                with contextlib.suppress(TimeoutError, aiohttp.ClientError):
                    async with asyncio.timeout(_DRAIN):
                        await response.content.read()
                return
        for event in events.end():
            self._take(event, collector)
        if not collector.complete:
            raise aiohttp.ClientPayloadError("the stream ended before the answer did")

    def _take(self, event: str, collector: Collector) -> None:
        if event.strip() == "[DONE]":
            collector.done = True
        elif not collector.done:
            collector.add(self._sound(mapping(parse(event)), collector.received))

    def _sound(self, response: dict[str, Any], completion_tokens: int) -> dict[str, Any]:
        if response.get("error") and not response.get("choices"):
            raise error_event(self.where, response["error"], completion_tokens)
        return response

    async def _fault(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError | Refused:
        error = fault(self.where, status, headers, self._discreet(body[:_MAX_ERROR]))
        if status == 404:
            return ModelError(f"{error}; {await self._models()}")
        if status == 401 and not self._key:
            return ModelError(f"{error}; no key was sent: set PASSEL_API_KEY or api_key")
        return error

    def _discreet(self, body: bytes) -> bytes:
        return body.replace(self._key.encode(), b"(the key)") if self._key else body

    async def _models(self) -> str:
        names: list[str] = []
        try:
            session, _ = await self._session()
            timeout = aiohttp.ClientTimeout(total=_LIST)
            async with session.get(self._urls["models"], timeout=timeout, allow_redirects=False) as response:
                listed = mapping(parse(await response.read()))
                names = [text_of(mapping(entry).get("id")) for entry in listing(listed.get("data"))]
        except (aiohttp.ClientError, OSError, ValueError):
            pass
        if not any(names):
            return "it lists no models either: is the base URL right? (most end in /v1)"
        return f"models it serves: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"


def _proxy(base: URL) -> URL | None:
    """The proxy that the environment sets for a URL; never one for this machine.

    Looked up once: aiohttp's `trust_env` would read the environment and ~/.netrc on each request.
    """
    if is_local(base) or proxy_bypass(f"{base.host}:{base.port}"):
        return None
    proxies = getproxies()
    found = proxies.get(base.scheme) or proxies.get("all")
    return URL(found) if found and found.startswith("http") else None
