"""Files as tokens: the same tokens whatever the file's packing and length, one document a file or a row."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ngram_oracle import Oracle

from passel.core.errors import UsageError
from passel.decoding.ngrams import LAMBDAS, Vocabulary, build, corpus, tokenised

tokenizers = pytest.importorskip("tokenizers")

LINES = (
    "It was the best of times, it was the worst of times,",
    "it was 1859; it's the age of wisdom, they'd say.",
    "",
    "  — naïve café: 你好, 12,345.67 %",
    "\tWho's there? Nay, answer me: stand and unfold yourself.",
)
PROSE = "\n".join(LINES * 3) + "\n"


def bpe(*, digits: bool = False, size: int = 400) -> Any:
    """A byte-level tokenizer with a special token, learnt from a few lines."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    steps = [tokenizers.pre_tokenizers.Digits(individual_digits=True)] if digits else []
    steps.append(tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(steps)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    learnt = tokenizers.trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False
    )
    made.train_from_iterator([PROSE], learnt)
    made.post_processor = tokenizers.processors.TemplateProcessing(single="$A <|end|>", special_tokens=[("<|end|>", 0)])
    return made


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return bpe()


def documents(paths: list[Path], tokenizer: Any, **options: Any) -> list[list[int]]:
    found: list[list[int]] = []
    for piece in tokenised(paths, tokenizer, **options):
        if piece.fresh:
            found.append([])
        found[-1] += piece.ids.tolist()
    return found


def ids_of(text: str, tokenizer: Any) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False).ids


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = corpus.blocks
    monkeypatch.setattr(corpus, "blocks", lambda texts: cut(texts, 60))


@pytest.mark.usefixtures("small_blocks")
def test_a_text_in_blocks_has_the_tokens_of_the_whole(tmp_path: Path, tokenizer: Any) -> None:
    (tmp_path / "a.txt").write_text(PROSE, encoding="utf-8", newline="")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(PROSE.encode()))
    (tmp_path / "c.txt").write_bytes("\ufeff".encode() + PROSE.replace("\n", "\r\n").encode())
    (tmp_path / "empty.txt").touch()
    paths = sorted(tmp_path.iterdir())
    whole, crlf = ids_of(PROSE, tokenizer), ids_of(PROSE.replace("\n", "\r\n"), tokenizer)
    assert len(list(tokenised(paths[:1], tokenizer))) > 5
    assert documents(paths, tokenizer) == [whole, whole, crlf, []]
    assert tokenizer.decode(whole) == PROSE
    assert 0 not in whole


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab1.'\n\n  é"), max_size=30), min_size=1, max_size=4), st.integers(2, 20))
def test_blocks_are_cut_from_the_text_and_keep_documents_apart(texts: list[str], size: int) -> None:
    stream = [(text[at : at + 7], at == 0) for text in texts for at in range(0, max(1, len(text)), 7)]
    found: list[str] = []
    for block, fresh in corpus.blocks(stream, size):
        assert len(block) <= size
        if fresh:
            found.append("")
        found[-1] += block
    assert found == texts


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("abc1.,'\n\n   é你"), max_size=120))
def test_a_cut_at_a_blank_moves_no_token(text: str) -> None:
    tokenizer = _SHARED
    blocks = [block for block, _ in corpus.blocks([(text, True)], 40)]
    joined = [token for block in blocks for token in ids_of(block, tokenizer)]
    places = np.cumsum([len(block) for block in blocks[:-1]], dtype=int)
    if all(_between_words(text, place) for place in places):
        assert joined == ids_of(text, tokenizer)


_SHARED = bpe()


def _between_words(text: str, place: int) -> bool:
    """Whether a cut is after a line break, or before a space, that stands alone."""
    after = text[place - 1] == "\n" and not text[place].isspace() and not text[place - 2 : place - 1].isspace()
    before = text[place] == " " and not text[place - 1].isspace() and not text[place + 1 : place + 2].isspace()
    return after or before


