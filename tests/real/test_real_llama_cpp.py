"""A real model, embedded in this process and behind a real llama.cpp server, on every path that a user takes."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import passel
from passel.core.ask import Ask, Generate, Message, Sampling, Score
from passel.core.driver import Driver, Record
from passel.core.errors import PasselError
from passel.core.flow import Flow, Round, race
from passel.core.key import Key
from passel.core.model import Binding, Model
from passel.core.reply import Reply
from passel.core.result import Result
from passel.models import load
from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import pull

NAME = "passel-reasoner-135m"
CARD = find_card(NAME)
CHAT = (Message("user", f"Tom has 4 apples and buys 3 more. How many apples does he have?\n{CARD.instruction}"),)
LONG = (Message("user", "Count from one to one hundred in words."),)
GREEDY = Sampling(temperature=0.0, max_tokens=32)
SCHEMA = {
    "type": "object",
    "properties": {"apples": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["apples"],
    "additionalProperties": False,
}
FITTING = Sampling(temperature=0.0, max_tokens=60, json_schema=json.dumps(SCHEMA))


@pytest.fixture(scope="module")
def weights() -> Path:
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    try:
        return pull(CARD)
    except PasselError as error:
        pytest.skip(f"the model cannot be had: {error}")


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[str]:
    """A llama.cpp server in a process of its own, with our adapter."""
    program = Path(__file__).with_name("llama_server.py")
    adapter = FOLDER / CARD.adapter
    command = [sys.executable, str(program), str(weights), str(adapter)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert address.startswith("http://127.0.0.1:"), address
            yield f"{address}/v1"
        finally:
            process.kill()


def ask(prompt: Any = CHAT, prefix: str = "", sampling: Sampling = GREEDY, sample: int = 0) -> Generate:
    return Generate(prompt, Key(0) / sample, prefix, sampling)


ASKS: Mapping[str, Ask] = {
    "plain": ask(),
    "again": ask(sample=1),
    "prefix": ask(prefix="4+3="),
    "logprobs": ask(sampling=Sampling(temperature=0.0, max_tokens=6, logprobs=3)),
    "stop": ask(sampling=Sampling(temperature=0.0, max_tokens=32, stop=("answer",))),
    "short": ask(sampling=Sampling(temperature=0.0, max_tokens=3)),
    "overflow": ask(prompt=(Message("user", "word " * 1500),)),
    "score": Score(CHAT, ("4", "3", "Zebra")),
    "text": ask(prompt="One, two, three,"),
    "schema": ask(sampling=FITTING),
    "schema begun": ask(prefix='{"apples": ', sampling=FITTING),
    "schema in a text": ask(prompt="As JSON: ", sampling=FITTING),
    "biased": ask(sampling=Sampling(temperature=0.0, max_tokens=3, logit_bias=((28, 100.0),))),
    "typical": ask(sampling=Sampling(temperature=0.0, max_tokens=3, typical_p=0.5)),
}


def asked(ask: Ask) -> Flow[Any]:
    """One ask as a flow; what comes back is kept in the result's info."""
    (reply,) = yield Round((ask,))
    return Result(info={"reply": reply})


def raced(n: int) -> Flow[Any]:
    replies = yield from race(LONG, key=Key(1), n=n, sampling=Sampling(temperature=1.0, max_tokens=60))
    return Result(info={"replies": replies})


@dataclass
class Seen:
    """What a model replied to each ask, and in a race that one short draw wins."""

    replies: dict[str, Reply]
    race: list[Reply]


async def see(model: Model) -> Seen:
    driver = Driver({"generator": Binding(model)})
    names = list(ASKS)
    outcomes = await asyncio.gather(*(driver.run(asked(ASKS[name])) for name in names))
    assert [outcome.error for outcome in outcomes] == [None] * len(names)
    replies = {name: outcome.result.info["reply"] for name, outcome in zip(names, outcomes, strict=True)}
    ended = await driver.run(raced(6))
    await model.aclose()
    return Seen(replies, ended.result.info["replies"])


@pytest.fixture(scope="module", params=["embedded", "served", "streamed"])
def seen(request: pytest.FixtureRequest, weights: Path) -> Seen:
    if request.param == "embedded":
        spec = f"{NAME}:parallel=4:context=512:threads=1"
    else:
        base = request.getfixturevalue("server")
        stream = "true" if request.param == "streamed" else "false"
        spec = f"openai:reasoner@{base}:stream={stream}:concurrency=8:prefix=llama_cpp"
    return asyncio.run(see(load(spec)))


def test_it_reasons(seen: Seen) -> None:
    reply = seen.replies["plain"]
    assert reply.stop == "end"
    assert reply.text.strip().endswith("The answer is 7.")
    assert reply.usage.prompt_tokens > 30
    assert 5 < reply.usage.completion_tokens <= 32
    assert reply.seconds > 0


def test_greedy_decoding_twice_is_equal(seen: Seen) -> None:
    assert seen.replies["again"].text == seen.replies["plain"].text


def test_a_begun_answer_is_continued_and_not_repeated(seen: Seen) -> None:
    reply = seen.replies["prefix"]
    assert reply.text.startswith("7")
    assert "4+3=" not in reply.text


