"""Falcon: a drafter that predicts several of the model's next features in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.falcon import FalconNetwork, Shape, TextPrefixes, unit
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import Batch, batches, in_order
from passel.training.parts.feature_cache import FeatureCache
from passel.training.parts.glancing import glanced, share
from passel.training.parts.states import read_off
from passel.training.texts.training_data import TrainingData

__all__ = ["falcon"]

_DROPOUT = 0.1
_SOFT = 0.9


def falcon(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 1_000_000)] = 2000,
    batch: Annotated[int, Log(1, 256)] = 16,
    learning_rate: Annotated[float, Log(1e-6, 1e-1)] = 5e-4,
    block: Annotated[int, Log(1, 8)] = 2,
    layers: Annotated[int, Log(1, 8)] = 1,
    glancing: bool = True,
    token_weight: Annotated[float, Log(1e-3, 10.0)] = 0.1,
    noise: Annotated[float, Linear(0.0, 1.0)] = 0.1,
    places: Annotated[int, Log(1, 65536)] = 2048,
) -> TrainingSetup:
    """Trains a drafter that predicts several of the model's next features in one pass.

    It is an LSTM with decoder layers above it, for `speculative:drafter=falcon`. It reads the model's last hidden
    states and predicts those of the next `block` tokens; the model's own head reads tokens off them.

    Coupled sequential glancing distillation: a first pass counts the places of each text whose token differs from the
    model's. In randomly chosen blocks, as many as make up a share of that number, the first places are then shown the
    feature and token that they should predict, and a second pass learns the other places. So the later places of a
    block learn what follows from the earlier ones. The share falls during training.

    Source: Gao, Xie, Xiang and Ji 2024, Falcon, arXiv 2412.12639, section 3.2, equations 1 to 8; the share, the token
    loss and the choice of shown places as in `train/glance.py` of github.com/Bestpay-inc/Falcon.

    Symbols: k -> `block`; f -> features, the hidden states before the final norm; lambda -> `share` in
    `training/parts/glancing.py`; alpha = 0.9 -> weight of the soft loss; omega_dist -> `token_weight`.

    Args:
        steps, batch: ours, for models of some 100 million weights; the code trains 20 epochs, over 68,000 dialogues.
        learning_rate: ours, for the same; the paper's is 3e-5 for 7 billion weights and more.
        block: features per pass; 2 in the paper, where 3 and 4 are slower.
        layers: number of decoder layers above the LSTM of two layers; 1 or more in the code.
        glancing: False: plain distillation in one pass.
        token_weight: weight of the loss of tokens beside that of features; 0.1 in the paper.
        noise: half the width of the uniform noise on the input features; 0.1 in the paper.
        places: limit of the places of a batch that the token loss is computed on; a random sample if there are more.

    Cost: for each example one pass of the model, whose features are kept for later epochs up to 1 GiB; for each batch
    one pass of the drafter forward and backward, with glancing one more forward, and the head at all places.

    Guarantees: none; speculative decoding verifies its drafts.

    Deviations: lambda runs from 0.45 to 0.1 by steps, as in the code; the paper's formula begins at 0.4 and ends at 0.
    Shown places are not learned, since they would only be copied; with k above 2 so many blocks are shown that their
    shown places make up the share, where the code shows half of that. The hard loss takes the model's likeliest token,
    where the code draws one, and KL is taken at temperature 1, not 0.95. Features and embeddings are scaled to a root
    mean square of 1, which the final norm undoes, so that the loss has one scale in all models. Blocks begin at a
    random place, since a text can end anywhere. The tokens before all completions of a batch are read without
    gradients, which saves most of the time where prompts are longer than completions. The LSTM runs along the text, as
    the paper says; in the code it is called without `batch_first`, and its result is not taken apart.
    """
    shape = _shape(data.base, block, layers)
    network = FalconNetwork(shape, _DROPOUT)
    given = batches(data.examples, batch, key=key / "data", device=data.base.device)
    objective = _Objective(data.base, FeatureCache(data.base), network, glancing, token_weight, noise, places)

    def loss(step: int) -> Loss:
        return objective.loss(given(step), step / steps)

    def evaluate() -> Mapping[str, float]:
        return _evaluated(objective, in_order(data.held_out, batch, data.base.device))

    return TrainingSetup(network, loss, Schedule(steps, learning_rate), shape.settings, evaluate)


@dataclass(frozen=True, slots=True, eq=False)
class _DrafterBatch:
    """A batch as the drafter sees it: place i has the feature of token i and token i + 1.

    Args:
        features, embeddings: [rows, places, hidden size], scaled.
        coming, following: the same, `block` tokens later: the answer of each place; zeros after the text's end.
        asked: bool [rows, places], places whose answer is a learned token and is followed by one.
        first: the first place that is asked in any row.
    """

    features: Tensor
    embeddings: Tensor
    coming: Tensor
    following: Tensor
    asked: Tensor
    first: int

    @property
    def right(self) -> Tensor:
        """The features to be predicted, [asked, hidden size]."""
        return self.coming[self.asked]


@dataclass(frozen=True, slots=True, eq=False)
class _Objective:
    """The loss. See `falcon`."""

    base: Checkpoint
    features: FeatureCache
    network: FalconNetwork
    glancing: bool
    token_weight: float
    noise: float
    places: int

    def read(self, batch: Batch) -> _DrafterBatch:
        """Features and embeddings of a batch, from the frozen model."""
        block = self.network.shape.block
        # token i + block + 1 follows the answer of place i, and both must be tokens of the completion
        asked = (batch.learned[:, :-1] & batch.learned[:, 1:])[:, block:]
        with torch.no_grad():
            features = unit(self.features.of(batch))
            embeddings = unit(self.base.model.get_input_embeddings()(batch.tokens))
        later = (0, 0, 0, block)
        return _DrafterBatch(
            features[:, :-1],
            embeddings[:, 1:],
            functional.pad(features[:, block:], later)[:, :-1],
            functional.pad(embeddings[:, block:], later)[:, 1:],
            functional.pad(asked, (0, batch.tokens.shape[1] - 1 - asked.shape[1])),
            int(asked.any(0).float().argmax()) if asked.numel() else 0,
        )

    def loss(self, batch: Batch, done: float) -> Loss:
        """The loss of a batch, after this part of the training."""
        read, block = self.read(batch), self.network.shape.block
        offset = int(torch.randint(block, ()))
        features = read.features + self.noise * (2 * torch.rand_like(read.features) - 1)
        before = self.begun(features, read, offset)
        target, shown = self.logits(read.right), torch.zeros_like(read.asked)
        if self.glancing:
            with torch.no_grad():
                found = self.predicted(features, read.embeddings, offset, before)
                wrong = read.asked.clone()
                wrong[read.asked] = self.logits(found[read.asked]).argmax(-1) != target.argmax(-1)
            shown = glanced(wrong.sum(1), read.asked, block=block, offset=offset, share=share(done))
        replaced = shown.unsqueeze(-1)
        features = torch.where(replaced, read.coming, features)
        found = self.predicted(features, torch.where(replaced, read.following, read.embeddings), offset, before)
        learned = ~shown[read.asked]
        apart, tokens = self._parts(found[read.asked][learned], read.right[learned], target[learned])
        figures = {"feature": float(apart.detach()), "shown": float(shown.sum() / read.asked.sum().clamp(min=1))}
        return Loss(apart + self.token_weight * tokens, batch.count, figures)

    def begun(self, features: Tensor, read: _DrafterBatch, offset: int) -> TextPrefixes:
        """The places before all asked places, without gradients."""
        with torch.no_grad():
            return self.network.begun(features[:, : read.first], read.embeddings[:, : read.first], offset)

    def predicted(self, features: Tensor, embeddings: Tensor, offset: int, before: TextPrefixes) -> Tensor:
        """Predicted features of all places; zeros for the places of `before`."""
        first = before.places
        found = self.network(
            features[:, first:], embeddings[:, first:], (offset + first) % self.network.shape.block, before
        )
        return functional.pad(found, (0, 0, first, 0))

    def logits(self, features: Tensor) -> Tensor:
        """Logits of features [places, hidden size], without gradients."""
        with torch.no_grad():
            return read_off(self.base, features)

    def _parts(self, found: Tensor, coming: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The losses of features and of tokens."""
        if not len(found):
            return found.sum(), found.sum()
        apart = functional.smooth_l1_loss(found.float(), coming)
        some = torch.randperm(len(found))[: self.places].to(found.device)
        logprobs = read_off(self.base, found[some]).float().log_softmax(-1)
        soft = functional.kl_div(logprobs, target[some].float().log_softmax(-1), reduction="batchmean", log_target=True)
        hard = functional.nll_loss(logprobs, target[some].argmax(-1))
        return apart, _SOFT * soft + (1 - _SOFT) * hard


