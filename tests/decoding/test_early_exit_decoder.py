"""Early exits, against a decoder that computes everything from scratch; when drafts end; which folders are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from decoders_here import inputs, run
from exit_oracle import LAYERS, from_scratch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import FAMILIES
from tiny_parts import folder_of
from torch import Tensor

from passel.core.errors import UsageError
from passel.decoding import Decoded
from passel.decoding.early_exit import early_exit
from passel.decoding.greedy import greedy
from passel.networks.early_exit import CONTINUE, EXIT, STOP, EarlyExit, build_early_exit, decided, thresholds
from passel.networks.trained_parts import load_trained

NEVER = 2.0
CPU = torch.device("cpu")
PROMPTS = [tuple((n * 7 + at * at) % 64 for at in range(5)) for n in range(8)]


def parts_of(family: str = "llama") -> EarlyExit:
    return load_trained(folder_of("early_exit", family), "early_exit", build_early_exit)[0]


def drafted(prompt: tuple[int, ...], family: str = "llama", **options: Any) -> Decoded:
    made = early_exit(inputs(prompt=prompt, max_tokens=12), path=str(folder_of("early_exit", family)), **options)
    return run(made, family)[0]


def normed(state: Tensor) -> Tensor:
    return state / state.square().mean().sqrt()


def recomputed(prompt: tuple[int, ...], leave: float, stop: float, family: str) -> tuple[list[int], list[int], bool]:
    """Tokens, the layers of each, and whether it stopped; every token from an empty cache."""
    parts = parts_of(family)

    def says(state: Tensor) -> int:
        chances = (parts.controller.weight @ normed(state)).softmax(0)
        best = int(chances.argmax())
        return best if best != CONTINUE and chances[best] > (leave if best == EXIT else stop) else CONTINUE

    def read(depth: int, states: Tensor) -> Tensor:
        change: Any = parts.changes[depth - 1]
        state = normed(states[0])
        return (state + change[1].weight @ (change[0].weight @ state) + change[1].bias).unsqueeze(0)

    tokens, took, gone = list[int](), list[int](), [LAYERS] * len(prompt)
    while len(tokens) < 12:
        if tokens:
            _, states = from_scratch((*prompt, *tokens), [*gone, LAYERS], read, family)
            said = [says(after[-1]) for after in states]
            depth = next((at for at, one in enumerate(said, 1) if one != CONTINUE), LAYERS)
            if said[depth - 1] == STOP:
                return tokens, took, True
            gone.append(depth)
        logits, _ = from_scratch((*prompt, *tokens), gone, read, family)
        tokens.append(int(logits[-1].argmax()))
        took.append(gone[-1])
    return tokens, took, False


@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen3"])
@pytest.mark.parametrize(("leave", "stop"), [(0.6, 0.5), (0.5, NEVER), (NEVER, 0.4)])
def test_a_draft_is_that_from_scratch(family: str, leave: float, stop: float) -> None:
    stops, seen = list[bool](), set[int]()
    for prompt in PROMPTS[:5]:
        draft = drafted(prompt, family, exit_threshold=leave, stop_threshold=stop)
        tokens, depths, stopped = recomputed(prompt, leave, stop, family)
        assert list(draft.tokens) == tokens
        assert list(draft.depths) == depths
        assert (draft.ended, draft.spent) == (("end", 1) if stopped else ("length", 0))
        stops.append(stopped)
        seen |= set(draft.depths)
    assert any(stops) == (stop < 1)
    assert (seen == {LAYERS}) == (leave > 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_thresholds_above_one_give_the_greedy_draft(family: str) -> None:
    for prompt in PROMPTS:
        draft = drafted(prompt, family, exit_threshold=1.01, stop_threshold=1.01)
        assert draft.tokens == run(greedy(inputs(prompt=prompt, max_tokens=12)), family)[0].tokens
        assert draft.depths == (LAYERS,) * 12


def test_it_ends_with_an_end_token_and_at_the_limit() -> None:
    options: dict[str, Any] = {"path": str(folder_of("early_exit")), "exit_threshold": 0.5, "stop_threshold": NEVER}
    whole = run(early_exit(inputs(max_tokens=12), **options))[0]
    assert whole.ended == "length"
    end = next(token for token in whole.tokens if token != whole.tokens[0])
    short = run(early_exit(inputs(max_tokens=12, end=(end,)), **options))[0]
    assert (short.tokens, short.ended) == (whole.tokens[: whole.tokens.index(end) + 1], "end")
    assert len(short.depths) == len(short.tokens)
    one = run(early_exit(inputs(max_tokens=1), **options))[0]
    assert (one.tokens, one.ended, one.depths) == (whole.tokens[:1], "length", (LAYERS,))


def test_the_prompt_neither_leaves_nor_stops() -> None:
    """A threshold of 0 lets go of nearly all; the first token is the model's all the same."""
    for prompt in PROMPTS:
        draft = drafted(prompt, exit_threshold=0.0, stop_threshold=0.0)
        assert draft.tokens[0] == run(greedy(inputs(prompt=prompt, max_tokens=1)))[0].tokens[0]


chances = st.lists(st.lists(st.floats(-4, 4), min_size=3, max_size=3), min_size=1, max_size=9)


@given(chances, st.floats(0, 1), st.floats(0, 1))
def test_what_is_decided_falls_with_the_threshold(logits: list[list[float]], low: float, high: float) -> None:
    """Who leaves at a threshold leaves at a lower one too; who stops, stops."""
    low, high = min(low, high), max(low, high)
    given = torch.tensor(logits).softmax(-1)
    for at, kind in ((0, EXIT), (1, STOP)):
        pairs = [[0.7, 0.7], [0.7, 0.7]]
        pairs[0][at], pairs[1][at] = low, high
        below, above = (decided(given, thresholds(*pair, CPU)) == kind for pair in pairs)
        assert bool((above <= below).all())
    assert (decided(given, thresholds(1.0, 1.0, CPU)) == CONTINUE).all()
    assert (decided(given, thresholds(0.0, 0.0, CPU)) == given.argmax(-1)).all()


def test_untrained_heads_read_as_the_final_norm_does() -> None:
    parts, states = EarlyExit(4, 16, 2), torch.randn(5, 16, generator=torch.Generator().manual_seed(0)) * 7
    normed = states / states.square().mean(-1, keepdim=True).sqrt()
    for depth in (1, 2, 3):
        assert torch.allclose(parts.read(depth, states), normed, atol=1e-6)
    assert torch.equal(
        decided(parts.classes(states).softmax(-1), thresholds(0.0, 0.0, CPU)), torch.zeros(5, dtype=torch.int64)
    )


def test_parts_of_another_model_are_refused(tmp_path: Path) -> None:
    import json

    from passel.networks.trained_parts import MANIFEST

    source = folder_of("early_exit")
    for name, value in (("layers", 4), ("hidden_size", 32), ("vocabulary", 65)):
        folder = tmp_path / name
        folder.mkdir()
        for file in source.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        manifest = json.loads((source / MANIFEST).read_text()) | {name: value}
        (folder / MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(UsageError, match=rf"{name.replace('_', ' ')} {value}; this model has"):
            run(early_exit(inputs(), path=str(folder)))
    with pytest.raises(UsageError, match="passel train early_exit"):
        run(early_exit(inputs()))
