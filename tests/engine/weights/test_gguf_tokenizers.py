"""Tokenizers of GGUF files give the ids that llama.cpp gives, whatever rule the file names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_checkpoints import ask, server, tiny, write_gguf

from passel.core.errors import UsageError

gguf = pytest.importorskip("gguf", reason="needs gguf")

from passel.engine.weights.gguf_file import open_gguf  # noqa: E402
from passel.engine.weights.gguf_tokenizer import tokenizer_of  # noqa: E402

TEXTS = (
    "12345 is  6789",
    "   lead and trail   ",
    "a\n\n\nb\t\tx  d\r\ne \n ",
    "It's we'RE I'll don'T; 'S",
    "the the.the the.\n..  (x) (xAbA bA //",
    "!a !abc #x $5 5 56 123412341 x1y22z333",
    "<|im_start|>user\nHi<|im_end|><|endoftext|>",
    "naïve 你好 🤖 \u00a0 \u3000x ½ ² ١٢٣",
    "",
    "\n",
)
RULES = ("smollm", "gpt-2", "llama-bpe", "qwen2", "tekken")
PIECES = [*"a'sS12 345.!\nbA(x/é你½\t\r", "  ", "the", "123", " the", "<|im_end|>"]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Rule -> (a file's tokenizer, llama.cpp with that file)."""
    folder, model = tmp_path_factory.mktemp("tokenizers"), tiny("llama")
    found = {}
    for rule in RULES:
        path = write_gguf(model, "llama", folder / f"{rule}.gguf", pre=rule)
        found[rule] = tokenizer_of(open_gguf(path)), server(path)
    path = write_gguf(model, "llama", folder / "spm.gguf", pre="default", **sentencepiece())
    return {**found, "sentencepiece": (tokenizer_of(open_gguf(path)), server(path))}


def sentencepiece():
    """A vocabulary of the kind of Llama 2: pieces with scores, spaces as U+2581, one token a byte."""
    pieces = ["▁", "a", "b", "1", "2", "t", "h", "e", "▁a", "▁t", "he", "▁the", "12", "▁▁", ".", "..", "ab", "ba", "th"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces, "<extra>"]
    tokens += [f"<|spare{i}|>" for i in range(288 - len(tokens))]
    types = [2, 3, 3, *[6] * 256, *[1] * len(pieces), 4, *[3] * (288 - 260 - len(pieces))]
    scores = [0.0] * 259 + [-float(i * 7 % 19) for i in range(len(pieces))] + [0.0] * (288 - 259 - len(pieces))
    return {"model": "llama", "vocabulary": (tokens, []), "types": types, "scores": scores}


def ids_of(known, rule, text):
    tokenizer, running = known[rule]
    theirs = ask(running, "/tokenize", content=text, add_special=True, parse_special=True)["tokens"]
    return tokenizer.encode(text), theirs


@pytest.mark.parametrize("rule", [*RULES, "sentencepiece"])
def test_ids_are_those_of_llama_cpp(rule, known):
    for text in TEXTS:
        ours, theirs = ids_of(known, rule, text)
        assert ours == theirs, text


@pytest.mark.parametrize("rule", [*RULES, "sentencepiece"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25))
def test_ids_of_any_text_are_those_of_llama_cpp(rule, pieces, known):
    ours, theirs = ids_of(known, rule, "".join(pieces))
    assert ours == theirs


def test_each_rule_cuts_in_its_own_way(known):
    """Else the tests above could not tell them apart."""
    cuts = {rule: tuple(known[rule][0].encode("".join(TEXTS), add_special_tokens=False)) for rule in RULES}
    assert len(set(cuts.values())) == len(RULES)


def test_digits_stand_alone_where_the_model_was_trained_so(known):
    """In SmolLM2 "a  12" is `a`, two spaces as one token, `1`, `2`; GPT-2's rule gives a space to the number."""
    tokenizer, _ = known["smollm"]
    assert tokenizer.tokenize("a  12") == ["a", "ĠĠ", "1", "2"]
    assert known["gpt-2"][0].tokenize("a  12") == ["a", "Ġ", "Ġ", "12"]


def test_texts_come_back(known):
    for tokenizer, _ in known.values():
        for text in ("a  12 the é🤖\n", "  x", "it's"):
            assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"pre": "mpt"}, "unknown pre-tokenizer"), ({"model": "bert"}, "unknown GGUF tokenizer")],
)
def test_an_unknown_kind_is_refused(fields, says, tmp_path):
    path = write_gguf(tiny("llama"), "llama", tmp_path / "odd.gguf", **fields)
    with pytest.raises(UsageError, match=says):
        tokenizer_of(open_gguf(path))
