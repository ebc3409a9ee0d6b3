"""Labelled steps in the forms of public data, there and back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.key import Key
from passel.training.parts.labelled_steps import (
    LabelledSteps,
    RankedSolution,
    dominates,
    from_math_shepherd,
    from_prm800k,
    jsonl,
    labelled_steps,
    math_shepherd,
    preferences,
    stepwise,
)
from passel.verifiers.parts.steps import Step

WORDS = st.text(alphabet=st.sampled_from("abc +-=1.\n"), min_size=1, max_size=20).map(str.strip).filter(bool)


@pytest.fixture
def samples() -> Path:
    """The folder of public samples."""
    if not (folder := os.environ.get("PASSEL_DATA")):
        pytest.skip("needs PASSEL_DATA")
    return Path(folder) / "prm_samples"


def rows_of(file: Path):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_steps_become_labels_up_to_the_first_that_was_not_judged():
    steps = [Step("a\n", 1.0), Step("b\n", 0.4), Step("c"), Step("d", 1.0)]
    assert labelled_steps("Q", steps) == LabelledSteps("Q", ("a", "b"), (True, False))
    assert labelled_steps("Q", steps, cut=0.4).labels == (True, True)


def test_the_forms_that_trainers_read():
    row = LabelledSteps("1+1+1?", ("Step 1: 1+1=2", "Step 2: 2+1=4"), (True, False))
    assert math_shepherd(row) == {
        "input": "1+1+1? Step 1: 1+1=2 ки\nStep 2: 2+1=4 ки",
        "label": "1+1+1? Step 1: 1+1=2 +\nStep 2: 2+1=4 -",
    }
    assert stepwise(row) == {"prompt": "1+1+1?", "completions": [*row.steps], "labels": [True, False]}
    assert json.loads(jsonl([math_shepherd(row)]))["input"].count("ки") == 2
    assert jsonl([stepwise(row)] * 2).count("\n") == 2


@given(WORDS, st.lists(st.tuples(WORDS, st.booleans()), min_size=1, max_size=5))
def test_there_and_back(question, pairs):
    steps = tuple(f"Step {i}: {text}" for i, (text, _) in enumerate(pairs, 1))
    row = LabelledSteps(question, steps, tuple(label for _, label in pairs))
    assert from_math_shepherd(math_shepherd(row)) == row


def test_public_samples_of_math_shepherd_there_and_back(samples):
    rows = rows_of(samples / "math-shepherd.jsonl")
    assert len(rows) == 7
    for row in rows:
        read = from_math_shepherd(row)
        assert read.question
        assert len(read.steps) == len(read.labels) == row["input"].count(" ки")
        assert math_shepherd(read) == {"input": row["input"], "label": row["label"]}


def test_public_samples_of_prm800k(samples):
    rows = [from_prm800k(row) for row in rows_of(samples / "prm800k.jsonl")]
    assert len(rows) == 6
    assert rows[0].steps[0].startswith("Let's call the price of a pencil p")
    assert rows[0].labels == (True, False)
    for row in rows:
        assert all(row.labels[:-1]), "a chosen path goes on from right steps alone"
        again = from_math_shepherd(math_shepherd(row))
        assert again.labels == row.labels


@pytest.mark.parametrize(
    ("one", "two", "wanted"),
    [
        ((1, 0.5), (0, 0.5), True),
        ((1, 0.5), (1, 0.5), False),
        ((1, 0.4), (0, 0.5), False),
        ((0, 0.5), (1, 0.5), False),
        ((None, 0.6), (1, 0.5), True),
        ((None, 0.5), (1, 0.5), False),
        ((None, None), (1, 0.5), False),
    ],
)
def test_pareto(one, two, wanted):
    assert dominates(one, two) is wanted


SCORES = st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0.0, 0.5, 1.0, None]))


@given(st.lists(SCORES, max_size=6), st.integers(0, 9))
def test_pairs_are_all_those_in_which_one_dominates(scores, seed):
    candidates = [RankedSolution(f"text {i}", one) for i, one in enumerate(scores)]
    pairs = preferences("Q", candidates)
    by_text = {one.text: one.scores for one in candidates}
    assert all(dominates(by_text[pair["chosen"]], by_text[pair["rejected"]]) for pair in pairs)
    assert len(pairs) == sum(dominates(one, two) for one in scores for two in scores)
    drawn = preferences("Q", candidates, key=Key(seed), max_pairs=2)
    assert len(drawn) == min(2, len(pairs))
    assert all(pair in pairs for pair in drawn)


def test_equal_texts_make_no_pair():
    same = [RankedSolution("a", (1, 1.0)), RankedSolution("a", (0, 0.0)), RankedSolution("b", (0, 0.5))]
    assert preferences("Q", same) == [{"prompt": "Q", "chosen": "a", "rejected": "b"}]
