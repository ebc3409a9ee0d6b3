"""What a text must fit and which tokens are favoured, in each endpoint's own words; the unknown is refused by name."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from openai_endpoint import CHAT, always, answers, chat, draws, model_at

from passel.core.ask import Message
from passel.core.driver import Driver
from passel.core.errors import Impossible, ModelError
from passel.core.flow import Flow, Round
from passel.core.model import Binding
from passel.models.openai import openai

SCHEMA = {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}}
NAMED = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
TEXT = {"choices": [{"index": 0, "text": "{}", "finish_reason": "stop"}]}
FITTING = {"json_schema": json.dumps(SCHEMA)}


def fields(asks: Any, **settings: Any) -> dict[str, Any]:
    """The body's fields, less those that every body here has."""
    _, endpoint = answers(always(TEXT if isinstance(asks[0].prompt, str) else chat("{}")), asks, **settings)
    common = ("model", "messages", "prompt", "max_tokens", "stream", "stream_options")
    return {name: value for name, value in endpoint.bodies[0].items() if name not in common}


def test_logit_biases_are_an_object_by_token() -> None:
    assert fields(draws(logit_bias=((50, -100.0), (7, 2.5)))) == {"logit_bias": {"7": 2.5, "50": -100.0}}
    assert fields(draws(logit_bias=())) == {}


@pytest.mark.parametrize("prefix", ["auto", "vllm", "llama_cpp", "none"])
def test_chats_take_a_schema_in_the_standard_way(prefix: Any) -> None:
    body = fields(draws(**FITTING), prefix=prefix)
    assert body == {"response_format": NAMED}
    assert list(body["response_format"]["json_schema"]["schema"]["properties"]) == ["b", "a"], "their order is kept"


@pytest.mark.parametrize(
    ("prefix", "known"),
    [
        ("vllm", {"response_format": NAMED}),
        ("llama_cpp", {"json_schema": SCHEMA}),
        ("auto", {"response_format": NAMED, "json_schema": SCHEMA}),
    ],
)
def test_texts_take_a_schema_in_the_endpoints_way(prefix: Any, known: dict[str, Any]) -> None:
    assert fields(draws(prompt="As JSON: ", **FITTING), prefix=prefix) == known


def test_a_pattern_is_told_to_vllm_and_to_sglang() -> None:
    known = {"structured_outputs": {"regex": "[ab]+"}, "regex": "[ab]+"}
    for prompt in (CHAT, "Letters: "):
        assert fields(draws(prompt=prompt, regex="[ab]+"), prefix="vllm") == known


def test_typical_sampling_is_llama_cpps() -> None:
    assert fields(draws(typical_p=0.9), prefix="llama_cpp") == {"typical_p": 0.9}


@pytest.mark.parametrize(
    ("spec", "settings", "taken"),
    [
        ("gpt-5-mini", {}, {"json_schema"}),
        ("gpt-5-mini", {"api": "completions"}, set()),
        ("m@https://api.example/v1", {}, {"json_schema"}),
        ("m@https://api.example/v1", {"api": "completions"}, set()),
        ("m@https://api.example/v1", {"api": "completions", "prefix": "vllm"}, {"json_schema", "regex"}),
        ("m@http://127.0.0.1:1/v1", {}, {"json_schema"}),
        ("m@http://127.0.0.1:1/v1", {"prefix": "vllm"}, {"json_schema", "regex"}),
        ("m@http://127.0.0.1:1/v1", {"prefix": "llama_cpp"}, {"json_schema", "typical_p"}),
    ],
)
def test_what_an_endpoint_takes_is_declared(spec: str, settings: dict[str, Any], taken: set[str]) -> None:
    sampling = openai(spec, **settings).info.sampling
    assert sampling & {"json_schema", "regex", "typical_p"} == taken
    assert "logit_bias" in sampling


def test_what_may_be_dropped_without_a_word_is_refused_by_name() -> None:
    """Where it is not known which server answers, a pattern would be lost on llama.cpp and nobody would know."""

    def flow() -> Flow[Any]:
        return (yield Round(tuple(draws(regex="a+"))))

    async def run() -> list[dict[str, Any]]:
        async with model_at(always(chat("a"))) as (model, endpoint):
            with pytest.raises(Impossible, match="does not take the sampling parameter regex"):
                await Driver({"generator": Binding(model)}).run(flow())
            return endpoint.bodies

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("asks", "settings", "said"),
    [
        (draws(prompt="As JSON: ", **FITTING), {"prefix": "none"}, "a raw text to a schema"),
        (draws(prefix="{", **FITTING), {"prefix": "vllm"}, "a begun answer to a schema or a pattern"),
        (draws(prefix="{", **FITTING), {}, "a begun answer to a schema or a pattern"),
        (draws(prefix="a", regex="a+"), {"prefix": "vllm"}, "a begun answer to a schema or a pattern"),
        (draws(prompt="As JSON: ", prefix="{", **FITTING), {"prefix": "llama_cpp"}, "a begun answer"),
    ],
)
def test_a_constraint_that_would_hold_for_a_part_is_refused(asks: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=f"m@.* is not known to fit {said}.*; if it does, set prefix"):
        answers(always(chat("")), asks, **settings)


def test_llama_cpp_fits_a_begun_answer_as_a_whole() -> None:
    asks = draws(prompt=(Message("user", "Who?"),), prefix="{", **FITTING)
    assert fields(asks, prefix="llama_cpp") == {"response_format": NAMED}
