"""The catalog's models as llama.cpp has them: ids, prompts, the tokens that follow. Skipped where not in the cache."""

from __future__ import annotations

import pytest
from tiny_checkpoints import ask, server

from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import cached

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from passel.engine.weights import load  # noqa: E402

TEXTS = (
    "12345 is  6789, 3.14159 and 1,000,000; ١٢٣ ½ ²",
    "  lead\t\ttabs  and   spaces   ",
    "a\n\n\nb\r\nc \n \n",
    "naïve café Zürich 你好世界 こんにちは 🤖👩‍👩‍👧 Привет e\u0301 \u00a0\u200b\u3000",
    "def f(x):\n    return x**2  # 100%\n\n\n\n    y = [1, 22,333]",
    "<|im_start|>user\nHi<|im_end|>\n<|endoftext|><bos><eos><start_of_turn>",
    "It's we'RE I'll don'T ’s $12.50 https://example.com/a?b=1&c=2#d <table> ▁▁ \x00\x01",
    "",
)
QUESTIONS = (
    'What is 48 + 27 - 16?\nSolve step by step, one operation per line. End with "The answer is N."',
    "Tom has 17 pens and buys 25 more. How many has he?",
)
STARTS = ("The capital of France is", "def fibonacci(n):\n", "Once upon a time, in a small village by the sea,")


@pytest.fixture(scope="module", params=["smollm2-135m", "passel-reasoner-135m", "gemma3-270m"])
def both(request):
    """(What we load, llama.cpp with the same file)."""
    card = find_card(request.param)
    if (file := cached(card)) is None:
        pytest.skip(f"{card.name} is not in the cache: passel pull {card.name}")
    adapter = FOLDER / card.adapter if card.adapter else None
    return load(file, adapter=adapter, dtype="float32", device="cpu"), server(file, adapter)


def test_ids_are_those_of_llama_cpp(both):
    ours, running = both
    for text in TEXTS:
        theirs = ask(running, "/tokenize", content=text, add_special=True, parse_special=True)["tokens"]
        assert ours.tokenizer.encode(text) == theirs, text


def test_chats_are_laid_out_as_llama_cpp_does(both):
    ours, running = both
    if not ours.chat:
        pytest.skip("a base model has no chat template")
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "2+2?"},
    ]
    for messages in (chat, chat[1:], chat[-1:]):
        laid = ours.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        assert laid == ask(running, "/apply-template", messages=messages)["prompt"]


def test_the_likeliest_token_is_llama_cpp_s(both):
    """At each place of its own greedy text. It rounds activations to eight bits, so near ties fall otherwise."""
    ours, running = both
    same, total = 0, 0
    for prompt in _prompts(ours):
        made = ask(running, "/completion", prompt=prompt, n_predict=24, temperature=0, return_tokens=True)["tokens"]
        with torch.inference_mode():
            logits = ours.model(torch.tensor([prompt + made])).logits[0, len(prompt) - 1 : -1]
        same += int((logits.argmax(-1) == torch.tensor(made)).sum())
        total += len(made)
    assert total >= 48
    assert same / total > 0.9


def _prompts(ours):
    starts = [ours.tokenizer.encode(text) for text in STARTS]
    if not ours.chat:
        return starts
    chats = [[{"role": "user", "content": question}] for question in QUESTIONS]
    lay = ours.tokenizer.apply_chat_template
    return starts + [lay(chat, add_generation_prompt=True, return_dict=False) for chat in chats]
