"""The input of a recipe: a frozen model, and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passel.engine.weights.checkpoint import Checkpoint
from passel.training.texts.examples import Example

__all__ = ["TrainingData"]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """A frozen model, and texts in its tokens.

    Args:
        base: the model, whose weights have no gradients, and its tokenizer.
        examples: texts to train on, at least one.
        held_out: texts to evaluate on, at least one; none of them is trained on.
    """

    base: Checkpoint
    examples: Sequence[Example]
    held_out: Sequence[Example]
