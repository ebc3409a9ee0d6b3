"""Several writers: one of them alone is plain sampling, and each sees what the others wrote, where it should stand."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
import torch
from decoders_here import LLAMA, inputs, run
from tiny_models import logits_from_scratch

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.core.steps import Steps
from passel.decoding.nucleus import nucleus
from passel.decoding.parts.blocks import Block, view
from passel.decoding.shared_cache import shared_cache
from passel.engine.requests import Forward, Output

KEY = Key(2)
WARM = inputs(sampling=Sampling(temperature=0.9), max_tokens=24)


def test_one_worker_is_plain_sampling():
    found = run(shared_cache(WARM, key=KEY, workers=1, layout="contiguous", finish=""))[0].tokens
    wanted = run(nucleus(WARM, key=KEY / "worker" / 0, top_p=1.0))[0].tokens
    assert found == wanted


def test_a_block_stands_where_the_order_puts_it():
    common, other, own = Block(0, [1] * 5), Block(1, [1] * 3), Block(2, [1] * 4)
    reads = view([common, other], own)
    # the next token of the own block is the 13th of all: 12 after the common beginning, 7 after the other block's
    assert [(read.branch, read.at) for read in reads] == [(0, 12), (1, 7)]


@pytest.mark.parametrize("layout", ["contiguous", "interleaved", "combined"])
@pytest.mark.parametrize("workers", [2, 3])
def test_all_layouts_write_and_answer(layout: str, workers: int):
    found = run(shared_cache(WARM, key=KEY, workers=workers, layout=layout, answer=6, separator="\x05"))[0]
    assert 0 < len(found.tokens) <= 24
    assert found.spent <= 24 - 6


def script(layout: str) -> list[Forward]:
    """The forwards that two workers ask for, where worker 0 ends a step at its third token."""
    flow = shared_cache(
        inputs(max_tokens=20, sampling=Sampling(temperature=0.0)),
        key=KEY,
        layout=layout,
        finish="",
        separator="\x05",
    )
    asked: list[Forward] = []
    branches, passes = count(), 0
    with Steps[Any, Any](flow) as steps:
        while True:
            answers: list[Output | int] = []
            for ask in steps.asked:
                if isinstance(ask, Forward):
                    asked.append(ask)
                    logits = torch.zeros(1, 64)
                    logits[0, 5 if (ask.branch, passes) == (1, 2) else 9] = 1.0
                    answers.append(Output(logits))
                else:
                    answers.append(next(branches))
            passes += any(isinstance(ask, Forward) for ask in steps.asked) and len(asked) > 1
            if passes == 6:
                return asked
            steps.send(tuple(answers))


def test_a_finished_step_moves_to_the_common_history():
    reads = {layout: script(layout)[-1].reads for layout in ("contiguous", "interleaved", "combined")}
    assert [read.branch for read in reads["contiguous"]] == [0, 1]  # the prompt, the other's one block
    assert [read.branch for read in reads["interleaved"]] == [0, 1]  # the prompt, the other's finished step
    assert [read.branch for read in reads["combined"]] == [0, 1, 3]  # and what it is writing now


def test_nothing_is_computed_twice():
    asked = script("combined")
    for branch in {ask.branch for ask in asked}:
        assert all(len(ask.tokens) <= max(4, len(LLAMA)) for ask in asked if ask.branch == branch)
    later = [ask for ask in asked if ask.branch in (1, 2)][2:]
    assert all(len(ask.tokens) == 1 for ask in later)


def test_the_first_token_of_a_worker_is_what_the_text_so_far_leads_to():
    """Before anybody has written, a worker's view is the prompt and its own head, in positions of their own."""
    flow = shared_cache(inputs(max_tokens=20), key=KEY, finish="", separator="\x05")
    branches = count()
    with Steps[Any, Any](flow) as steps:
        while not (isinstance(steps.asked[0], Forward) and steps.asked[0].reads):
            zeros = Output(torch.zeros(1, 64))
            steps.send(tuple(zeros if isinstance(ask, Forward) else next(branches) for ask in steps.asked))
        first = steps.asked[0]
    assert [read.at for read in first.reads] == [len(LLAMA)]
    assert len(logits_from_scratch([*LLAMA, *first.tokens])) == len(LLAMA) + len(first.tokens)
