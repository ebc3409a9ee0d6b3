"""Generative adapter: a generator that turns a context into low-rank updates of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.networks.context import Generator, Keys, Shape, targets_of
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import batches, in_order
from passel.training.parts.contexts import ContextExample, ContextLoss, check_contexts, context_example
from passel.training.texts.examples import Example
from passel.training.texts.training_data import TrainingData

__all__ = ["generative_adapter"]


def generative_adapter(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 100_000)] = 300,
    batch: Annotated[int, Log(1, 256)] = 8,
    learning_rate: Annotated[float, Log(1e-6, 1e-1)] = 2e-3,
    matrices: str = "o_proj",
    first: Annotated[int, Linear(0, 1024)] | None = None,
    inner: Annotated[int, Log(1, 8192)] = 128,
    rank: Annotated[int, Log(1, 8192)] = 64,
    kept: Annotated[int, Log(1, 8192)] = 64,
    alpha: Annotated[float, Log(0.01, 65536.0)] = 1024.0,
    keys: Keys = "input",
    shift: Annotated[int, Linear(0, 8)] = 1,
    chunk: Annotated[int, Log(4, 8192)] = 256,
    rebuild: Annotated[float, Linear(0.0, 10.0)] = 1.0,
    remember: Annotated[float, Linear(0.0, 1024.0)] = 1.0,
) -> TrainingSetup:
    """Trains a generator that turns a context, in one pass over it, into a low-rank update of the weights.

    Afterwards prompts can ask about the context without containing it. Each adapted matrix has a memory S, the sum over
    the context's tokens of the outer product of a key and a value, both linear in the hidden states of the frozen
    model. A context is read in chunks, and chunks add up. S is normalised: its largest singular values become 1, so
    that a fact that occurs once weighs as much as one that occurs often. The matrix then computes
    W x + (alpha / rank) B S^T A1 x. A1 to B and a norm are trained, by the next-token loss on reconstructing the
    context and on continuing from it: a row with `context`, `prompt` and `completion` gives the prompt without the
    context; any other text is continued chunk by chunk.

    Source: Chen et al. 2024, Generative Adapter: contextualizing language models in parameters with a single forward
    pass, arXiv 2411.05877; the released code settles the normalisation and the initial weights.

    Symbols: S [inner, rank] -> a memory; A1, A2, A3, B -> its `a1`, `a2`, `a3`, `b`; r -> `rank`; r' -> `kept`;
    h_t -> the hidden state that a layer reads at token t; x -> the input of the matrix.

    Args:
        steps, batch, learning_rate: ours, for models of some 100 million parameters; the released script has 1e-4.
        matrices: names of linear modules, separated by commas; o_proj in the paper.
        first: the first adapted layer; the paper adapts all. Default: the last quarter of the layers, so that the
            layers below are computed once for each text and not in every epoch.
        inner, rank, kept: 1024, 1024 and 128 in the code, for hidden states of 4096.
        alpha: 64 in the code; ours makes the update strong enough to be learned in some hundred steps.
        keys: what a token's key is computed from. hidden, as in the paper: A2 h_t; input: A1 x_t, from the input of the
            matrix at that token. shift: the key of token t is paired with the value of token t + shift; 0 in the paper.
        chunk: tokens that are read at once; 1024 in the code.
        rebuild: weight of the loss on reconstruction; 1 in the paper.
        remember: GB for cached hidden states of the frozen model, which are the same in each epoch.

    Cost: a pass over each text in the first epoch; for each step, one forward and backward through the layers from
    `first` on, and a singular value decomposition for each memory and matrix.

    Guarantees: heuristic; before the first step the model is the original, to the bit (B is zero).

    Deviations: `keys` and `shift` (above). With keys made of the hidden state, A1 and A2 have nothing in common at
    first; and the hidden state of a token, which is the paper's key and value in one, need not hold what the token was
    predicted from. With the key of what is asked and the value of what comes next, a few hundred steps are enough;
    `keys=hidden:shift=0` is the paper's form. Chunks are read by the frozen model, in training as in use; the code
    trains on states of the model that earlier chunks have adapted. The singular value decomposition is exact, with a
    gradient that stays finite; the code's is randomised, and drops an update where two values are too close.
    """
    config: Any = data.base.model.config.get_text_config()
    begin = config.num_hidden_layers * 3 // 4 if first is None else first
    targets = targets_of(data.base.model, [name.strip() for name in matrices.split(",")], begin)
    generator = Generator(targets, Shape(config.hidden_size, inner, rank, kept, alpha, keys, shift, chunk))
    check_contexts((*data.examples, *data.held_out))
    context_loss = ContextLoss(data.base, generator, rebuild, remember * 1e9)
    given = batches(data.examples, batch, key=key / "data", device=data.base.device)

    @cache
    def of(one: Example) -> ContextExample:
        return context_example(one, data.base, chunk)

    def loss(step: int) -> Loss:
        return context_loss.loss([of(one) for one in given(step).examples])

    def evaluate() -> Mapping[str, float]:
        held_out = in_order(data.held_out, batch, data.base.device)
        return context_loss.evaluated([of(one) for one in some.examples] for some in held_out)

    return TrainingSetup(generator, loss, Schedule(steps, learning_rate), generator.settings, evaluate)
