"""The generator: what is learned of a generative adapter, one fast memory for each adapted matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from passel.core.errors import UsageError
from passel.engine.weights.lora import Adapter, Update
from passel.networks.context.polar import polar

__all__ = ["Generator", "Keys", "Memory", "Shape", "Target", "targets_of"]

Keys = Literal["hidden", "input"]


@dataclass(frozen=True, slots=True)
class Target:
    """An adapted matrix: its module's name in the model, its layer, and its sizes."""

    name: str
    layer: int
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes and kind of all memories of a generator.

    Args:
        hidden_size: of the model.
        inner: size of a key. rank: of a value.
        kept: singular directions of a memory that are used at most.
        alpha: strength; the update is multiplied by alpha / rank.
        keys: what a key is made of: the hidden state that a layer reads, or the input of the adapted matrix itself,
            in which case a token is filed under what is asked for it later.
        shift: a token's key goes with the value of the token that comes so many later.
        chunk: tokens of a context that the model reads at once.
    """

    hidden_size: int
    inner: int
    rank: int
    kept: int
    alpha: float
    keys: Keys
    shift: int
    chunk: int

    def __post_init__(self) -> None:
        if self.chunk <= self.shift + 1:
            raise UsageError(f"chunk must be above shift + 1, got {self.chunk} and {self.shift}")


def targets_of(model: Any, matrices: Sequence[str], first: int = 0) -> list[Target]:
    """Linear modules of these names in the layers from `first` on. Raises UsageError where there is none of a name."""
    found: list[Target] = []
    modules: dict[str, nn.Module] = dict(model.named_modules())
    for name, module in modules.items():
        words = name.split(".")
        layer = next((int(word) for word in words if word.isdecimal()), -1)
        if layer >= first and isinstance(module, nn.Linear) and words[-1] in matrices:
            found.append(Target(name, layer, module.in_features, module.out_features))
    for matrix in matrices:
        if not any(one.name.endswith(f".{matrix}") for one in found):
            raise UsageError(f"matrices: the model has no linear {matrix!r} from layer {first} on")
    return found


class Memory(nn.Module):
    """Of one matrix: A1 reads its input, A2 and A3 write keys and values, B makes a retrieved value its output."""

    def __init__(self, target: Target, shape: Shape) -> None:
        super().__init__()
        self.norm = nn.Parameter(torch.ones(shape.hidden_size))
        self.a1 = _drawn(target.inputs, shape.inner)
        self.a2 = _drawn(shape.hidden_size, shape.inner) if shape.keys == "hidden" else None
        self.a3 = _drawn(shape.hidden_size, shape.rank)
        self.b = nn.Linear(shape.rank, target.outputs, bias=False)
        nn.init.zeros_(self.b.weight)

    def written(self, hidden: Tensor, inputs: Tensor, real: Tensor, shift: int) -> Tensor:
        """The sum of the outer products of keys and values [rows, inner, rank].

        Args:
            hidden: that the layer reads [rows, tokens, hidden size]. inputs: of the matrix [rows, tokens, inputs].
            real: bool [rows, tokens]; what is not real lies on the right.
        """
        wide = self.norm.dtype  # what autocast makes of it is its own affair
        normed = functional.rms_norm(hidden.to(wide), hidden.shape[-1:], self.norm, 1e-6)
        keys = self.a1(inputs.to(wide)) if self.a2 is None else self.a2(normed)
        values = self.a3(normed) * real.unsqueeze(-1).to(normed.dtype)
        length = real.shape[1] - shift
        return keys[:, :length].mT @ values[:, shift:]


def _drawn(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.kaiming_normal_(linear.weight, a=math.sqrt(5))
    return linear


class Generator(nn.Module):
    """Memories for the matrices of one model. Build it anew with `Generator.of(generator.settings)`."""

    def __init__(self, targets: Sequence[Target], shape: Shape) -> None:
        super().__init__()
        self.targets, self.shape = tuple(targets), shape
        self.memories = nn.ModuleList(Memory(target, shape) for target in targets)

    def memory(self, at: int) -> Memory:
        """Of the n-th matrix."""
        found = self.memories[at]
        assert isinstance(found, Memory)
        return found

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Generator:
        """From plain values, as `settings` gives them."""
        return cls([Target(*one) for one in settings["targets"]], Shape(**settings["shape"]))

    @property
    def settings(self) -> dict[str, Any]:
        """What builds it anew, in JSON's types."""
        targets = [[one.name, one.layer, one.inputs, one.outputs] for one in self.targets]
        return {"targets": targets, "shape": {name: getattr(self.shape, name) for name in Shape.__slots__}}

    @property
    def scale(self) -> float:
        """Of the updates."""
        return self.shape.alpha / self.shape.rank

    def written(self, states: Sequence[tuple[Tensor, Tensor]], real: Tensor) -> Tensor:
        """What texts leave in each matrix's memory: float32 [matrices, rows, inner, rank]. Sums of it are the memories
        of several texts.

        Args:
            states: for each matrix, the hidden states and its inputs; see `states_of`.
        """
        shift = self.shape.shift
        return torch.stack(
            [self.memory(at).written(hidden, inputs, real, shift).float() for at, (hidden, inputs) in enumerate(states)]
        )

    def normalised(self, memories: Tensor) -> Tensor:
        """Memories with singular values of 1, the largest `kept`."""
        return polar(memories.float(), self.shape.kept)

    def added(self, at: int, inputs: Tensor, normalised: Tensor) -> Tensor:
        """What the n-th matrix's update adds to its output.

        Args:
            inputs: of the matrix [rows, tokens, inputs]. normalised: memories [rows, inner, rank].
        """
        memory = self.memory(at)
        asked = memory.a1(inputs.to(memory.a1.weight.dtype))
        return self.scale * memory.b(asked @ normalised.to(asked.dtype))

    def updates(self, memories: Tensor, name: str) -> Adapter:
        """The updates of the weights that memories [matrices, inner, rank] amount to."""
        found: dict[str, Update] = {}
        for at, (target, one) in enumerate(zip(self.targets, self.normalised(memories), strict=True)):
            memory = self.memory(at)
            found[f"{target.name}.weight"] = Update(one.mT @ memory.a1.weight, memory.b.weight, self.scale)
        return Adapter(name, found)
