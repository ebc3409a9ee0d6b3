"""The objective of masked diffusion: which tokens are masked, and how well a network predicts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from passel.core.key import Key
from passel.engine.masked import declared
from passel.training.parts.batches import Batch, in_order
from passel.training.texts.examples import Example

__all__ = ["MIN_SHARE", "MaskPredictor", "Noise", "SampledVocabulary", "evaluated", "learned_tokens", "padded_with_end"]

MIN_SHARE = 1e-3
"""The smallest share of a text that is masked: LLaDA's eps."""


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """The masked tokens of a batch.

    Args:
        share: float32 [rows], t: the probability that a learned token is masked.
        hidden: bool [rows, tokens].
    """

    share: Tensor
    hidden: Tensor

    @classmethod
    def draw(cls, batch: Batch, key: Key) -> Noise:
        """Draws shares that are spread evenly over the rows, then masks each token with its row's share."""
        rows, tokens = batch.tokens.shape
        generator = np.random.Generator(np.random.PCG64(key.bits(64)))
        even = (generator.random() + generator.permutation(rows) / rows) % 1.0
        share = (1 - MIN_SHARE) * even + MIN_SHARE
        hidden = generator.random((rows, tokens)) < share[:, None]
        device = batch.tokens.device
        return cls(torch.from_numpy(share).float().to(device), torch.from_numpy(hidden).to(device) & batch.learned)


@dataclass(frozen=True, slots=True, eq=False)
class SampledVocabulary:
    """The tokens of a sampled softmax: all tokens that occur in the texts, and a sample of the others.

    Args:
        tokens: int64 [kept + drawn], the occurring tokens first.
        place: int64 [vocabulary], index of each occurring token among these.
        more: float32 [kept + drawn], added to the logits: 0, or the logarithm of the number of tokens that a drawn
            token represents, so that the sum of the softmax has the right mean.
    """

    tokens: Tensor
    place: Tensor
    more: Tensor

    @classmethod
    def draw(cls, kept: Tensor, vocabulary: int, count: int, key: Key) -> SampledVocabulary | None:
        """Draws `count` other tokens with replacement; None if there are no more than that."""
        rest = vocabulary - len(kept)
        if count < 1 or count >= rest:
            return None
        place = torch.zeros(vocabulary, dtype=torch.int64)
        place[kept] = torch.arange(len(kept))
        spare = torch.ones(vocabulary, dtype=torch.bool)
        spare[kept] = False
        generator = np.random.Generator(np.random.PCG64(key.bits(64)))
        drawn = spare.nonzero().squeeze(1)[torch.from_numpy(generator.integers(0, rest, count))]
        more = torch.zeros(len(kept) + count)
        more[len(kept) :] = np.log(rest / count)
        return cls(torch.cat((kept, drawn)), place, more)


class MaskPredictor:
    """A network of transformers that is run without a causal mask: all tokens see each other.

    Args:
        model: a causal model class whose configuration declares it a masked-diffusion model.
    """

    def __init__(self, model: Any) -> None:
        masked = declared(model.config)
        assert masked is not None, "its configuration says what it is"
        self._model, self._masked = model, masked

    def logits(self, batch: Batch, hidden: Tensor, sampled: SampledVocabulary | None = None) -> Tensor:
        """float32 [hidden tokens, vocabulary or sampled tokens], row by row, for the places in `hidden` [rows,
        tokens]."""
        tokens = batch.tokens.masked_fill(hidden, self._masked.mask)
        rows, length = tokens.shape
        seen = batch.real[:, None, None, :].expand(rows, 1, length, length)
        states = self._model.get_decoder()(input_ids=tokens, attention_mask=seen, use_cache=False).last_hidden_state
        read = hidden.roll(-1, 1) if self._masked.shifted else hidden  # the first token is never hidden
        head = self._model.get_output_embeddings()
        if sampled is None:
            return head(states[read]).float()
        device = states.device
        logits = functional.linear(states[read], head.weight[sampled.tokens.to(device)])
        return logits.float() + sampled.more.to(device)

    def loss(self, batch: Batch, noise: Noise, sampled: SampledVocabulary | None = None) -> Tensor:
        """The mean over the rows of the weighted cross-entropy per learned token, in nats."""
        return self.losses(batch, noise, sampled)[0].mean()

    def losses(self, batch: Batch, noise: Noise, sampled: SampledVocabulary | None = None) -> tuple[Tensor, Tensor]:
        """The loss of each row [rows], and which masked tokens were predicted correctly, bool [hidden tokens]."""
        logits = self.logits(batch, noise.hidden, sampled)
        tokens = batch.tokens[noise.hidden]
        tokens = tokens if sampled is None else sampled.place.to(tokens.device)[tokens]
        row = noise.hidden.nonzero()[:, 0]
        weighed = functional.cross_entropy(logits, tokens, reduction="none") / noise.share[row]
        sums = torch.zeros(len(noise.share), device=weighed.device).index_add(0, row, weighed)
        return sums / batch.learned.sum(1).clamp(min=1), logits.argmax(-1) == tokens


def evaluated(
    predictor: MaskPredictor, examples: Sequence[Example], size: int, key: Key, device: torch.device
) -> Mapping[str, float]:
    """The bound on the negative log-likelihood, in nats per token, and the share of masked tokens that are predicted
    correctly; with the same noise every time."""
    bounds: list[float] = []
    right = total = 0
    for at, batch in enumerate(in_order(examples, size, device)):
        losses, hits = predictor.losses(batch, Noise.draw(batch, key / at))
        bounds += losses.tolist()
        right, total = right + int(hits.sum()), total + len(hits)
    return {"bound": float(np.mean(bounds)), "accuracy": right / max(1, total)}


def padded_with_end(one: Example, min_tokens: int, ends: frozenset[int]) -> Example:
    """Repeats the end token of a finished answer until it has `min_tokens` tokens; other examples stay as they are."""
    short = min_tokens - (len(one.tokens) - one.start)
    last = int(one.tokens[-1])
    if short <= 0 or last not in ends:
        return one
    return Example(np.concatenate((one.tokens, np.full(short, last, dtype=np.int64))), one.start, one.row)


def learned_tokens(examples: Sequence[Example]) -> Tensor:
    """The tokens that are learned in any example, int64, each once, ascending."""
    return torch.from_numpy(np.unique(np.concatenate([one.tokens[one.start :] for one in examples])))
