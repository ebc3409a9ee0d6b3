"""`passel.draft` and `passel.Drafter`: drafts of a text, from a folder of weights to suggestions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

import passel
from passel import Drafter, Suggestion
from passel.core.errors import UsageError
from passel.decoding import DecodingInput
from passel.decoding.ngrams import Piece, Vocabulary, build, tokenised
from passel.decoding.superposed import superposed
from tiny_folder import tiny_folder

OPTIONS = "dtype=float32:context=128:memory=0.01"
TEXT = "Once upon a time"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def drafter(folder: Path) -> Iterator[Drafter]:
    with Drafter(f"{folder}:{OPTIONS}") as made:
        yield made


def tables(folder: Path, drafter: Drafter, text: str) -> Path:
    tokenizer = drafter._runtime.texts.tokenizer
    (folder / "text.txt").write_text(text)
    pieces = tokenised([folder / "text.txt"], tokenizer)
    return build(pieces, folder / "tables", vocabulary=Vocabulary.of(tokenizer)).path


def test_the_drafts_are_those_of_the_decoder(drafter: Drafter):
    runtime = drafter._runtime
    prompt = tuple(2 + sorted(_alphabet()).index(_byte(c)) for c in TEXT)
    drafts = runtime.engine.run(superposed(DecodingInput(prompt, 10, frozenset({1})), k=4))
    found = drafter.draft(TEXT, 4, max_tokens=10)
    assert found == tuple(
        Suggestion(runtime.texts.decode(one.tokens), one.score, one.ended == "end", len(one.tokens)) for one in drafts
    )
    assert len({str(one) for one in found}) > 1
    assert len(drafter.draft(TEXT)) == 3


def test_what_is_seen_becomes_the_drafts(drafter: Drafter):
    seen: list[tuple[str, ...]] = []
    found = drafter.draft(TEXT, 3, max_tokens=6, on_drafts=seen.append)
    assert seen[-1] == tuple(one.text for one in found)
    assert len(seen) == max(one.tokens for one in found)
    assert found == drafter.draft(TEXT, 3, max_tokens=6)


def test_a_decoder_that_shows_nothing_is_seen_by_what_is_certain(drafter: Drafter):
    seen: list[tuple[str, ...]] = []
    (found,) = drafter.draft(TEXT, decoder="greedy", max_tokens=6, on_drafts=seen.append)
    assert seen[-1] == (found.text,)
    assert [len(texts) for texts in seen] == [1] * found.tokens
    assert all(after[0].startswith(before[0].rstrip("�")) for before, after in pairwise(seen))


def test_ngrams_weigh_the_drafts(drafter: Drafter, tmp_path: Path):
    """After a text of one sentence over and over, drafts that go on as it does have support."""
    path = tables(tmp_path, drafter, "Once upon a time, there was. " * 50)
    bare, weighed = drafter.draft(TEXT), drafter.draft(TEXT, ngrams=path, alpha=0.9, candidates=64)
    assert bare != weighed
    assert weighed == drafter.draft(TEXT, decoder=f"superposed:ngrams={path}:alpha=0.9", candidates=64)


def test_tables_of_another_tokenizer_are_refused(drafter: Drafter, tmp_path: Path):
    build([Piece(np.asarray([4, 5]), True)], tmp_path / "tables", vocabulary=Vocabulary(258, "0" * 64))
    with pytest.raises(UsageError, match="another tokenizer"):
        drafter.draft(TEXT, ngrams=tmp_path / "tables")


def test_of_a_long_text_the_end_is_read(drafter: Drafter):
    """128 tokens of context, 28 of them for the drafts."""
    whole, part = (drafter.draft(text, max_tokens=28) for text in ("x" * 500 + TEXT * 7, (TEXT * 7)[-100:]))
    assert [one.text for one in whole] == [one.text for one in part]


def test_draws_come_of_the_seed(drafter: Drafter):
    first, same, other = (drafter.draft(TEXT, decoder="nucleus", seed=seed)[0].text for seed in (1, 1, 2))
    assert first == same
    assert first != other


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"k": 2, "decoder": "greedy"}, "'k'"),
        ({"decoder": "superpose"}, "superposed"),
        ({"decoder": "greedy", "ngrams": "x"}, "ngrams"),
        ({"alpha": "much"}, "alpha"),
        ({"ngrams": "nowhere"}, "nowhere"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_what_cannot_be_is_said(drafter: Drafter, how: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        drafter.draft(TEXT, **how)


def test_models_that_cannot_be():
    with pytest.raises(UsageError, match="no model at nowhere"):
        Drafter("nowhere")
    with pytest.raises(UsageError, match="takes no decoder"):
        Drafter("smollm2-135m:decoder=greedy")


def test_in_one_line(folder: Path):
    found = passel.draft(TEXT, k=2, model=f"{folder}:{OPTIONS}", max_tokens=4)
    assert [one.tokens <= 4 for one in found] == [True, True]


def test_no_torch_before_it_is_needed():
    code = "import sys, passel, passel.cli.draft; passel.draft; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _alphabet() -> list[str]:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel.alphabet()


def _byte(character: str) -> str:
    return "Ġ" if character == " " else character
