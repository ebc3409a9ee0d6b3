"""Memories of contexts: their sums, what they are made of, and the model that they update."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_models import FAMILIES, model_of
from torch import Tensor

from passel.core.errors import UsageError
from passel.networks.context import (
    Generator,
    Shape,
    adapted,
    check_fits,
    chunks,
    continued_from,
    memory_of,
    merge,
    polar,
    states_of,
    targets_of,
)

FIRST, SECOND = [5, 9, 2, 33, 7, 7, 60], [1, 2, 3, 4, 5]
FORMS = [("hidden", 0), ("hidden", 1), ("input", 0), ("input", 2)]


def generator_of(model: Any, *, keys: Any = "input", shift: int = 1, first: int = 0, **sizes: Any) -> Generator:
    """With random weights, B among them, so that an update does something."""
    shape = {"inner": 12, "rank": 8, "kept": 6, "alpha": 8.0, "chunk": 7, **sizes}
    targets = targets_of(model, ["o_proj", "down_proj"], first)
    made = Generator(targets, Shape(hidden_size=64, keys=keys, shift=shift, **shape)).requires_grad_(False)
    random = torch.Generator().manual_seed(3)
    for weight in made.parameters():
        weight.data = (1.0 if weight.dim() == 1 else 0.0) + 0.2 * torch.randn(weight.shape, generator=random)
    return made


def logits(model: Any, tokens: list[int]) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]


@pytest.mark.parametrize(("keys", "shift"), FORMS)
def test_a_memory_is_the_sum_of_outer_products(keys: str, shift: int) -> None:
    model = model_of()
    generator = generator_of(model, keys=keys, shift=shift)
    found = memory_of(model, generator, FIRST)
    states = states_of(model, generator.targets, torch.tensor([FIRST]))
    for at, (hidden, inputs) in enumerate(states):
        parts = generator.memory(at)
        wanted = torch.zeros(12, 8)
        for place in range(len(FIRST) - shift):
            state, later = hidden[0, place], hidden[0, place + shift]
            key = parts.a1.weight @ inputs[0, place]
            if parts.a2 is not None:
                key = parts.a2.weight @ (state / state.square().mean().add(1e-6).sqrt() * parts.norm)
            value = parts.a3.weight @ (later / later.square().mean().add(1e-6).sqrt() * parts.norm)
            wanted += torch.outer(key, value)
        assert torch.allclose(found[at], wanted, atol=1e-4), generator.targets[at]


def test_states_are_those_of_the_whole_model() -> None:
    model = model_of()
    targets = targets_of(model, ["o_proj"])
    whole = model(input_ids=torch.tensor([FIRST]), output_hidden_states=True, use_cache=False).hidden_states
    for target, (hidden, inputs) in zip(targets, states_of(model, targets, torch.tensor([FIRST])), strict=True):
        assert torch.equal(hidden, whole[target.layer])
        assert inputs.shape == (1, len(FIRST), target.inputs)


@pytest.mark.parametrize(("keys", "shift"), FORMS)
def test_the_memory_of_two_contexts_is_the_sum_of_theirs(keys: str, shift: int) -> None:
    model = model_of()
    generator = generator_of(model, keys=keys, shift=shift)
    first, second = memory_of(model, generator, FIRST), memory_of(model, generator, SECOND)
    streamed = memory_of(model, generator, SECOND, first)
    assert torch.equal(streamed, first + second)
    assert not torch.allclose(streamed, first)


def test_chunks_read_one_by_one_are_chunks_read_side_by_side() -> None:
    model = model_of()
    generator = generator_of(model)
    context = list(range(1, 20))
    parts = chunks(context, 7)
    assert [len(part) for part in parts] == [7, 6, 6]
    assert [token for part in parts for token in part] == context
    padded = torch.tensor([part + [0] * (7 - len(part)) for part in parts])
    real = torch.arange(7) < torch.tensor([[len(part)] for part in parts])
    other_models = generator.written(states_of(model, generator.targets, padded), real).sum(1)
    assert torch.allclose(memory_of(model, generator, context), other_models, atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_merged_weights_do_what_the_update_does_beside_them(family: str) -> None:
    import copy

    model = copy.deepcopy(model_of(family))
    generator = generator_of(model)
    memory = memory_of(model, generator, FIRST)
    before = logits(model, SECOND)
    with adapted(model, generator, generator.normalised(memory).unsqueeze(1)):
        other_models = logits(model, SECOND)
    assert torch.equal(logits(model, SECOND), before)
    check_fits(model, generator)
    merge(model, generator, memory)
    assert torch.allclose(logits(model, SECOND), other_models, atol=2e-3)
    assert not torch.allclose(other_models, before, atol=0.05)


def test_an_update_is_b_times_the_normalised_memory_times_a1() -> None:
    model = model_of()
    generator = generator_of(model)
    memory = memory_of(model, generator, FIRST)
    update = generator.updates(memory, "it").updates["model.layers.1.self_attn.o_proj.weight"]
    at = [target.name for target in generator.targets].index("model.layers.1.self_attn.o_proj")
    parts = generator.memory(at)
    wanted = parts.b.weight @ polar(memory[at], 6).T @ parts.a1.weight
    assert torch.allclose(update.b @ update.a, wanted, atol=1e-5)
    assert update.scale == 1.0


def test_rows_have_memories_of_their_own() -> None:
    model = model_of()
    generator = generator_of(model)
    memories = torch.stack([memory_of(model, generator, FIRST), memory_of(model, generator, SECOND)], 1)
    with adapted(model, generator, generator.normalised(memories)), torch.no_grad():
        both = model(input_ids=torch.tensor([SECOND, SECOND]), use_cache=False).logits
    for row in range(2):
        with adapted(model, generator, generator.normalised(memories[:, row : row + 1])):
            assert torch.allclose(both[row], logits(model, SECOND), atol=1e-4)
    assert not torch.allclose(both[0], both[1], atol=0.05)


def test_an_untrained_generator_changes_nothing_to_the_bit() -> None:
    import copy

    model = copy.deepcopy(model_of())
    generator = Generator(targets_of(model, ["o_proj"]), Shape(64, 12, 8, 6, 8.0, "input", 1, 7))
    memory = memory_of(model, generator, FIRST)
    before = logits(model, SECOND)
    with adapted(model, generator, generator.normalised(memory).unsqueeze(1)):
        assert torch.equal(logits(model, SECOND), before)
    merge(model, generator, memory)
    assert torch.equal(logits(model, SECOND), before)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_begun_at_a_layer_ends_as_the_whole(family: str) -> None:
    model = model_of(family)
    layers = list(model.get_decoder().layers)
    target = targets_of(model, ["o_proj"], 2)[:1]
    assert target[0].layer == 2
    ((hidden, _),) = states_of(model, target, torch.tensor([FIRST]))
    before = logits(model, FIRST)
    with continued_from(model, 2, hidden):
        assert torch.equal(logits(model, FIRST), before)
        other = logits(model, FIRST[::-1])
        assert torch.equal(other, before), "what lies below is not computed"
    assert list(model.get_decoder().layers) == layers


def test_it_is_built_anew_from_plain_values() -> None:
    import json

    generator = generator_of(model_of())
    again = Generator.of(json.loads(json.dumps(generator.settings)))
    again.load_state_dict(generator.state_dict())
    assert (again.targets, again.shape) == (generator.targets, generator.shape)


def test_what_does_not_fit_is_refused() -> None:
    model = model_of()
    with pytest.raises(UsageError, match="no linear 'o_prj' from layer 0"):
        targets_of(model, ["o_prj"])
    with pytest.raises(UsageError, match="from layer 3"):
        targets_of(model, ["o_proj"], 3)
    with pytest.raises(UsageError, match="chunk"):
        Shape(64, 12, 8, 6, 8.0, "input", 1, 2)
    with pytest.raises(UsageError, match="other sizes"):
        check_fits(model_of("qwen3"), generator_of(model))
    shape = Shape(32, 12, 8, 6, 8.0, "input", 1, 7)
    with pytest.raises(UsageError, match="another size"):
        check_fits(model, Generator(targets_of(model, ["o_proj"]), shape))
    settings = generator_of(model).settings
    settings["targets"] = [["model.layers.9.self_attn.o_proj", 9, 64, 64]]
    with pytest.raises(UsageError, match=r"no model\.layers\.9"):
        check_fits(model, Generator.of(settings))
