"""One request and its whole response on a connection of aiohttp's pool, without what a session does around it.

A `ClientSession` builds a request, a response, a body writer and mappings of headers for each call, which takes as
long as everything else together. Here the head is written once and reused; the pool, DNS, TLS and the parser of
responses (chunks, compression, limits) are aiohttp's all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

__all__ = ["Exchange", "Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """POSTs to one URL, of which only the body differs. Bound to the session's event loop.

    Args:
        session: whose connections are used; a proxy of its own is not.
        url: absolute.
        headers: of each request, without Host and Content-Length.
        timeout: `total` and `sock_connect` are kept.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> None:
        assert session.connector is not None
        self._connector, self._timeout = session.connector, timeout
        # The connector wants a request to know where to connect to, and nothing else of it.
        self._target = aiohttp.ClientRequest("POST", url, loop=asyncio.get_running_loop(), session=session)
        lines = {"Host": self._target.headers["Host"], "Accept-Encoding": "gzip, deflate", **headers}
        for name, value in lines.items():
            if any(mark in name + value for mark in "\r\n\0"):
                raise ValueError(f"a line break in the header {name}")
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._head = f"POST {url.raw_path_qs} HTTP/1.1\r\n{head}Content-Length: ".encode("utf-8", "surrogateescape")

    async def send(self, body: bytes) -> Response:
        """Raises aiohttp's ClientError, OSError or TimeoutError, as a session does."""
        async with asyncio.timeout(self._timeout.total):
            connection = await self._connector.connect(self._target, [], self._timeout)
            try:
                protocol, transport = connection.protocol, connection.transport
                assert protocol is not None
                if transport is None:
                    raise aiohttp.ClientConnectionResetError("the connection was closed before the request")
                protocol.set_response_params(read_until_eof=True)
                transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
                head, payload = await protocol.read()
                while 100 <= head.code < 200 and head.code != 101:
                    head, payload = await protocol.read()
                answer = Response(head.code, head.headers, await payload.read())
            except BaseException as error:
                connection.close()
                if isinstance(error, HttpProcessingError):
                    raise aiohttp.ClientPayloadError(f"{error.message or 'a malformed response'}") from error
                raise
            connection.release()
            return answer
