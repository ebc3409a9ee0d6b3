"""HAMburger's decoder: greedy's text where groups are single tokens, a recomputation from scratch where they are not,
and a slot of the cache for each group."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from decoders_here import LLAMA, inputs, run
from tiny_models import FAMILIES, engine_of, model_of
from tiny_parts import folder_of

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.steps import rewritten
from passel.decoding import Decoded, load
from passel.decoding.greedy import greedy
from passel.decoding.hamburger import hamburger
from passel.engine.cached_network import model_and_row
from passel.engine.requests import Emit, Forward
from passel.networks.hamburger import Parts, build
from passel.networks.trained_parts import load_trained


def draft(family: str = "llama", confidence: float = 0.9, **given: Any) -> Decoded:
    (found,) = run(hamburger(inputs(**given), path=str(folder_of("hamburger", family)), confidence=confidence), family)
    return found


@torch.no_grad()
def from_scratch(family: str, confidence: float, tokens: int) -> tuple[list[int], list[int]]:
    """Tokens and sizes of groups; each pass anew over all inputs so far, through transformers."""
    model, (parts, _) = model_of(family), load_trained(folder_of("hamburger", family), "hamburger", build)
    assert isinstance(parts, Parts)
    table = model.get_input_embeddings()
    inputs, positions = list(table(torch.tensor(LLAMA))), list(range(len(LLAMA)))
    text: list[int] = []
    sizes: list[int] = []
    while len(text) < tokens:
        states = states_of(model, torch.stack(inputs), positions)
        before = torch.stack([states[depth] for depth in parts.shape.depths]).unsqueeze(0)
        state, group = states[-1], list[int]()
        while len(group) < parts.shape.most and len(text) + len(group) < tokens:
            if group:
                state = parts.micro(before, table(torch.tensor([group])))[0, -1]
            group.append(int(head(model, state).argmax()))
            if 1 - float(torch.sigmoid(parts.stop(state))) < confidence:
                break
        text += group
        sizes.append(len(group))
        vectors = table(torch.tensor([group]))
        inputs.append(parts.embedder(vectors, torch.tensor([len(group)]))[0])
        positions.append(positions[-1] + len(group))
    return text, sizes


def states_of(model: Any, inputs: torch.Tensor, positions: list[int]) -> list[torch.Tensor]:
    """States of the last input at each depth, the last before the final norm."""
    last: list[torch.Tensor] = []
    hook = model.model.norm.register_forward_pre_hook(lambda _, given: last.append(given[0]))
    output = model.model(
        inputs_embeds=inputs.unsqueeze(0),
        position_ids=torch.tensor([positions]),
        attention_mask=torch.ones(1, len(positions), dtype=torch.int64),
        output_hidden_states=True,
        use_cache=False,
    )
    hook.remove()
    return [one[0, -1] for one in (*output.hidden_states[:-1], last[0])]


def head(model: Any, state: torch.Tensor) -> torch.Tensor:
    return model.lm_head(model.model.norm(state))  # a cap would not change which is the highest


@pytest.mark.parametrize("family", FAMILIES)
def test_single_tokens_are_greedy_decoding(family: str) -> None:
    (wanted,) = run(greedy(inputs(max_tokens=24)), family)
    assert draft(family, 1.01, max_tokens=24) == wanted


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma2"])
def test_groups_as_from_scratch(family: str) -> None:
    seen: set[int] = set()
    for confidence in (0.95, 0.8, 0.5, 0.0):
        tokens, sizes = from_scratch(family, confidence, 24)
        assert list(draft(family, confidence, max_tokens=24).tokens) == tokens
        seen |= set(sizes)
    assert seen == ({4} if family == "gemma2" else {1, 2, 3, 4}), "these parts make other groups"


class Watched:
    """A method's asks as they go by, and how many slots its branches hold at its end."""

    def __init__(self, confidence: float, tokens: int) -> None:
        self.engine, self.asks, self.slots = engine_of(), list[Any](), dict[int, int]()
        made = hamburger(inputs(max_tokens=tokens), path=str(folder_of("hamburger")), confidence=confidence)
        (self.draft,) = self.engine.run(self._watched(made))
        self.engine.close()

    def _watched(self, decoding: Any) -> Any:
        texts = yield from rewritten(decoding, self._note)
        cache = self.engine._scheduler.cache
        self.slots = {branch: int(cache.length[model_and_row(branch)[1]]) for branch in self.branches}
        return texts

    def _note(self, asks: Any) -> Any:
        self.asks += asks
        return asks

    @property
    def branches(self) -> list[int]:
        return list(dict.fromkeys(ask.branch for ask in self.asks if isinstance(ask, Forward)))

    @property
    def passes(self) -> list[Forward]:
        """Of the whole model over the text."""
        return [ask for ask in self.asks if isinstance(ask, Forward) and ask.branch == self.branches[0]]


@pytest.mark.parametrize("confidence", [1.01, 0.8, 0.0])
def test_a_slot_for_each_group(confidence: float) -> None:
    tokens = 23
    _, sizes = from_scratch("llama", confidence, tokens)
    found = Watched(confidence, tokens)
    text, beside = found.branches
    assert len(found.passes) == len(sizes)
    assert found.slots[text] == len(LLAMA) + len(sizes) - 1, "the last group is not read"
    assert found.slots[beside] == 0
    for read, size in zip(found.passes[1:], sizes, strict=False):
        assert len(read.tokens) == 1
        assert (read.embeddings is None) == (size == 1)
    extra = [ask for ask in found.asks if isinstance(ask, Forward) and ask.branch == beside and ask.exit is None]
    assert all(ask.layers == 0 for ask in extra)
    read_off = sum(ask.logits == 1 for ask in extra)
    assert read_off == tokens - len(sizes), "one head for each token but the first of a group"


def test_tokens_are_told_as_they_become_certain() -> None:
    found = Watched(0.0, 8)
    told = [len(ask.tokens) for ask in found.asks if isinstance(ask, Emit)]
    assert told == [1] * 8


def test_the_text_ends_within_a_group() -> None:
    tokens = draft(confidence=0.0, max_tokens=12).tokens
    end = next(at for at in range(1, 12) if at % 4 in (1, 2) and tokens[at] not in tokens[:at])
    found = draft(confidence=0.0, max_tokens=12, end=(tokens[end],))
    assert (found.tokens, found.ended) == (tokens[: end + 1], "end")
    for count in (1, 5, 6, 7, 8):
        cut = draft(confidence=0.0, max_tokens=count)
        assert (cut.tokens, cut.ended) == (tokens[:count], "length")


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="passel train hamburger"):
        run(hamburger(inputs()))
    with pytest.raises(UsageError, match="holds no trained parts"):
        run(hamburger(inputs(), path=str(tmp_path)))
    for name, value in {"layers": 5, "hidden_size": 32, "vocabulary": 65}.items():
        other = tmp_path / name
        shutil.copytree(folder_of("hamburger"), other)
        manifest = json.loads((other / "passel.json").read_text())
        (other / "passel.json").write_text(json.dumps({**manifest, name: value}))
        with pytest.raises(UsageError, match=f"{name.replace('_', ' ')} {value}; this model has"):
            run(hamburger(inputs(), path=str(other)))


def test_by_its_name() -> None:
    made = load(f"hamburger:path={folder_of('hamburger')}:confidence=0.8").make(inputs(max_tokens=9), key=Key())
    assert run(made) == (draft(confidence=0.8, max_tokens=9),)
