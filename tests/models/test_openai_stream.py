"""Streamed answers: how they are put together, charged, cut and cancelled."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from openai_endpoint import CHAT, Handler, always, answers, ask, chat, draws, model_at, usage_of

from passel.core.errors import Retryable
from passel.core.model import Progress
from passel.core.reply import Usage
from passel.models.parts.replies import estimate
from passel.models.parts.sse import Events


def part(text: str, index: int = 0, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish, **more}]}


def lines(*events: dict[str, Any], done: bool = True) -> bytes:
    data = [f"data: {json.dumps(event)}\n\n" for event in events] + (["data: [DONE]\n\n"] if done else [])
    return "".join(data).encode()


def streams(*chunks: bytes, hang: bool = False, reset: bool = False) -> Handler:
    """A handler that streams these bytes; then it may wait for ever or break the connection."""

    async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if hang:
            await asyncio.sleep(60)
        if reset and request.transport is not None:
            request.transport.abort()
        return response

    return handler


def test_a_stream_is_put_together_and_its_usage_comes_last() -> None:
    data = lines(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]},
        part("It"),
        part(" is"),
        part("", finish="length"),
        {"choices": [], "usage": usage_of(7, 3, 2)},
    )
    replies, endpoint = answers(streams(data), draws(), stream=True)
    assert endpoint.bodies[0]["stream_options"] == {"include_usage": True}
    reply = replies[0]
    assert (reply.text, reply.stop, reply.usage) == ("It is", "length", Usage(7, 3, 2))
    assert reply.raw == {
        "choice": {
            "index": 0,
            "message": {"role": "assistant", "content": "It is"},
            "finish_reason": "length",
        },
        "usage": usage_of(7, 3, 2),
    }


@given(st.lists(st.integers(1, 40), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_events_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int], end: str) -> None:
    text = ': ping\ndata: {"a":\ndata:  1}\nid: 3\n\n\n\nevent: x\n\ndata:é😀\n\ndata: [DONE]'.replace("\n", end)
    data, events, found, at = text.encode(), Events(), [], 0
    for cut in [*cuts, len(data)]:
        found += events.feed(data[at : at + cut])
        at += cut
    assert found + events.end() == ['{"a":\n 1}', "é😀", "[DONE]"]


def test_interleaved_choices_with_log_probabilities() -> None:
    def token(text: str, value: float) -> dict[str, Any]:
        return {"content": [{"token": text, "logprob": value, "top_logprobs": []}]}

    data = lines(
        part("b", 1, logprobs=token("b", -1.0)),
        part("a", 0, logprobs=token("a", -2.0)),
        part("B", 1, "stop", logprobs=token("B", -3.0)),
        part("", 0, "stop"),
        {"choices": [], "usage": usage_of(4, 3)},
    )
    replies, _ = answers(streams(data), draws(2, logprobs=0), stream=True)
    assert [reply.text for reply in replies] == ["a", "bB"]
    assert [[t.logprob for t in reply.tokens] for reply in replies] == [[-2.0], [-1.0, -3.0]]
    assert [reply.usage for reply in replies] == [Usage(4, 1), Usage(0, 2)]


def test_a_text_stream_in_the_older_shape() -> None:
    def piece(text: str, finish: str | None = None) -> dict[str, Any]:
        report = {"tokens": [text], "token_logprobs": [-1.0], "top_logprobs": [{text: -1.0}]}
        return {"choices": [{"index": 0, "text": text, "logprobs": report, "finish_reason": finish}]}

    handler = streams(lines(piece(" is"), piece(" 4", "stop")))
    replies, _ = answers(handler, draws(prompt="2+2", logprobs=1), stream=True)
    assert replies[0].text == " is 4"
    assert [token.top for token in replies[0].tokens] == [((" is", -1.0),), ((" 4", -1.0),)]
    assert replies[0].usage == Usage(estimate("2+2"), 2)
    assert replies[0].raw is not None
    assert replies[0].raw["usage_estimated"] is True


def test_llama_cpp_sends_a_usage_for_each_choice() -> None:
    data = lines(
        part("b", 1),
        part("", 1, "stop"),
        {"choices": [], "usage": usage_of(9, 5, 8), "timings": {}},
        part("a", 0),
        part("", 0, "stop"),
        {"choices": [], "usage": usage_of(9, 2, 8), "timings": {}},
    )
    replies, _ = answers(streams(data), draws(2), stream=True)
    assert [reply.usage for reply in replies] == [Usage(9, 2, 8), Usage(0, 5)]
    assert replies[0].raw is not None
    assert "usage_estimated" not in replies[0].raw


def test_thoughts_are_kept_apart() -> None:
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}
    replies, _ = answers(streams(lines(thought, thought, part("4", finish="stop"))), draws(), stream=True)
    assert replies[0].text == "4"
    assert replies[0].usage.completion_tokens == 3
    assert replies[0].raw is not None
    assert replies[0].raw["choice"]["message"]["reasoning_content"] == "hmhm"


def test_an_endpoint_that_does_not_stream_is_read_whole() -> None:
    replies, _ = answers(always(chat("It is", usage=usage_of(3, 2))), draws(), stream=True)
    assert (replies[0].text, replies[0].usage) == ("It is", Usage(3, 2))


def test_fewer_streamed_choices_than_asked_are_noticed() -> None:
    async def run() -> None:
        async with model_at(streams(lines(part("x", finish="stop"))), stream=True) as (model, endpoint):
            replies = await ask(model, draws(3))
            assert [(reply.text, reply.stop) for reply in replies] == [("x", "end")] * 3
            assert model.info.max_n == 1
            assert len(endpoint.bodies) == 3

    asyncio.run(run())


def test_a_stream_without_done_is_whole_if_its_choices_have_ended() -> None:
    replies, _ = answers(streams(lines(part("x", finish="stop"), done=False)), draws(), stream=True)
    assert replies[0].text == "x"


def test_a_connection_serves_several_streams() -> None:
    async def run() -> None:
        ports: set[Any] = set()
        stream = streams(lines(part("x", finish="stop")))

        async def handler(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
            assert request.transport is not None
            ports.add(request.transport.get_extra_info("peername"))
            return await stream(request, body)

        async with model_at(handler, stream=True) as (model, _):
            for _ in range(3):
                await ask(model, draws())
        assert len(ports) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (streams(lines(part("a"), part("b"), done=False)), "ended before"),
        (streams(lines(part("a"), part("b"), done=False), reset=True), "broke"),
        (streams(lines(part("a"), part("b"), done=False) + b'data: {"choi\n\n'), "malformed"),
        (streams(lines(part("a"), part("b"), done=False), hang=True), "in time"),
        (streams(lines(part("a"), part("b"), {"error": {"message": "out of memory", "code": 500}})), "out of memory"),
    ],
)
def test_a_broken_stream_may_be_tried_again_and_says_what_it_cost(handler: Handler, message: str) -> None:
    with pytest.raises(Retryable, match=message) as caught:
        answers(handler, draws(), stream=True, idle_timeout=0.2)
    assert caught.value.completion_tokens == 2


def test_a_request_that_is_refused_within_its_stream_fails() -> None:
    handler = streams(lines({"error": {"message": "context is full", "code": 400}}))
    replies, _ = answers(handler, draws(), stream=True)
    assert (replies[0].stop, replies[0].error) == ("failed", "context is full")


def test_cancelling_closes_the_connection_and_leaves_what_came_in_progress() -> None:
    async def run() -> None:
        gone = asyncio.Event()

        async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(lines(part("one "), part("two "), part("three "), done=False))
            try:
                while True:
                    await response.write(b": still here\n\n")
                    await asyncio.sleep(0.01)
            except ConnectionError:
                gone.set()
                raise

        async with model_at(handler, stream=True) as (model, _):
            progress = Progress.of(1)
            task = asyncio.create_task(model.answer(draws(), progress))
            while progress.completion_tokens[0] < 3:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(gone.wait(), 5)
            assert progress == Progress(["one two three "], [3], estimate(CHAT[0].content))

    asyncio.run(run())


def test_cancelling_a_group_of_requests_cancels_each() -> None:
    async def run() -> None:
        open_now = 0

        async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
            nonlocal open_now
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            open_now += 1
            try:
                while True:
                    await response.write(lines(part("x"), done=False))
                    await asyncio.sleep(0.01)
            finally:
                open_now -= 1

        async with model_at(handler, stream=True, max_n=1) as (model, _):
            progress = Progress.of(3)
            task = asyncio.create_task(model.answer(draws(3), progress))
            while not all(progress.completion_tokens):
                await asyncio.sleep(0.005)
            assert open_now == 3
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                while open_now:
                    await asyncio.sleep(0.005)

    asyncio.run(run())


def test_a_connection_is_not_used_again_after_a_stream_of_llama_cpp() -> None:
    """Its server closes it after a stream though it promises to keep it: the next request met "Server disconnected"."""

    async def run() -> None:
        ports: set[Any] = set()

        async def handler(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
            assert request.transport is not None
            ports.add(request.transport.get_extra_info("peername"))
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Server": "llama.cpp"})
            await response.prepare(request)
            await response.write(lines(part("x"), done=False))
            if len(ports) == 1:
                await asyncio.sleep(0.05)  # later ones end within their first packet
            await response.write(lines(part("", finish="stop")))
            return response

        async with model_at(handler, stream=True) as (model, _):
            for _ in range(3):
                assert (await ask(model, draws()))[0].text == "x"
        assert len(ports) == 3

    asyncio.run(run())