def _evaluated(objective: _Objective, given: Iterator[Batch]) -> Mapping[str, float]:
    """The loss of features, and for each place in a block the share of tokens that agree with the model, over all
    offsets of the blocks."""
    block, apart = objective.network.shape.block, 0.0
    asked, same = torch.zeros(block), torch.zeros(block)
    for batch in given:
        read = objective.read(batch)
        right = objective.logits(read.right).argmax(-1)
        places = torch.arange(read.asked.shape[1], device=read.asked.device).expand_as(read.asked)[read.asked]
        for offset in range(block):
            before = objective.begun(read.features, read, offset)
            found = objective.predicted(read.features, read.embeddings, offset, before)[read.asked]
            apart += float(functional.smooth_l1_loss(found, read.right, reduction="sum"))
            of = (places + offset) % block
            asked += torch.bincount(of, minlength=block).cpu()
            same += torch.bincount(of[objective.logits(found).argmax(-1) == right], minlength=block).cpu()
    figures = {f"agreement_{at + 1}": float(same[at] / asked[at].clamp(min=1)) for at in range(block)}
    size = objective.network.shape.hidden_size
    return {"feature_loss": apart / max(1.0, float(asked.sum())) / size} | figures


def _shape(base: Checkpoint, block: int, layers: int) -> Shape:
    """A drafter whose decoder layers have the sizes of the model's."""
    config = base.model.config.get_text_config()
    heads, size = config.num_attention_heads, config.hidden_size
    return Shape(
        block,
        layers,
        size,
        config.intermediate_size,
        heads,
        getattr(config, "num_key_value_heads", None) or heads,
        getattr(config, "head_dim", None) or size // heads,
    )
