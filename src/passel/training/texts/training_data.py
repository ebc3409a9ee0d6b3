"""What a recipe has to work with: a model that stays as it is, and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passel.engine.weights.checkpoint import Checkpoint
from passel.training.texts.examples import Example

__all__ = ["TrainingData"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """A model and texts in its tokens.

    Args:
        base: the model, its weights without gradients, and its tokenizer.
        examples: to train on, at least one.
        held_out: to judge by, at least one; none of them is trained on.
    """

    base: Checkpoint
    examples: Sequence[Example]
    held_out: Sequence[Example]