def test_rows_of_jsonl_are_documents(tmp_path: Path, tokenizer: Any) -> None:
    rows = [{"text": LINES[0], "body": LINES[1]}, {"text": "", "body": LINES[3]}, {"text": LINES[4], "body": ""}]
    lines = "\n\n".join(json.dumps(row) for row in rows)
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    for name in ("a.jsonl", "a.jsonl.gz"):
        for field in ("text", "body"):
            expected = [ids_of(row[field], tokenizer) for row in rows]
            assert documents([tmp_path / name], tokenizer, field=field) == expected


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"one\ntwo\n\xff", r"a\.txt, line 3: not UTF-8 \(0xff\)"),
        ("a.txt", b"\n" * 1_100_000 + b"caf\xc3", r"a\.txt, line 1100001: not UTF-8 \(0xc3\)"),
        ("a.txt.gz", b"no gzip at all", r"a\.txt\.gz cannot be read: Not a gzipped file"),
        ("a.txt.gz", gzip.compress(PROSE.encode())[:-9], r"a\.txt\.gz cannot be read: "),
        ("a.jsonl", b'{"text": "a"}\n\nno', r"a\.jsonl, row 3: not JSON"),
        ("a.jsonl", b'{"text": "a"}\n{"text": "\xff"}', r"a\.jsonl, row 2: not JSON in UTF-8"),
        ("a.jsonl", b'["a"]', r"a\.jsonl, row 1: expected an object"),
        ("a.jsonl", b'{"texts": "a"}', r"a\.jsonl, row 1: unknown field 'text'; did you mean texts"),
        ("a.jsonl", b'{"text": 1}', r"a\.jsonl, row 1: text is int, not text"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, tokenizer: Any, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        list(tokenised([tmp_path / name], tokenizer))


def test_files_that_are_not_there(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(UsageError, match=r"no file at .*none"):
        next(tokenised([tmp_path / "none.txt"], tokenizer))
    with pytest.raises(UsageError, match="is a folder"):
        next(tokenised([tmp_path], tokenizer))


def test_progress_is_told_in_bytes_and_ends_at_all_of_them(tmp_path: Path, tokenizer: Any) -> None:
    (tmp_path / "a.txt").write_text(PROSE)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(PROSE.encode()))
    told: list[tuple[str, int, int]] = []
    list(tokenised(sorted(tmp_path.iterdir()), tokenizer, on_progress=lambda *one: told.append(one)))
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1] == ("reading", total, total)


def test_a_vocabulary_is_known_by_its_tokens_and_by_its_cuts(tokenizer: Any) -> None:
    own = Vocabulary.of(tokenizer)
    assert own == Vocabulary.of(bpe()) == Vocabulary.of(tokenizers.Tokenizer.from_str(tokenizer.to_str()))
    assert own.size == tokenizer.get_vocab_size()
    more = bpe()
    more.add_tokens(["<think>"])
    assert Vocabulary.of(more).size == own.size + 1
    fewer = bpe(size=300)
    digits = tokenizers.Tokenizer.from_str(tokenizer.to_str())
    digits.pre_tokenizer = bpe(digits=True).pre_tokenizer
    assert digits.get_vocab() == tokenizer.get_vocab()
    assert len({Vocabulary.of(one).fingerprint for one in (tokenizer, more, fewer, digits)}) == 4


def test_a_tokenizer_of_transformers_is_the_same(tmp_path: Path, tokenizer: Any) -> None:
    transformers = pytest.importorskip("transformers")
    (tmp_path / "a.txt").write_text(PROSE)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast(PROSE, truncation=True, max_length=3)  # leaves its truncation set until the next call
    assert Vocabulary.of(fast) == Vocabulary.of(tokenizer)
    assert documents([tmp_path / "a.txt"], fast) == [ids_of(PROSE, tokenizer)]


@pytest.mark.parametrize("spoil", [lambda one: one.enable_truncation(5), lambda one: one.enable_padding()])
def test_a_tokenizer_that_cuts_or_pads_is_refused(spoil: Callable[[Any], None]) -> None:
    spoilt = bpe()
    spoil(spoilt)
    with pytest.raises(UsageError, match="cuts or pads"):
        Vocabulary.of(spoilt)


def test_a_slow_tokenizer_is_refused() -> None:
    class Slow:
        def get_vocab(self) -> dict[str, int]:
            return {"a": 0}

    with pytest.raises(UsageError, match="fast tokenizer, got Slow"):
        Vocabulary.of(Slow())


def test_from_text_to_tables(tmp_path: Path, tokenizer: Any) -> None:
    texts = ["the cat sat. the cat ran. the dog sat.", "the dog ran."]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    pieces = tokenised([tmp_path / "a.jsonl"], tokenizer)
    tables = build(pieces, tmp_path / "out" / "t", vocabulary=Vocabulary.of(tokenizer))
    oracle = Oracle([ids_of(text, tokenizer) for text in texts], (2, 6))
    past = ids_of("then the cat", tokenizer)
    tokens = sorted({token for text in texts for token in ids_of(text, tokenizer)})
    expected = [oracle.interpolated(past, token, list(LAMBDAS.values())) for token in tokens]
    np.testing.assert_allclose(tables.interpolated([past], tokens), [expected], rtol=1e-12)
    assert max(expected) > 0.1
    assert tables.info.documents == 2
