"""Requests and replies of the OpenAI adapter, against real local servers."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from typing import Any

import pytest
from aiohttp import web
from openai_endpoint import CHAT, always, answers, ask, chat, draws, model_at, serve, speaks, usage_of

from passel.core.ask import Embed, Message, Score
from passel.core.errors import ModelError, Retryable, UsageError
from passel.core.model import Progress
from passel.core.registry import find
from passel.core.reply import Usage
from passel.models.openai import openai
from passel.models.parts.replies import apportion, estimate


def chat_logprobs(*tokens: tuple[str, float, dict[str, float]]) -> dict[str, Any]:
    return {
        "content": [
            {"token": t, "logprob": v, "top_logprobs": [{"token": a, "logprob": b} for a, b in top.items()]}
            for t, v, top in tokens
        ]
    }


def with_logprobs(response: dict[str, Any], *reports: dict[str, Any]) -> dict[str, Any]:
    for choice, report in zip(response["choices"], reports, strict=True):
        choice["logprobs"] = report
    return response


# Requests


def test_a_chat_carries_its_turns_and_only_the_sampling_that_is_set() -> None:
    prompt = (Message("system", "Be brief."), Message("user", "Hi"))
    asks = draws(prompt=prompt, temperature=0.5, stop=("\n",), top_k=3, logprobs=2)
    _, endpoint = answers(always(chat("Hello")), asks)
    assert endpoint.paths == ["/v1/chat/completions"]
    assert endpoint.bodies == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "temperature": 0.5,
            "max_tokens": 16,
            "stop": ["\n"],
            "verbose": True,
            "top_k": 3,
            "logprobs": True,
            "top_logprobs": 2,
        }
    ]


def test_a_text_goes_to_completions_with_its_prefix() -> None:
    asks = draws(prompt="2+2=", prefix=" ", logprobs=0)
    replies, endpoint = answers(always({"choices": [{"index": 0, "text": "4", "finish_reason": "length"}]}), asks)
    assert endpoint.paths == ["/v1/completions"]
    assert endpoint.bodies == [{"model": "m", "prompt": "2+2= ", "max_tokens": 16, "logprobs": 1}]
    assert (replies[0].text, replies[0].stop) == ("4", "length")


def test_an_endpoint_without_chat_gets_the_turns_as_one_text() -> None:
    asks = draws(prompt=(Message("system", "Sum."), Message("user", "2+2")), prefix="It is")
    handler = always({"choices": [{"index": 0, "text": " 4"}]})
    replies, endpoint = answers(handler, asks, api="completions", prefix="none")
    assert endpoint.bodies[0]["prompt"] == "Sum.\n\n2+2\n\nIt is"
    assert replies[0].text == " 4"


@pytest.mark.parametrize(
    ("prefix", "fields"),
    [
        ("vllm", {"continue_final_message": True, "add_generation_prompt": False}),
        ("auto", {"continue_final_message": True, "add_generation_prompt": False}),
    ],
)
def test_a_prefix_is_a_last_assistant_message_to_continue(prefix: Any, fields: dict[str, Any]) -> None:
    replies, endpoint = answers(always(chat("So so")), draws(prefix="So"), prefix=prefix)
    assert endpoint.bodies[0]["messages"][-1] == {"role": "assistant", "content": "So"}
    assert {name: endpoint.bodies[0][name] for name in fields} == fields
    assert replies[0].text == "So so", "vLLM does not repeat the prefix, so nothing is taken off"


def test_llama_cpp_repeats_the_prefix_in_whole_responses() -> None:
    replies, endpoint = answers(always(chat("It is 4", timings={})), draws(prefix="It is"))
    assert replies[0].text == " 4"
    assert "stream" not in endpoint.bodies[0], "it was not known before the first answer"


def test_llama_cpp_is_asked_for_a_stream_where_its_whole_responses_mislead() -> None:
    _, endpoint = answers(always(chat("It is 4", timings={})), draws(prefix="It is"), prefix="llama_cpp")
    assert endpoint.bodies[0]["stream"] is True
    assert "continue_final_message" not in endpoint.bodies[0]


def test_prefix_is_a_declared_capability() -> None:
    assert "prefix" in openai("m@http://127.0.0.1:1/v1").info.can
    assert "prefix" in openai("m@https://gpu.example/v1", prefix="vllm").info.can
    assert "prefix" not in openai("gpt-5-mini").info.can
    assert "prefix" not in openai("m@http://127.0.0.1:1/v1", prefix="none").info.can
    with pytest.raises(ModelError, match="set prefix"):
        answers(always(chat("")), draws(prefix="So"), prefix="none")


def test_the_official_endpoint_gets_standard_sampling_only() -> None:
    assert "top_k" not in openai("gpt-5-mini").info.sampling
    assert {"top_k", "min_p", "repetition_penalty"} <= openai("m@http://127.0.0.1:1/v1").info.sampling


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("vllm", {"repetition_penalty"}),
        ("llama_cpp", {"repeat_penalty"}),
        ("auto", {"repetition_penalty", "repeat_penalty"}),
    ],
)
def test_the_repetition_penalty_has_two_names(prefix: Any, names: set[str]) -> None:
    _, endpoint = answers(always(chat("")), draws(repetition_penalty=1.2), prefix=prefix)
    assert {name for name in endpoint.bodies[0] if "penalty" in name} == names


def test_extra_is_merged_last_and_null_takes_a_field_away() -> None:
    extra = json.dumps({"chat_template_kwargs": {"enable_thinking": False}, "max_tokens": None})
    _, endpoint = answers(always(chat("")), draws(), extra=extra, max_tokens_field="max_completion_tokens")
    body = endpoint.bodies[0]
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["max_completion_tokens"] == 16
    assert "max_tokens" not in body


def test_lone_surrogates_are_replaced_both_ways() -> None:
    async def handler(_: web.Request, __: dict[str, Any]) -> web.Response:
        return web.Response(text=json.dumps(chat("a\ud800b 😀")), content_type="application/json")

    replies, endpoint = answers(handler, draws(prompt=(Message("user", "x\udfffy é"),)))
    assert endpoint.bodies[0]["messages"][0]["content"] == "x\ufffdy é"
    assert replies[0].text == "a\ufffdb 😀"
    assert "\ud800" not in json.dumps(replies[0].to_json(), ensure_ascii=False)


def test_a_prompt_of_megabytes_goes_through() -> None:
    replies, endpoint = answers(always(chat("ok")), draws(prompt="x" * 3_000_000))
    assert len(endpoint.bodies[0]["prompt"]) == 3_000_000
    assert replies[0].text == "ok"


def test_the_key_comes_from_the_environment_and_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    monkeypatch.setenv("PASSEL_API_KEY", "first")
    _, endpoint = answers(always(chat("")), draws())
    assert endpoint.headers[0]["Authorization"] == "Bearer first"
    monkeypatch.delenv("PASSEL_API_KEY")
    monkeypatch.delenv("OPENAI_API_KEY")
    _, endpoint = answers(always(chat("")), draws())
    assert "Authorization" not in endpoint.headers[0]


# Draws


def test_alike_draws_share_a_request() -> None:
    handler = speaks(lambda body: chat(*"abcdefgh"[: body.get("n", 1)], usage=usage_of(10, 8)))
    replies, endpoint = answers(handler, draws(4))
    assert [body["n"] for body in endpoint.bodies] == [4]
    assert [reply.text for reply in replies] == ["a", "b", "c", "d"]


def test_fewer_choices_than_asked_lower_max_n_and_lose_no_reply() -> None:
    async def run() -> None:
        seen = iter("abcdefgh")
        handler = speaks(lambda _: chat(next(seen), usage=usage_of(5, 1)))
        async with model_at(handler) as (model, endpoint):
            assert model.info.max_n == 16
            replies = await ask(model, draws(4))
            assert sorted(reply.text for reply in replies) == ["a", "b", "c", "d"]
            assert replies[0].text == "a"
            assert model.info.max_n == 1
            await ask(model, draws(2))
            assert [body.get("n") for body in endpoint.bodies] == [4, None, None, None, None, None]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("message", "limit", "sizes"),
    [
        ("Only one completion choice is allowed", 1, [5, None, None, None, None, None]),
        ("Field 'n': Value must be between 1 <= value <= 4, but got 5", 4, [5, None, 4]),
    ],
)
def test_a_refused_n_lowers_max_n(message: str, limit: int, sizes: list[Any]) -> None:
    async def handler(_: web.Request, body: dict[str, Any]) -> web.Response:
        n = body.get("n", 1)
        if n > limit:
            return web.json_response({"error": {"message": message}}, status=400)
        return web.json_response(chat(*["x"] * n))

    async def run() -> None:
        async with model_at(handler) as (model, endpoint):
            replies = await ask(model, draws(5))
            assert [reply.text for reply in replies] == ["x"] * 5
            assert [body.get("n") for body in endpoint.bodies] == sizes
            assert model.info.max_n == limit

    asyncio.run(run())


def test_a_request_refused_for_another_reason_fails_all_its_draws_and_keeps_max_n() -> None:
    async def run() -> None:
        async with model_at(always({"error": {"message": "too\nlong " + "x" * 999}}, 400)) as (model, endpoint):
            replies = await ask(model, draws(5))
            assert [reply.stop for reply in replies] == ["failed"] * 5
            error = replies[0].error or ""
            assert error.startswith("too long xxx")
            assert len(error) == 300
            assert len(endpoint.bodies) == 2
            assert model.info.max_n == 16

    asyncio.run(run())


def test_replies_that_came_before_another_request_failed_are_kept_for_the_next_try() -> None:
    async def run() -> None:
        served: list[int] = []

        async def handler(_: web.Request, __: dict[str, Any]) -> web.Response:
            served.append(len(served))
            if len(served) == 3:
                return web.json_response({}, status=503)
            return web.json_response(chat(str(len(served)), usage=usage_of(3, 1)))

        async with model_at(handler, max_n=1) as (model, endpoint):
            asks = draws(4)
            with pytest.raises(Retryable):
                await ask(model, asks)
            replies = await ask(model, asks)
            assert sorted(reply.text for reply in replies) == ["1", "2", "4", "5"]
            assert len(endpoint.bodies) == 5

    asyncio.run(run())


def test_with_seeds_each_draw_goes_alone_with_the_seed_of_its_key() -> None:
    async def run() -> None:
        async with model_at(always(chat("x")), seed=True) as (model, endpoint):
            assert model.info.max_n == 1
            asks = draws(3)
            await ask(model, asks)
            assert {body["seed"] for body in endpoint.bodies} == {a.key.bits(32) >> 1 for a in asks}
            assert all(0 <= body["seed"] < 2**31 for body in endpoint.bodies)

    asyncio.run(run())


# Replies


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", "end"),
        ("eos", "end"),
        (None, "end"),
        ("tool_calls", "end"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("abort", "failed"),
    ],
)
def test_how_an_answer_ended(reason: str | None, stop: str) -> None:
    response = chat("x")
    response["choices"][0]["finish_reason"] = reason
    replies, _ = answers(always(response), draws())
    assert replies[0].stop == stop
    assert (replies[0].error is None) == (stop != "failed")


def test_null_content_is_an_empty_text_and_thoughts_stay_in_raw() -> None:
    response = chat("")
    message = {"role": "assistant", "content": None, "reasoning_content": "Let me think"}
    response["choices"][0] |= {"message": message, "finish_reason": "length"}
    replies, _ = answers(always(response), draws())
    assert (replies[0].text, replies[0].stop) == ("", "length")
    assert replies[0].raw is not None
    assert replies[0].raw["choice"]["message"]["reasoning_content"] == "Let me think"


def test_content_in_parts_is_joined() -> None:
    response = chat("")
    response["choices"][0]["message"]["content"] = [{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}]
    replies, _ = answers(always(response), draws())
    assert replies[0].text == "ab"


def test_the_prompt_is_charged_once_and_the_completion_is_split_exactly() -> None:
    response = chat("aaaa", "bb", "", usage=usage_of(10, 8, cached=6))
    replies, _ = answers(always(response), draws(3))
    assert [reply.usage for reply in replies] == [Usage(10, 5, 6), Usage(0, 3), Usage(0, 0)]
    assert replies[0].raw is not None
    assert "usage_estimated" not in replies[0].raw


def test_log_probabilities_tell_the_split_better_than_lengths() -> None:
    response = chat("a", "bbbbbbbbbbbb", usage=usage_of(10, 4))
    three = chat_logprobs(("a", -1.0, {}), ("", -1.0, {}), ("", -1.0, {}))
    one = chat_logprobs(("bbbbbbbbbbbb", -1.0, {}))
    replies, _ = answers(always(with_logprobs(response, three, one)), draws(2))
    assert [reply.usage.completion_tokens for reply in replies] == [3, 1]


def test_missing_usage_is_estimated_and_says_so() -> None:
    replies, _ = answers(always(chat("abcde", "f")), draws(2))
    assert [reply.usage for reply in replies] == [Usage(estimate(CHAT[0].content), 2), Usage(0, 1)]
    assert all(reply.raw and reply.raw["usage_estimated"] for reply in replies)


def test_llama_cpp_counts_one_choice_of_several_so_the_sum_is_not_believed() -> None:
    response = chat("abcdefgh", "abcdefgh", usage=usage_of(10, 2), timings={})
    replies, _ = answers(always(response), draws(2))
    assert [reply.usage for reply in replies] == [Usage(10, 2), Usage(0, 2)]
    assert replies[0].raw is not None
    assert replies[0].raw["usage_estimated"] is True


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [(8, [4, 2, 0], [5, 3, 0]), (3, [0, 0], [2, 1]), (1, [1, 1, 1], [1, 0, 0]), (10, [1, 2, 7], [1, 2, 7])],
)
def test_apportion_is_exact_in_sum(total: int, weights: list[int], shares: list[int]) -> None:
    assert apportion(total, weights) == shares


def test_tokens_of_a_chat() -> None:
    report = chat_logprobs(("Yes", -0.1, {" No": -2.5, "Yes": -0.1, "Eh": -3.0}), (".", -0.2, {".": -0.2}))
    replies, _ = answers(always(with_logprobs(chat("Yes."), report)), draws(logprobs=2))
    first, second = replies[0].tokens
    assert (first.text, first.logprob, first.top) == ("Yes", -0.1, (("Yes", -0.1), (" No", -2.5)))
    assert (second.text, second.top) == (".", ((".", -0.2),))


def test_tokens_of_a_text_in_the_older_shape() -> None:
    report = {
        "tokens": [" is", " 4"],
        "token_logprobs": [-0.5, None],
        "top_logprobs": [{" is": -0.5, ",": -1.0}, None],
        "text_offset": [0, 3],
    }
    response = {"choices": [{"index": 0, "text": " is 4", "logprobs": report, "finish_reason": "stop"}]}
    replies, _ = answers(always(response), draws(prompt="2+2", logprobs=1))
    assert [(t.text, t.logprob, t.top) for t in replies[0].tokens] == [
        (" is", -0.5, ((" is", -0.5),)),
        (" 4", -9999.0, ()),
    ]


@pytest.mark.parametrize("response", [{}, {"choices": []}, {"choices": "x"}, [], "text", {"choices": None}])
def test_a_response_without_choices_may_be_tried_again(response: Any) -> None:
    with pytest.raises(Retryable, match="no choices"):
        answers(always(response), draws())


@pytest.mark.parametrize("choice", [None, 3, {}, {"message": None}, {"message": {"content": 7}}, {"text": None}])
def test_a_choice_of_the_wrong_shape_is_an_empty_text(choice: Any) -> None:
    replies, _ = answers(always({"choices": [choice], "usage": {"prompt_tokens": "many"}}), draws())
    assert (replies[0].text, replies[0].stop) == ("", "end")


# Score and Embed


def test_score_adds_up_the_first_tokens_that_a_continuation_begins_with() -> None:
    top = {"Yes": math.log(0.5), " Yes": math.log(0.1), " Y": math.log(0.05), " yes": math.log(0.2), "\n": -4.0}
    response = with_logprobs(chat("Yes", usage=usage_of(9, 1)), chat_logprobs(("Yes", math.log(0.5), top)))
    asked = Score(CHAT, ("Yes", " yes", "No"), prefix="It is")
    replies, endpoint = answers(always(response), [asked, asked])
    assert replies[0].scores[:2] == pytest.approx((math.log(0.65), math.log(0.2)))
    assert replies[0].scores[2] == -math.inf
    assert [reply.usage for reply in replies] == [Usage(9, 1), Usage()]
    body = endpoint.bodies[0]
    assert len(endpoint.bodies) == 1
    assert (body["max_tokens"], body["temperature"], body["top_logprobs"]) == (1, 0.0, 20)
    assert body["messages"][-1] == {"role": "assistant", "content": "It is"}


def test_score_without_log_probabilities_fails_and_is_charged() -> None:
    replies, _ = answers(always(chat("Yes", usage=usage_of(9, 1))), [Score("Is it?", ("Yes",))])
    assert (replies[0].stop, replies[0].usage) == ("failed", Usage(9, 1))
    assert "log-probabilities" in (replies[0].error or "")


def test_embed_gives_vectors_in_the_order_of_the_texts() -> None:
    data = [{"index": 1, "embedding": [3, 4.5]}, {"index": 0, "embedding": [1.0, 2.0]}]
    handler = always({"data": data, "usage": {"prompt_tokens": 7}})
    replies, endpoint = answers(handler, [Embed(("a", "b"))])
    assert replies[0].vectors == ((1.0, 2.0), (3.0, 4.5))
    assert replies[0].usage == Usage(7)
    assert (endpoint.paths, endpoint.bodies) == (["/v1/embeddings"], [{"model": "m", "input": ["a", "b"]}])


def test_embed_with_a_vector_missing_may_be_tried_again_and_no_texts_need_no_request() -> None:
    with pytest.raises(Retryable, match="1 vectors for 2 texts"):
        answers(always({"data": [{"index": 0, "embedding": [1.0]}]}), [Embed(("a", "b"))])
    replies, endpoint = answers(always({}), [Embed(())])
    assert (replies[0].vectors, endpoint.bodies) == ((), [])


# Configuration and sessions


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("m@localhost:8000", "must begin with http"),
        ("http://127.0.0.1:8000/v1", "lacks the model's name"),
        ("@http://127.0.0.1:8000/v1", "no usable model name"),
        ("", "no usable model name"),
        ("m@http://", "base URL"),
        ("m@http://host:99999/v1", "base URL"),
        ("m@http://user:secret@host/v1", "no user name or password"),
        ("m@http://host/v1/chat/completions", "must end before /chat/completions"),
        ("m@http://host/v1#x", "fragment"),
    ],
)
def test_a_bad_spec_says_what_is_wrong(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        openai(spec)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extra": "[1]"}, "JSON object"),
        ({"extra": "{"}, "JSON object"),
        ({"api_key": "a b"}, "API key"),
        ({"concurrency": 0}, "concurrency"),
        ({"prefix": "sglang"}, "prefix must be one of"),
        ({"api": "responses"}, "api must be one of"),
    ],
)
def test_a_bad_setting_says_what_is_wrong(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        openai("m@http://127.0.0.1:1/v1", **settings)


def test_it_is_found_by_name_and_says_what_it_is() -> None:
    model = find("models", "openai")("@cf/meta/llama@https://h.example/v1", prompt_price=2.0, name=None)
    assert model.info.name == "@cf/meta/llama@https://h.example/v1"
    assert model.info.price.of(10**6, 0, 10**6) == 2.0
    marked = openai("m@http://127.0.0.1:1/v1", extra='{"top_a": 1}', api="completions").info.name
    assert marked.startswith("m@http://127.0.0.1:1/v1#completions#")
    assert openai("m", name="mine").info.name == "mine"


def test_a_query_of_the_base_url_goes_along() -> None:
    async def run() -> None:
        seen: list[str] = []

        async def handler(request: web.Request, _: dict[str, Any]) -> web.Response:
            seen.append(str(request.rel_url))
            return web.json_response(chat("x"))

        async with serve(handler) as endpoint:
            model = openai(f"m@{endpoint.base}/?api-version=7")
            await ask(model, draws())
            await model.aclose()
        assert seen == ["/v1/chat/completions?api-version=7"]

    asyncio.run(run())


def test_one_model_serves_several_loops_and_none_leaves_a_connection_open() -> None:
    started, stop = threading.Event(), threading.Event()
    where: list[str] = []

    async def serving() -> None:
        async with serve(always(chat("x"))) as endpoint:
            where.append(endpoint.base)
            started.set()
            while not stop.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(serving(),))
    thread.start()
    started.wait()
    try:
        model = openai(f"m@{where[0]}")
        for _ in range(3):
            # No aclose: the session ends with its loop, else the warnings of unclosed things fail this test.
            assert asyncio.run(ask(model, draws()))[0].text == "x"

        async def closed_and_used_again() -> str:
            await model.aclose()
            await ask(model, draws())
            await model.aclose()
            return (await ask(model, draws()))[0].text

        assert asyncio.run(closed_and_used_again()) == "x"
    finally:
        stop.set()
        thread.join()


def test_progress_holds_what_a_whole_response_brought() -> None:
    async def run() -> None:
        async with model_at(always(chat("ab", "c", usage=usage_of(5, 3)))) as (model, _):
            progress = Progress.of(2)
            await ask(model, draws(2), progress)
            assert progress == Progress(["ab", "c"], [2, 1], 5)

    asyncio.run(run())