def test_logprobs_belong_to_the_tokens(seen: Seen) -> None:
    reply = seen.replies["logprobs"]
    assert "".join(token.text for token in reply.tokens) == reply.text
    assert len(reply.tokens) == reply.usage.completion_tokens == 6
    for token in reply.tokens:
        assert len(token.top) == 3
        assert token.top[0] == (token.text, token.logprob)  # greedy
        assert sum(math.exp(logprob) for _, logprob in token.top) <= 1.001


def test_scores_are_log_probabilities_in_order(seen: Seen) -> None:
    scores = seen.replies["score"].scores
    assert 0 >= scores[0] > scores[1] > scores[2]
    assert scores[0] == pytest.approx(seen.replies["logprobs"].tokens[0].logprob, abs=0.05)


def test_a_stop_text_ends_the_answer_and_is_not_in_it(seen: Seen) -> None:
    reply = seen.replies["stop"]
    assert reply.stop == "end"
    assert reply.text == seen.replies["plain"].text.split("answer")[0]


def test_max_tokens_cut(seen: Seen) -> None:
    reply = seen.replies["short"]
    assert (reply.stop, reply.usage.completion_tokens) == ("length", 3)


def test_a_prompt_longer_than_the_context_fails_alone(seen: Seen) -> None:
    reply = seen.replies["overflow"]
    assert reply.stop == "failed"
    assert "context" in (reply.error or "")
    assert reply.attempts == 1


def test_a_text_is_continued(seen: Seen) -> None:
    assert seen.replies["text"].text.strip().startswith("four")


def test_constraints_and_biases_reach_the_model(seen: Seen) -> None:
    begun = seen.replies["schema begun"]
    for text in (seen.replies["schema"].text, '{"apples": ' + begun.text, seen.replies["schema in a text"].text):
        value = json.loads(text)
        assert list(value) == ["apples"]
        assert 0 <= value["apples"] <= 99
    assert seen.replies["biased"].text == ",,,"
    assert seen.replies["typical"].stop == "length"


def test_a_race_cancels_the_losers(seen: Seen) -> None:
    """Six draws on four places: when the first ends, at least those that wait for a place are cancelled."""
    stops = [reply.stop for reply in seen.race]
    assert len(stops) == 6
    assert ("cancelled" in stops) == ("end" in stops)


def test_the_adapter_makes_a_difference(weights: Path) -> None:
    async def plain(name: str) -> Reply:
        model = load(f"{name}:parallel=2:context=512:threads=1")
        outcome = await Driver({"generator": Binding(model)}).run(asked(ask()))
        await model.aclose()
        return outcome.result.info["reply"]

    base, ours = (asyncio.run(plain(name)) for name in ("smollm2-135m", NAME))
    assert base.stop in ("end", "length")
    assert ours.text.startswith("4+3=7")
    assert not base.text.startswith("4+3=7")


def test_a_first_finisher_cancels_the_rest(weights: Path, tmp_path: Path) -> None:
    """More draws than the engine has places: those that wait are never sent, those that run are charged so far."""
    record = Record(tmp_path / "record.sqlite")
    model = f"{NAME}:parallel=2:context=512:threads=1"
    solution = passel.solve("What is 12 + 30?", model=model, method="first_finish", n=6, store=record)
    stops = [one.stop for one in solution.result.candidates]
    assert stops.count("cancelled") >= 2
    assert stops.count("end") >= 1
    again = passel.solve("What is 12 + 30?", model=model, method="first_finish", n=6, store=record)
    assert again.answer == solution.answer
    assert again.cost.tokens == solution.cost.tokens
    record.close()


@pytest.mark.parametrize("where", ["embedded", "served"])
def test_compare_end_to_end(
    where: str, weights: Path, request: pytest.FixtureRequest, cli: Callable[..., Any], tmp_path: Path
) -> None:
    model = f"{NAME}:parallel=8:context=512:threads=1"
    if where == "served":
        model = f"openai:reasoner@{request.getfixturevalue('server')}:prefix=llama_cpp:max_tokens=60"
    methods = "single,vote,best_of:verifier=arithmetic,repeat,first_finish"
    methods += ",best_of" if where == "embedded" else ""
    count = len(methods.split(","))
    line = ("compare", "--model", model, "--task", "held_out", "--methods", methods, "--n", 4, "--limit", 3)
    said = cli(*line, "--temperature", 0.7, "--max-tokens", 60, "--out", tmp_path)
    assert said.code == 0, said.err
    found = json.loads((tmp_path / "comparison.json").read_text())
    assert [row["answered"] for row in found["methods"]] == [3] * count
    assert [row["scored"] for row in found["methods"]] == [3] * count
    assert [row["cost"]["passes"] for row in found["methods"]][:3] == [3, 12, 12]
    assert found["paid"]["passes"] < found["alone"]["passes"]
    assert found["methods"][3]["accuracy"]["value"] >= found["methods"][0]["accuracy"]["value"]
    said = cli("report", tmp_path)
    assert said.code == 0
    assert json.loads((tmp_path / "comparison.json").read_text())["methods"] == found["methods"]
