"""What goes wrong between the OpenAI adapter and an endpoint, and what becomes of it."""

from __future__ import annotations

import asyncio
import socket
import time
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web
from openai_endpoint import CHAT, always, answers, ask, chat, draws, serve

from passel.core.ask import Embed, Score
from passel.core.errors import ModelError, Retryable
from passel.models.openai import openai
from passel.models.parts.faults import message_of, retry_after


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_a_status_that_may_pass(status: int) -> None:
    with pytest.raises(Retryable, match=f"says {status}: busy") as caught:
        answers(always({"error": {"message": "busy"}}, status), draws())
    assert (caught.value.retry_after, caught.value.completion_tokens) == (None, 0)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_status_that_is_the_requests_own_fault(status: int) -> None:
    asks = [draws()[0], Score(CHAT, ("Yes",)), Embed(("a",))]
    for asked in asks:
        replies, _ = answers(always({"error": {"message": "too long"}}, status), [asked])
        assert (replies[0].stop, replies[0].error) == ("failed", "too long")


@pytest.mark.parametrize("status", [401, 402, 403, 405, 410, 501])
def test_a_status_that_does_not_pass(status: int) -> None:
    with pytest.raises(ModelError, match=f"says {status}: no") as caught:
        answers(always({"error": {"message": "no"}}, status), draws())
    assert not isinstance(caught.value, Retryable)


def test_no_money_does_not_pass_though_it_is_a_429() -> None:
    body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    with pytest.raises(ModelError, match="quota") as caught:
        answers(always(body, 429), draws())
    assert not isinstance(caught.value, Retryable)


def test_404_tells_which_models_there_are() -> None:
    names = tuple(f"model-{i}" for i in range(9))
    with pytest.raises(ModelError, match=r"404: no such model.*it serves: model-0, .*model-7, …"):
        answers(always({"message": "no such model"}, 404), draws(), models=names)
    with pytest.raises(ModelError, match="is the base URL right"):
        answers(always({"message": "no such model"}, 404), draws(), models=())


def test_401_without_a_key_tells_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSEL_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="PASSEL_API_KEY"):
        answers(always({}, 401), draws())


def test_the_key_stands_in_no_message() -> None:
    with pytest.raises(ModelError) as caught:
        answers(always({"error": {"message": "bad key sk-123"}}, 401), draws(), api_key="sk-123")
    assert "sk-123" not in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(ModelError, match="it points to https://elsewhere/v1"):
        answers(always({}, 307, {"Location": "https://elsewhere/v1"}), draws())


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"Retry-After": "7"}, 7, 7),
        ({"Retry-After": "0.05"}, 0.05, 0.05),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25, 0.25),
        ({"Retry-After": formatdate(time.time() + 36000, usegmt=True)}, 30000, 36001),  # made before all tests run
        ({"Retry-After": formatdate(time.time() - 3600, usegmt=True)}, 0, 0),
        ({"Retry-After": "-3"}, 0, 0),
    ],
)
def test_retry_after(headers: dict[str, str], low: float, high: float) -> None:
    with pytest.raises(Retryable) as caught:
        answers(always({}, 503, headers), draws())
    assert caught.value.retry_after is not None
    assert low <= caught.value.retry_after <= high


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "Mon, 99 Foo"])
def test_a_retry_after_that_says_nothing(text: str) -> None:
    assert retry_after({"Retry-After": text}) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "a\\n b"}}', "a b"),
        (b'{"error": "a"}', "a"),
        (b'{"object": "error", "message": "a"}', "a"),
        (b'{"detail": "a"}', "a"),
        (b'{"detail": [{"loc": ["body", "n"], "msg": "too big"}, {"msg": "x"}]}', "body.n: too big; x"),
        (b"<html><b>Bad  gateway</b></html>", "Bad gateway"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b"[]", ""),
        (b"[" * 100_000, "[" * 299 + "…"),
    ],
)
def test_the_endpoints_own_words(body: bytes, message: str) -> None:
    assert message_of(body) == message


def test_an_error_within_a_200_response() -> None:
    with pytest.raises(Retryable, match="upstream is down"):
        answers(always({"error": {"message": "upstream is down", "code": 502}}), draws())
    replies, _ = answers(always({"error": {"message": "bad field", "code": 400}}), draws())
    assert replies[0].error == "bad field"


@pytest.mark.parametrize("text", ['{"choices": [', "", "<html>", "[" * 100_000])
def test_malformed_json_may_be_tried_again(text: str) -> None:
    async def handler(_: web.Request, __: dict[str, Any]) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    with pytest.raises(Retryable, match="malformed JSON"):
        answers(handler, draws())


def raw_server(data: bytes, reset: bool = False) -> Any:
    """A server below HTTP: it reads a request, writes bytes and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if reset:
            # A zero linger time makes the close send RST.
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.close()

    return asyncio.start_server(handle, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("data", "reset"),
    [
        (b"", False),
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", False),
        (b"hello\r\n\r\n", False),
    ],
)
def test_a_connection_that_breaks_may_be_tried_again(data: bytes, reset: bool) -> None:
    async def run() -> None:
        server = await raw_server(data, reset)
        model = openai(f"m@http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        try:
            with pytest.raises(Retryable, match=r"the connection to http://127\.0\.0\.1"):
                await ask(model, draws())
        finally:
            await model.aclose()
            server.close()
            await server.wait_closed()

    asyncio.run(run())


def test_nobody_there_is_clear_and_may_be_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run() -> None:
        model = openai(f"m@http://127.0.0.1:{port}/v1")
        try:
            with pytest.raises(Retryable, match=f"cannot reach http://127.0.0.1:{port}/v1: Connect"):
                await ask(model, draws())
        finally:
            await model.aclose()

    asyncio.run(run())


def test_an_answer_that_takes_too_long_may_be_tried_again() -> None:
    async def handler(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    with pytest.raises(Retryable, match="did not answer in time"):
        answers(handler, draws(), timeout=0.2)


def test_idle_timeout_is_for_streams_because_a_whole_answer_is_silent_until_its_end() -> None:
    async def handler(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return web.json_response(chat("late"))

    replies, _ = answers(handler, draws(), idle_timeout=0.1)
    assert replies[0].text == "late"
    with pytest.raises(Retryable, match="in time"):
        answers(handler, draws(), idle_timeout=0.1, stream=True)


def test_no_more_connections_than_its_concurrency() -> None:
    async def run() -> None:
        now, most = 0, 0

        async def handler(_: web.Request, __: dict[str, Any]) -> web.StreamResponse:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return web.json_response(chat("x"))

        async with serve(handler) as endpoint:
            model = openai(f"m@{endpoint.base}", concurrency=3, max_n=1)
            assert len(await ask(model, draws(12))) == 12
            await model.aclose()
        assert most == 3

    asyncio.run(run())
