"""A model that reads a context into a memory, and one whose matrices are updated by it."""

from __future__ import annotations

from collections.abc import Generator as Yields
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from passel.core.errors import UsageError
from passel.networks.context.generator import Generator, Target

__all__ = ["States", "adapted", "check_fits", "chunks", "continued_from", "memory_of", "merge", "states_of"]

States = list[tuple[Tensor, Tensor]]


class _Read(Exception):
    """All that is wanted has been seen: the layers above need not be computed."""


def chunks(tokens: Sequence[int], most: int) -> list[list[int]]:
    """Tokens in as few parts of at most `most` as there can be, of like length."""
    count = max(1, -(-len(tokens) // most))
    return [part.tolist() for part in np.array_split(np.asarray(tokens, dtype=np.int64), count)]


@torch.no_grad()
def states_of(model: Any, targets: Sequence[Target], tokens: Tensor) -> States:
    """For each target, the hidden states that its layer reads and its own inputs, as texts int64 [rows, tokens] go
    through the model, each row alone. Padding is on the right, where no earlier token sees it."""
    hidden: dict[int, Tensor] = {}
    inputs: dict[str, Tensor] = {}
    last = targets[-1].name

    def layer_hook(layer: int) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            hidden[layer] = args[0] if args else kwargs["hidden_states"]

        return hook

    def matrix_hook(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            inputs[name] = args[0]
            if name == last:
                raise _Read

        return hook

    handles: list[Any] = []
    for layer in {target.layer for target in targets}:
        module = _layer_of(model, next(one for one in targets if one.layer == layer))
        handles.append(module.register_forward_pre_hook(layer_hook(layer), with_kwargs=True))
    for target in targets:
        handles.append(model.get_submodule(target.name).register_forward_pre_hook(matrix_hook(target.name)))
    try:
        model.get_decoder()(input_ids=tokens, use_cache=False)
    except _Read:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return [(hidden[target.layer], inputs[target.name]) for target in targets]


def _layer_of(model: Any, target: Target) -> nn.Module:
    words = target.name.split(".")
    return model.get_submodule(".".join(words[: words.index(str(target.layer)) + 1]))


@contextmanager
def adapted(model: Any, generator: Generator, normalised: Tensor) -> Yields[None]:
    """Within it, the n-th row of what goes through the model has its matrices updated by the n-th of the normalised
    memories [matrices, rows, inner, rank]."""

    def hook_of(at: int) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
            return output + generator.added(at, args[0], normalised[at]).to(output.dtype)

        return hook

    handles = [
        model.get_submodule(target.name).register_forward_hook(hook_of(at))
        for at, target in enumerate(generator.targets)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Known(nn.Module):
    """In the place of a layer: gives what is known, or what it is given."""

    def __init__(self, hidden: Tensor | None) -> None:
        super().__init__()
        self._hidden = hidden

    def forward(self, given: Tensor, *rest: Any, **more: Any) -> Tensor:
        del rest, more
        return given if self._hidden is None else self._hidden


@contextmanager
def continued_from(model: Any, layer: int, hidden: Tensor) -> Yields[None]:
    """Within it, layers below `layer` are not computed: what comes out of them is `hidden` [rows, tokens, hidden size],
    which `states_of` gave for these tokens."""
    layers: Any = model.get_decoder().layers
    below = list(layers[:layer])
    for at in range(layer):
        layers[at] = _Known(None if at else hidden)
    try:
        yield
    finally:
        for at, one in enumerate(below):
            layers[at] = one


@torch.no_grad()
def memory_of(model: Any, generator: Generator, tokens: Sequence[int], memory: Tensor | None = None) -> Tensor:
    """The memory of a context, float32 [matrices, inner, rank], read chunk by chunk; added to an earlier `memory`."""
    device = next(model.parameters()).device
    for chunk in chunks(tokens, generator.shape.chunk):
        states = states_of(model, generator.targets, torch.tensor([chunk], dtype=torch.int64, device=device))
        real = torch.ones(1, len(chunk), dtype=torch.bool, device=device)
        wide = [(hidden.float(), inputs.float()) for hidden, inputs in states]
        written = generator.written(wide, real)[:, 0]
        memory = written if memory is None else memory + written
    assert memory is not None
    return memory


@torch.no_grad()
def merge(model: Any, generator: Generator, memory: Tensor, name: str = "the context") -> None:
    """Adds to the model's weights the updates of a memory [matrices, inner, rank]. Raises UsageError where they do not
    fit the model."""
    adapter = generator.updates(memory, name)
    weights = dict(model.named_parameters())
    adapter.check(model.config, frozenset(weights))
    for weight_name in adapter.updates:
        weight = weights[weight_name]
        weight.data = adapter.merged(weight_name, weight.data, 1.0).to(weight.dtype)


def check_fits(model: Any, generator: Generator) -> None:
    """Raises UsageError where the generator was not made for a model of these sizes."""
    if model.config.get_text_config().hidden_size != generator.shape.hidden_size:
        raise UsageError("the adapter does not fit the model, whose hidden states have another size")
    for target in generator.targets:
        try:
            module: Any = model.get_submodule(target.name)
        except AttributeError:
            raise UsageError(f"the adapter does not fit the model, which has no {target.name}") from None
        if (module.in_features, module.out_features) != (target.inputs, target.outputs):
            raise UsageError(f"the adapter does not fit the model, whose {target.name} has other sizes")
