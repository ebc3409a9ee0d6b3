"""`passel ngrams`: from files on the command line to tables that a decoder opens, and what a user gets wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from passel.decoding.ngrams import Vocabulary, open_tables

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

TEXT = "the cat sat on the mat . the cat ran to the dog . the dog sat on the cat ."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer of whole words."""
    words = {word: number for number, word in enumerate(["<unk>", *sorted(set(TEXT.split()))])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    folder = tmp_path_factory.mktemp("model")
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>").save_pretrained(folder)
    return folder


def test_from_files_to_tables(cli: Callable[..., Any], model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "b.jsonl").write_text("\n".join(json.dumps({"body": text}) for text in ("the cat sat", "the mat")))
    out = tmp_path / "tables"
    said = cli("ngrams", tmp_path / "a.txt", tmp_path / "b.jsonl", "--model", model, "--field", "body", "--out", out)
    assert said.code == 0, said.err
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    tables = open_tables(out, vocabulary=Vocabulary.of(tokenizer))
    assert (tables.info.tokens, tables.info.documents, tables.info.orders) == (26, 3, (2, 6))
    ids = tokenizer.get_vocab()
    tokens, counts, total = tables.following([ids["the"]])
    after = {"cat": 4, "dog": 2, "mat": 2}
    assert dict(zip(tokens.tolist(), counts.tolist(), strict=True)) == {ids[word]: n for word, n in after.items()}
    assert total == 8
    lines = said.out.splitlines()
    assert lines[0].split() == ["order", "contexts", "n-grams"]
    assert [line.split()[0] for line in lines[1:-1]] == ["2", "3", "4", "5", "6"]
    assert [int(line.split()[2]) for line in lines[1:-1]] == list(tables.size.values())
    assert lines[-1].startswith("26 tokens in 3 documents; ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.jsonl", "tables"]


def test_orders_and_the_least_count(cli: Callable[..., Any], model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    line = ("ngrams", tmp_path / "a.txt", "--model", model, "--out", tmp_path / "t")
    assert cli(*line, "--orders", "2-3", "--min-count", 2).code == 0
    tables = open_tables(tmp_path / "t")
    assert (tables.info.orders, tables.info.min_count) == ((2, 3), 2)
    assert all(level.counts.min() >= 2 for level in tables.levels)
    assert cli(*line, "--orders", "4").code == 0
    assert open_tables(tmp_path / "t").orders == range(4, 5)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ((), "--model"),
        (("--model", "smolm2-135m"), "unknown model 'smolm2-135m'; did you mean smollm2-135m"),
        (("--model", "MODEL", "--orders", "two"), "--orders: expected a range such as 2-6, got 'two'"),
        (("--model", "MODEL", "--orders", "6-2"), "--orders: orders of n-grams must be a range within 2-8, got 6-2"),
        (("--model", "MODEL", "--orders", "1-6"), "--orders: orders of n-grams must be a range within 2-8, got 1-6"),
        (("--model", "MODEL", "--min-count", "0"), "--min-count"),
        (("--model", "MODEL", "--out", "FOLDER"), "--out must be a file"),
        (("--model", "FOLDER"), "no tokenizer"),
    ],
)
def test_what_a_user_gets_wrong(
    cli: Callable[..., Any], model: Path, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "empty").mkdir()
    places = {"MODEL": str(model), "FOLDER": str(tmp_path / "empty")}
    given = [places.get(option, option) for option in options]
    said = cli("ngrams", tmp_path / "a.txt", "--out", tmp_path / "t", *given)
    assert said.code == 2
    assert named in said.message
    assert not (tmp_path / "t").exists()


def test_texts_that_are_not_there(cli: Callable[..., Any], model: Path, tmp_path: Path) -> None:
    said = cli("ngrams", tmp_path / "none.txt", "--model", model, "--out", tmp_path / "t")
    assert (said.code, said.message) == (2, f"no file at {tmp_path / 'none.txt'}")
    assert cli("ngrams", "--model", model, "--out", tmp_path / "t").code == 2
    (tmp_path / "a.txt").write_text("the")
    said = cli("ngrams", tmp_path / "a.txt", "--model", model, "--out", tmp_path / "t")
    assert (said.code, said.message) == (2, "no n-grams to count: no document has two tokens")
