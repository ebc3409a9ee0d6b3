"""The engine as a model: asks in, replies out, on a tiny transformer in a folder."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch_folders import tiny_folder

import passel
from passel.core.ask import Ask, Embed, Generate, Message, Sampling, Score
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.model import Progress
from passel.core.reply import Reply
from passel.models import load

CHAT = (Message("user", "Say something."),)
WARM = Sampling(temperature=1.0, max_tokens=12)
Answer = Callable[..., list[Reply]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def answer(folder: Path) -> Answer:
    """Answers asks, each group with a model of its own loop."""
    model = load(f"torch:{folder}:dtype=float32:context=256:memory=0.05")

    def run(*asks: Ask, progress: Progress | None = None) -> list[Reply]:
        async def go() -> Sequence[Reply]:
            try:
                return await model.answer(asks, progress or Progress.of(len(asks)))
            finally:
                await model.aclose()

        return list(asyncio.run(go()))

    return run


def asks(count: int, sampling: Sampling = WARM, prompt: Any = CHAT, **more: Any) -> list[Generate]:
    return [Generate(prompt, Key(1) / i, sampling=sampling, **more) for i in range(count)]


def test_a_draw_depends_on_its_key_alone(answer: Answer):
    four = answer(*asks(4))
    alone = [answer(ask)[0] for ask in asks(4)]
    assert [one.text for one in four] == [one.text for one in alone]
    assert len({one.text for one in four}) == 4


def test_the_prompt_is_charged_once_and_completions_each(answer: Answer, folder: Path):
    replies = answer(*asks(3))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    size = len(
        tokenizer.apply_chat_template([{"role": "user", "content": CHAT[0].content}], add_generation_prompt=True)[
            "input_ids"
        ]
    )
    assert [one.usage.prompt_tokens for one in replies] == [size, 0, 0]
    assert all(one.usage.completion_tokens == 12 or one.stop == "end" for one in replies)


def test_a_begun_answer_is_continued(answer: Answer):
    whole = answer(*asks(1, Sampling(temperature=0.0, max_tokens=12)))[0].text
    rest = answer(*asks(1, Sampling(temperature=0.0, max_tokens=10), prefix=whole[:2]))[0].text
    if whole[:2].isascii():
        assert whole == whole[:2] + rest


def test_a_stop_text_ends_the_answer_and_is_no_part_of_it(answer: Answer):
    long = Sampling(temperature=0.0, max_tokens=40)
    free = answer(*asks(1, long))[0].text
    stop = free[3:5]
    found = answer(*asks(1, Sampling(temperature=0.0, max_tokens=40, stop=(stop,))))[0]
    assert (found.text, found.stop, found.stop_text) == (free[: free.index(stop)], "end", stop)
    assert found.usage.completion_tokens < 40


def test_progress_is_told_while_a_watched_answer_is_drawn(answer: Answer):
    progress = Progress.of(2, watched=True)
    replies = answer(*asks(2), progress=progress)
    assert progress.completion_tokens == [one.usage.completion_tokens for one in replies]
    assert all(whole.text.startswith(told) for whole, told in zip(replies, progress.texts, strict=True))


def test_a_schema_and_a_pattern_hold(answer: Answer):
    schema = json.dumps(
        {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": False}
    )
    sampling = Sampling(temperature=1.0, max_tokens=60, json_schema=schema)
    for reply in answer(*asks(4, sampling)):
        assert reply.stop == "end"
        assert isinstance(json.loads(reply.text)["a"], bool)
    pattern = Sampling(temperature=1.0, max_tokens=60, regex="[ab]{3}-[0-9]+!")
    for reply in answer(*asks(4, pattern)):
        assert re.fullmatch("[ab]{3}-[0-9]+!", reply.text) or reply.stop == "length"


def test_a_schema_that_cannot_be_is_a_failed_reply(answer: Answer):
    (reply,) = answer(*asks(1, Sampling(max_tokens=5, json_schema='{"type": "nothing"}')))
    assert reply.stop == "failed"
    assert "json_schema" in (reply.error or "")


def test_scores_are_log_probabilities(answer: Answer, folder: Path):
    (reply,) = answer(Score("It is ", ("warm", "cold", "x")))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    prompt = tokenizer.encode("It is ", add_special_tokens=False)
    for text, score in zip(("warm", "cold", "x"), reply.scores, strict=True):
        tokens = tokenizer.encode(text, add_special_tokens=False)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
        wanted = sum(float(logits[len(prompt) - 1 + place, token]) for place, token in enumerate(tokens))
        assert score == pytest.approx(wanted, abs=1e-3)


def test_vectors_have_length_one_and_follow_the_text(answer: Answer):
    (reply,) = answer(Embed(("one text", "another", "one text")))
    assert reply.vectors[0] == reply.vectors[2] != reply.vectors[1]
    assert sum(x * x for x in reply.vectors[0]) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    "decoder", ["greedy", "nucleus:top_p=0.9", "beam_search:width=3", "cfg", "shared_cache:answer=4:finish=."]
)
def test_a_decoding_method_answers(answer: Answer, decoder: str):
    replies = answer(*asks(3, Sampling(temperature=1.0, max_tokens=12, decoder=decoder)))
    assert all(reply.stop in ("end", "length") for reply in replies)
    assert all(0 < reply.usage.completion_tokens <= 12 for reply in replies)


def test_greedy_is_the_greedy_decoder(answer: Answer):
    (plain,) = answer(*asks(1, Sampling(temperature=0.0, max_tokens=12)))
    (method,) = answer(*asks(1, Sampling(max_tokens=12, decoder="greedy")))
    assert (plain.text, plain.stop, plain.usage) == (method.text, method.stop, method.usage)


def test_drafts_of_one_run_are_the_answers_of_asks_alike(answer: Answer):
    replies = answer(*asks(3, Sampling(max_tokens=8, decoder="beam_search:width=3")))
    assert len({reply.text for reply in replies}) == 3
    scores = [reply.raw["score"] for reply in replies if reply.raw]
    assert scores == sorted(scores, reverse=True)


def test_a_stop_text_ends_a_decoding_method(answer: Answer):
    free = answer(*asks(1, Sampling(max_tokens=40, decoder="greedy")))[0].text
    stop = free[3:5]
    found = answer(*asks(1, Sampling(max_tokens=40, decoder="greedy", stop=(stop,))))[0]
    assert (found.text, found.stop, found.stop_text) == (free[: free.index(stop)], "end", stop)


def test_a_decoder_that_is_not_there_is_named(answer: Answer):
    (reply,) = answer(*asks(1, Sampling(max_tokens=5, decoder="greedi")))
    assert "greedy" in (reply.error or "")


def test_a_prompt_longer_than_the_context_fails_by_itself(answer: Answer):
    (reply,) = answer(Generate("x" * 300, Key(), sampling=WARM))
    assert (reply.stop, reply.error) == ("failed", "the prompt takes 300 tokens, the context is 256")


def test_what_is_cancelled_frees_its_place(folder: Path):
    model = load(f"torch:{folder}:dtype=float32:context=256:memory=0.05")

    async def go() -> None:
        progress = Progress.of(1, watched=True)
        task = asyncio.create_task(model.answer(asks(1, Sampling(temperature=1.0, max_tokens=200)), progress))
        while not progress.completion_tokens[0]:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        worker = await model.worker()
        await model.aclose()
        assert worker.runtime.engine._scheduler.cache.branches == 0

    asyncio.run(go())


def test_a_base_model_continues_text(tmp_path: Path):
    folder = tiny_folder(tmp_path, chat=False)
    model = load(f"torch:{folder}:dtype=float32:context=256:memory=0.05")
    reply = passel.solve("What is 1 + 1?", model=model, method="vote", n=3, sampling=Sampling(max_tokens=8))
    assert reply.cost.passes == 3


def test_methods_that_want_what_no_endpoint_has(folder: Path):
    model = load(f"torch:{folder}:dtype=float32:context=512:memory=0.05")
    found = passel.solve("What is 1 + 1?", model=model, method="hogwild:answer=4", sampling=Sampling(max_tokens=30))
    assert found.cost.passes == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("torch:", "given as torch:NAME"),
        ("torch:nowhere", "no model at nowhere"),
        ("torch:smollm2-135m:memory=0", "memory of model torch"),
        ("torch:smollm2-135m:decodr=greedy", "decodr"),
    ],
)
def test_specs_that_cannot_be(spec: str, message: str):
    with pytest.raises(UsageError, match=re.escape(message)):
        load(spec)


def test_a_bias_for_a_token_that_does_not_exist_is_refused(answer: Answer) -> None:
    (reply,) = answer(Generate(CHAT, sampling=Sampling(max_tokens=2, logit_bias=((5, 1.0), (10**6, 1.0))), key=Key()))
    assert reply.stop == "failed"
    assert "none with the id 1000000" in (reply.error or "")
    (fine,) = answer(Generate(CHAT, sampling=Sampling(max_tokens=2, logit_bias=((5, 1.0),)), key=Key()))
    assert fine.stop != "failed"


def test_length_needs_an_adapter_to_open(folder: Path) -> None:
    with pytest.raises(UsageError, match="cot-valve"):
        load(f"torch:{folder}:length=0.5")


def test_ask_says_why_a_reply_failed(folder: Path, cli: Callable[..., Any]) -> None:
    model = f"torch:{folder}:dtype=float32:context=128:memory=0.01"
    said = cli("ask", "Hi", "--model", model, "--method", "single", "--decoder", "free_cache", "--max-tokens", 4)
    assert "the first that failed: " in said.err
    assert "masked-diffusion" in said.err
