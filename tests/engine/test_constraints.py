"""Constraints on texts of a fake model: its logits are a hash of the text so far, so that it would write anything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("llguidance", reason="needs llguidance")
pytest.importorskip("jsonschema_rs", reason="needs jsonschema-rs")

import jsonschema_rs
import torch
from tokenizers_here import SMALL, byte_level, pieces, real, replaced

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine.constraints import Constraints, Grammar, Matcher, _unpacked
from passel.engine.text.detokenize import Detokenizer

END, PADDING = 0, 37
SCHEMAS: dict[str, Any] = {
    "record": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 6},
            "age": {"type": "integer", "minimum": 0, "maximum": 130},
            "tags": {"type": "array", "items": {"enum": ["red", "é", 3]}, "minItems": 1, "maxItems": 3},
        },
        "required": ["name", "age", "tags"],
        "additionalProperties": False,
    },
    "optional": {
        "type": "object",
        "properties": {"b": {"type": "boolean"}, "a": {"type": ["null", "integer"], "maximum": 9}},
        "additionalProperties": False,
    },
    "tree": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "v": {"type": "integer", "minimum": 0, "maximum": 9},
                    "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 1},
                },
                "required": ["v", "kids"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    "any of": {"anyOf": [{"const": "only this"}, {"type": "string", "pattern": "^[a-f]{2}-\\d$"}, {"type": "null"}]},
}
PATTERNS = [
    r"\d{4}-\d\d-\d\d",
    r"^(yes|no|maybe)$",
    r"(?i)ab{2,4}",
    r"\w{1,4} ?\W",
    r"[\u0370-\u03FF]{3}",
    r"a/b\\c|d//e",
    r"(?s).{0,3}",
    r"[^\d\s]{2}😀?",
]


@cache
def constraints(name: str) -> tuple[Any, Constraints, int]:
    """A tokenizer, its constraints for a model whose embeddings are padded, and the token that ends a text."""
    tokenizer = real(name) if name not in SMALL else SMALL[name]()
    size, end = (len(tokenizer), tokenizer.eos_token_id) if name not in SMALL else (tokenizer.get_vocab_size(), END)
    return tokenizer, Constraints(tokenizer, vocab=size + PADDING, ends=[end]), end


def logits(seed: int, text: Sequence[int], vocab: int) -> torch.Tensor:
    """[1, vocab]: what the fake model says; padded ids are as likely as any other."""
    digest = blake2b(repr((seed, tuple(text))).encode(), digest_size=8).digest()
    values = np.random.Generator(np.random.PCG64(int.from_bytes(digest))).random((1, vocab), dtype=np.float32)
    return torch.from_numpy(values)


def drawn(name: str, grammar: Grammar, seed: int, most: int = 300) -> str | None:
    """A text that the fake model draws greedily under the grammar; None if it is not whole after `most` tokens."""
    tokenizer, made, _ = constraints(name)
    matcher, tokens = made.matcher(grammar), list[int]()
    while not matcher.finished and len(tokens) < most:
        masked = made.transform([matcher])(logits(seed, tokens, made._vocab))
        tokens.append(int(masked.argmax()))
        matcher.advance(tokens[-1])
        assert not matcher.error
    assert not matcher.finished or matcher.complete
    return Detokenizer(tokenizer).decode(tokens) if matcher.finished else None


TOKENIZERS = ["byte-level", "gemma", "smollm2-135m"]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("name", TOKENIZERS)
def test_whatever_is_drawn_fits_the_schema(name: str, schema: str) -> None:
    validator = jsonschema_rs.validator_for(SCHEMAS[schema])
    texts = {drawn(name, Grammar("json_schema", json.dumps(SCHEMAS[schema])), seed) for seed in range(6)} - {None}
    assert len(texts) > 1
    for text in texts:
        value = json.loads(text)
        assert validator.is_valid(value), text
        if isinstance(value, dict):
            order = list(SCHEMAS[schema].get("properties", ()))
            assert list(value) == [key for key in order if key in value] or schema == "tree", "in the schema's order"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", TOKENIZERS)
def test_whatever_is_drawn_matches_the_pattern(name: str, pattern: str) -> None:
    texts = {drawn(name, Grammar("regex", pattern), seed) for seed in range(6)}
    assert len(texts) > 1
    for text in texts:
        assert text is not None
        assert re.fullmatch(pattern, text, re.ASCII), text


def test_a_grammar_nests() -> None:
    texts = [drawn("byte-level", Grammar("lark", 'start: "(" start ")" | "x"'), seed) for seed in range(6)]
    for text in filter(None, texts):
        depth = len(text) // 2
        assert text == "(" * depth + "x" + ")" * depth
    assert len(set(texts)) > 1


def test_json_is_one_line_so_that_white_space_cannot_go_on_for_ever() -> None:
    numbers = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 9, "maxItems": 9}
    texts = [drawn("smollm2-135m", Grammar("json_schema", json.dumps(numbers)), seed) for seed in range(3)]
    for text in texts:
        assert text is not None
        assert re.fullmatch(r"\[\d(, ?\d){8}\]", text)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_padded_ids_and_special_tokens_are_never_allowed(name: str) -> None:
    tokenizer, made, end = constraints(name)
    size = made._vocab - PADDING
    matcher = made.matcher(Grammar("regex", "(?s).*"))
    allowed = made.allowed([matcher])
    assert allowed.shape == (1, size + PADDING)
    assert not allowed[0, size:].any()
    detokenizer = Detokenizer(tokenizer)
    assert [token for token in detokenizer._special if allowed[0, token]] == [end]
    assert allowed[0].sum() > 0.6 * (size - len(detokenizer._special))


def test_a_vocabulary_smaller_than_the_tokenizers() -> None:
    made = Constraints(byte_level(), vocab=300, ends=[END])
    assert made.allowed([made.matcher(Grammar("regex", "a+"))]).shape == (1, 300)


def stepped(made: Constraints, tokenizer: Any, grammar: Grammar, text: str) -> Matcher:
    matcher = made.matcher(grammar)
    for token in tokenizer.encode(text).ids:
        assert made.allowed([matcher])[0, token]
        matcher.advance(token)
    return matcher


def test_the_end_is_allowed_where_the_text_fits_and_nowhere_else() -> None:
    tokenizer = byte_level()
    made = Constraints(tokenizer, vocab=700, ends=[END, 1])
    grammar = Grammar("regex", "[xyz]{2,3}")
    for text, complete, finished in (("x", False, False), ("xy", True, False), ("xyz", True, True)):
        matcher = stepped(made, tokenizer, grammar, text)
        assert (matcher.complete, matcher.finished) == (complete, finished)
        assert made.allowed([matcher])[0, [END, 1]].tolist() == [complete] * 2
    matcher = stepped(made, tokenizer, grammar, "xy")
    matcher.advance(1)
    assert (matcher.complete, matcher.finished, matcher.error) == (True, True, "")


def test_only_the_rows_that_are_constrained_change() -> None:
    tokenizer = byte_level()
    made = Constraints(tokenizer, vocab=700, ends=[END])
    raw = torch.cat([logits(seed, (), 700) for seed in range(4)])
    matchers = [None, made.matcher(Grammar("regex", "a")), None, made.matcher(Grammar("regex", "b"))]
    masked = made.transform(matchers)(raw)
    assert torch.equal(masked[[0, 2]], raw[[0, 2]])
    letters = [tokenizer.token_to_id(letter) for letter in "ab"]
    assert [torch.isfinite(masked[row]).nonzero().flatten().tolist() for row in (1, 3)] == [
        [token] for token in letters
    ]
    assert torch.equal(made.transform([None, None])(raw[:2]), raw[:2])


def test_forks_part_and_what_is_taken_back_is_as_if_it_had_not_been() -> None:
    tokenizer = byte_level()
    made = Constraints(tokenizer, vocab=700, ends=[END])
    a, b, c = (tokenizer.token_to_id(letter) for letter in "abc")
    matcher = made.matcher(Grammar("regex", "a(bc|ca)"))
    matcher.advance(a)
    before = made.allowed([matcher])
    fork = matcher.fork()
    fork.advance(b)
    assert torch.equal(made.allowed([matcher]), before)
    assert made.allowed([matcher, fork])[:, [a, b, c]].tolist() == [[False, True, True], [False, False, True]]
    assert matcher.fits([c, a, END]) == 3
    assert matcher.fits([b, b]) == 1
    fork.rollback(1)
    assert torch.equal(made.allowed([fork]), before)
    assert torch.equal(made.allowed([matcher]), before)


def test_forced_tokens_are_what_must_come() -> None:
    tokenizer, made, _ = constraints("smollm2-135m")
    matcher = made.matcher(Grammar("json_schema", json.dumps(SCHEMAS["record"])))
    forced = matcher.forced()
    assert tokenizer.decode(forced).startswith('{"name')
    for token in forced:
        assert made.allowed([matcher])[0, token]
        matcher.advance(token)


def test_an_answer_that_is_begun_goes_on() -> None:
    tokenizer, made, _ = constraints("smollm2-135m")
    matcher = made.matcher(Grammar("json_schema", json.dumps(SCHEMAS["record"])))
    matcher.read('{"name": "<|im_e')
    assert tokenizer.decode(matcher.forced()) == ""
    with pytest.raises(UsageError, match="does not fit the grammar from ' \\[' on"):
        matcher.read('", [')


def test_a_special_tokens_name_in_a_begun_answer_is_text() -> None:
    matcher = constraints("smollm2-135m")[1].matcher(Grammar("json_schema", '{"type": "string"}'))
    matcher.read('"<|im_end|>')
    assert not matcher.finished
    matcher.read('"')
    assert matcher.complete


def test_a_grammar_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Constraints(byte_level(), vocab=700, ends=[END])
    compiled: list[Grammar] = []
    compile_one = made._compile

    def counted(grammar: Grammar) -> Any:
        compiled.append(grammar)
        return compile_one(grammar)

    monkeypatch.setattr(made, "_compile", counted)
    one, other = Grammar("regex", "a"), Grammar("lark", 'start: "a"')
    first = made.matcher(one)
    first.advance(next(iter(made.allowed([first])[0].nonzero().flatten().tolist())))
    again = made.matcher(one)
    assert (first.finished, again.finished) == (True, False)
    made.matcher(other)
    assert compiled == [one, other]


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        (Grammar("regex", "a(?=b)"), "regex: look-around, including look-ahead and look-behind, is not supported"),
        (Grammar("regex", "(ab"), "regex: unclosed group"),
        (Grammar("regex", r"a\b"), "regex: invalid regex .*lookarounds not supported yet"),
        (Grammar("regex", "a\\"), "regex: it ends with a backslash"),
        (Grammar("regex", r"a[^\s\S]"), "regex: no text fits it"),
        (Grammar("json_schema", '{"type": "strin"}'), "json_schema: Invalid type: strin"),
        (Grammar("json_schema", '{"not": {"type": "string"}}'), r"json_schema: Unimplemented keys: \[\"not\"\]"),
        (Grammar("json_schema", '{"const": 1, "type": "string"}'), "json_schema: Unsatisfiable schema"),
        (Grammar("json_schema", '{"$ref": "http://x/y"}'), "json_schema: Resource 'http://x/y' is not present"),
        (Grammar("json_schema", "{"), "json_schema: "),
        (Grammar("lark", "start: x"), r'lark: unknown name: "x"'),
        (Grammar("lark", ""), "lark: Empty grammar"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(grammar: Grammar, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}") as caught:
        constraints("byte-level")[1].matcher(grammar)
    assert "\n" not in str(caught.value)


def test_a_vocabulary_without_the_letters_is_told() -> None:
    """No bytes and no z: after an a, nothing goes on, and the end token would make a text that does not fit."""
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.BPE({"<|end|>": 0, "a": 1, "b": 2}, []))
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.decoder = byte_level().decoder
    made = Constraints(tokenizer, vocab=3, ends=[0])
    with pytest.raises(UsageError, match="no text fits it"):
        made.matcher(Grammar("regex", "z"))
    matcher = made.matcher(Grammar("regex", "az"))
    matcher.advance(1)
    assert made.allowed([matcher]).tolist() == [[True, False, False]]
    matcher.advance(0)
    assert matcher.finished
    assert not matcher.complete
    assert "no token" in matcher.error
    assert matcher.fork().error == matcher.error


def test_a_token_that_is_not_allowed_is_an_error_and_an_end() -> None:
    matcher = constraints("byte-level")[1].matcher(Grammar("regex", "ab"))
    matcher.advance(byte_level().token_to_id("b"))
    assert matcher.finished
    assert "doesn't satisfy the grammar" in matcher.error
    assert "\n" not in matcher.error


def test_without_a_constraint_nothing_is_read_and_nothing_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    made = Constraints(byte_level(), vocab=700, ends=[])
    assert made.allowed([]).shape == (0, 700)
    with pytest.raises(UsageError, match="constraints need"):
        made.matcher(Grammar("regex", "a"))
    with pytest.raises(UsageError, match=r'pip install "passel\[engine\]"'):
        Constraints(byte_level(), vocab=700, ends=[END]).matcher(Grammar("regex", "a"))


def test_only_fast_tokenizers_are_taken() -> None:
    with pytest.raises(UsageError, match="must be a fast one, got str"):
        Constraints("gpt2", vocab=3, ends=[0])


@pytest.mark.parametrize("vocab", [60, 64, 70])
def test_masks_are_unpacked_on_another_device_as_here(vocab: int) -> None:
    octets = np.random.Generator(np.random.PCG64(7)).integers(0, 256, (3, 8), dtype=np.uint8)
    expected = np.unpackbits(octets, axis=1, count=vocab, bitorder="little").astype(bool)
    assert _unpacked(torch.from_numpy(octets), vocab).tolist() == expected.tolist()


def test_the_sampling_parameters_say_the_grammar() -> None:
    assert Grammar.of(Sampling(regex="a")) == Grammar("regex", "a")
    assert Grammar.of(Sampling(json_schema='{"type": "null"}')) == Grammar("json_schema", '{"type":"null"}')
    assert Grammar.of(Sampling(temperature=1.0)) is None


def test_byte_tokens_spell_what_no_piece_does() -> None:
    tokenizer = pieces(replaced())
    made = Constraints(tokenizer, vocab=tokenizer.get_vocab_size(), ends=[END])
    matcher = made.matcher(Grammar("regex", "€"))
    tokens = list[int]()
    while not matcher.finished:
        tokens.append(int(made.allowed([matcher])[0].nonzero()[0]))
        matcher.advance(tokens[-1])
    assert [tokenizer.id_to_token(token) for token in tokens] == ["<0xE2>", "<0x82>", "<0xAC>"]
