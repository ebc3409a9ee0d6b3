"""Generative adapters: examples with a context, cached states, and recall of facts that are not in the prompt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import passel
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.context import Generator, Shape, adapted, memory_of, targets_of
from passel.networks.trained_parts import load_trained
from passel.training.loop.seeded import seeded
from passel.training.parts.contexts import ContextLoss, context_example
from passel.training.texts.examples import Example

NAMES, VALUES = "abcdefgh", "ABCDEFGH"


def facts(key: Key, count: int) -> list[dict[str, str]]:
    """Contexts such as `aG;hB;dA;`, and one of their names to be completed by its value."""
    found: list[dict[str, str]] = []
    for at in range(count):
        here = key / at
        names = [NAMES[place] for place in (here / "names").permutation(len(NAMES))[:3]]
        values = [VALUES[place] for place in (here / "values").permutation(len(VALUES))[:3]]
        context = "".join(f"{name}{value};" for name, value in zip(names, values, strict=True))
        asked = (here / "asked").permutation(3)[0]
        found.append({"context": context, "prompt": names[asked], "completion": values[asked]})
    return found


def recalled(base: Checkpoint, generator: Generator, rows: Sequence[dict[str, str]], other: int = 0) -> float:
    """Share of the values that come first after their names, from the memory of each row's context, or of the context
    `other` rows later."""
    right = 0
    for at, row in enumerate(rows):
        context = rows[(at + other) % len(rows)]["context"]
        ids = {name: base.tokenizer(text)["input_ids"] for name, text in (row | {"context": context}).items()}
        memory = memory_of(base.model, generator, ids["context"])
        with adapted(base.model, generator, generator.normalised(memory).unsqueeze(1)), torch.no_grad():
            logits = base.model(input_ids=torch.tensor([ids["prompt"]])).logits[0, -1]
        right += int(logits.argmax()) == ids["completion"][0]
    return right / len(rows)


@pytest.fixture(scope="module")
def base(tiny: Path) -> Checkpoint:
    return load(tiny, dtype="float32")


def generator_for(base: Checkpoint, **sizes: Any) -> Generator:
    shape: dict[str, Any] = {"inner": 8, "rank": 8, "kept": 8, "alpha": 8.0, "keys": "input", "shift": 1, "chunk": 4}
    with seeded(Key(3)):
        made = Generator(targets_of(base.model, ["o_proj"], 1), Shape(hidden_size=64, **{**shape, **sizes}))
        for at in range(len(made.targets)):
            torch.nn.init.normal_(made.memory(at).b.weight, std=0.1)
    return made


def text(*tokens: int, start: int = 1, **row: Any) -> Example:
    return Example(np.asarray(tokens, dtype=np.int64), start, row)


def test_facts_are_recalled_that_no_prompt_holds(tiny: Path, base: Checkpoint, tmp_path: Path) -> None:
    data = tmp_path / "facts.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in facts(Key(1), 600)), encoding="utf-8")
    found = passel.train(
        "generative_adapter:keys=hidden:first=0",
        model=str(tiny),
        data=data,
        out=tmp_path / "out",
        dtype="float32",
        evaluations=1,
        steps=60,
        batch=16,
        learning_rate=0.015,
        inner=32,
        rank=32,
        kept=32,
        alpha=128.0,
        rebuild=0.0,
    )
    generator, manifest = load_trained(found.folder, "generative_adapter", Generator.of)
    assert manifest.options["keys"] == "hidden"
    assert found.figures["loss"] < 0.5 * found.figures["loss_without"]
    unseen = facts(Key(2), 60)
    right, wrong = recalled(base, generator, unseen), recalled(base, generator, unseen, other=1)
    assert right > 0.7
    assert wrong < 0.2, "nothing but the context says it"


def test_a_row_with_a_context_is_asked_without_it(base: Checkpoint) -> None:
    one = text(70, 71, 72, start=2, context="abcdefghi")
    found = context_example(one, base, 4)
    assert [base.tokenizer.decode(part.tokens) for part in found.chunks] == ["abc", "def", "ghi"]
    assert [(asked.text, asked.seen) for asked in found.queries] == [(one, 3)]
    assert [(asked.text, asked.seen) for asked in found.reconstructions] == [(part, 3) for part in found.chunks]


def test_a_text_is_continued_chunk_by_chunk(base: Checkpoint) -> None:
    found = context_example(text(*range(10, 22)), base, 4)
    assert [part.tokens.tolist() for part in found.chunks] == [[10, 11, 12, 13], [14, 15, 16, 17], [18, 19, 20, 21]]
    assert [(asked.text, asked.seen) for asked in found.queries] == [(found.chunks[1], 1), (found.chunks[2], 2)]
    assert [(asked.text, asked.seen) for asked in found.reconstructions] == list(
        zip(found.chunks, (1, 2, 3), strict=True)
    )
    short = context_example(text(10, 11, 12, 13, 14), base, 64)
    assert [len(part.tokens) for part in short.chunks] == [3, 2], "there is always something to continue"


def test_a_loss_is_that_of_each_text_alone_from_the_chunks_it_has_seen(base: Checkpoint) -> None:
    generator = generator_for(base)
    context_examples = [
        context_example(text(*range(10, 22)), base, 4),
        context_example(text(70, 71, 72, start=2, context="abcdef"), base, 4),
    ]
    found = ContextLoss(base, generator, 0.5, 1e6).loss(context_examples, compare=True)
    losses: dict[str, list[torch.Tensor]] = {"queries": [], "reconstructions": []}
    for one in context_examples:
        for what, kept in losses.items():
            for asked in getattr(one, what):
                memory = None
                for part in one.chunks[: asked.seen]:
                    memory = memory_of(base.model, generator, part.tokens.tolist(), memory)
                assert memory is not None
                tokens = torch.from_numpy(asked.text.tokens)
                with adapted(base.model, generator, generator.normalised(memory).unsqueeze(1)), torch.no_grad():
                    scores = base.model(input_ids=tokens.unsqueeze(0)).logits[0].log_softmax(-1)
                places = range(asked.text.start, len(tokens))
                kept += [-scores[place - 1, tokens[place]] for place in places]
    queries, reconstructions = (float(torch.stack(one).mean()) for one in losses.values())
    assert found.figures["loss"] == pytest.approx(queries, abs=1e-4)
    assert found.figures["rebuilding"] == pytest.approx(reconstructions, abs=1e-4)
    assert found.value.item() == pytest.approx(queries + 0.5 * reconstructions, abs=1e-4)
    assert found.figures["loss_without"] != pytest.approx(queries, abs=1e-3)


def test_what_is_remembered_changes_nothing(base: Checkpoint) -> None:
    context_examples = [
        context_example(text(70, 71, 72, start=2, context="abcdef"), base, 4),
        context_example(text(*range(10, 22)), base, 4),
    ]
    generator = generator_for(base)
    remembering, forgetful = ContextLoss(base, generator, 1.0, 1e6), ContextLoss(base, generator, 1.0, 0.0)
    first = remembering.loss(context_examples).value
    again = remembering.loss(context_examples).value
    assert torch.equal(first, again)
    assert torch.equal(first, forgetful.loss(context_examples).value)


def test_gradients_reach_all_that_is_trained_and_nothing_else(base: Checkpoint) -> None:
    for keys in ("input", "hidden"):
        generator = generator_for(base, keys=keys)
        ContextLoss(base, generator, 1.0, 1e6).loss([context_example(text(*range(10, 22)), base, 4)]).value.backward()
        for name, weight in generator.named_parameters():
            assert weight.grad is not None, name
            assert weight.grad.abs().sum() > 0, name
    assert all(weight.grad is None for weight in base.model.parameters())


def test_what_cannot_be_is_refused(tiny: Path, tmp_path: Path) -> None:
    def attempt(recipe: str, row: dict[str, Any]) -> None:
        data = tmp_path / "rows.jsonl"
        data.write_text(f"{json.dumps(row)}\n" * 4, encoding="utf-8")
        passel.train(recipe, model=str(tiny), data=data, out=tmp_path / "out", steps=1)

    row = {"prompt": "a", "completion": "b", "context": "ab"}
    with pytest.raises(UsageError, match="context of a row is a text, got 3"):
        attempt("generative_adapter", row | {"context": 3})
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    (tmp_path / "out").rmdir()
    with pytest.raises(UsageError, match="no linear 'oproj'"):
        attempt("generative_adapter:matrices=oproj", row)
