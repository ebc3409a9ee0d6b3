"""Early exits: heads that read tokens off middle layers, and a controller that decides at which layer to exit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.engine.plain import ids
from passel.networks.early_exit import CONTINUE, EXIT, EXIT_THRESHOLD, STOP, EarlyExit, decided, thresholds
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import Batch, batches, in_order
from passel.training.parts.next_token import learned
from passel.training.parts.states import read_off, states
from passel.training.texts.training_data import TrainingData

__all__ = ["early_exit"]

_JUDGED_TEXTS, _JUDGED = 64, 512
"""Number of held-out texts, and of places in them, for the evaluation."""


def early_exit(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 100_000)] = 300,
    batch: Annotated[int, Log(1, 256)] = 8,
    learning_rate: Annotated[float, Log(1e-6, 1e-1)] = 2e-3,
    rank: Annotated[int, Linear(0, 1024)] = 64,
    heads: Annotated[int, Log(1, 128)] = 12,
    places: Annotated[int, Log(1, 4096)] = 96,
    controller_share: Annotated[float, Linear(0.0, 1.0)] = 0.3,
    label: Literal["lasting", "once"] = "lasting",
) -> TrainingSetup:
    """Trains a head for every layer, and then a controller that decides from a hidden state whether to go deeper.

    The model stays as it is; the last layer's head is its own. The heads learn the next token. Then each layer of a
    token gets a label: exit, if it is deep enough for the token; stop, if no layer predicts it; otherwise continue. The
    controller, one linear layer for all depths, learns the labels. The right token is that of the text: with
    completions of the model's own (`complete=0`) this is the full model's choice, and there is hardly a reason to
    stop.

    Source: Sun et al. 2024, When neural code completion models size up the situation, arXiv 2401.09964: heads, labels
    and controller, as its public code has them (v587su/SEC: `multi_lmhead_gpt2.py`, `generate_dataset.py`). A head's
    form: Belrose et al. 2023, tuned lens, arXiv 2303.08112, section 3.

    Symbols: none.

    Args:
        steps, batch, learning_rate: ours, for models of some 100 million parameters.
        rank: rank of a head's change of its state; 0: full, as in the tuned lens.
        heads: number of heads that are trained in a step, drawn anew each time: the logits of all heads would cost more
            than the model.
        places: number of learned tokens in a step, drawn from its batch; while the controller is trained it is smaller,
            since all heads are read there.
        controller_share: share of the steps for the controller.
        label: which layers are labelled exit. lasting: those from which on all heads are right; once: those from the
            first right layer on, whatever the later layers predict, as in the paper.

    Cost: a step is one pass of the model over the batch, and heads * places products with its head, forward and, for
    the heads, backward.

    Guarantees: none; the model itself is not changed.

    Deviations: the default of `label`: heads of the first layers are sometimes right by chance, and later layers are
    then not right because of it. A head is a low-rank change of the hidden state before the model's own final norm and
    head, where the paper has a separate head for each layer: 30 of those would be six times the model.
    States are scaled to a root mean square of 1 before heads and controller: in SmolLM2-135M it grows from 2 to 28 over
    the layers. Heads and places are drawn for each step, where the paper takes all.
    """
    base = data.base
    layers = base.model.config.get_text_config().num_hidden_layers
    size = base.model.config.get_text_config().hidden_size
    parts = EarlyExit(layers, size, rank)
    given = batches(data.examples, batch, key=key / "data", device=base.device)
    first = max(1, min(steps - 1, round(steps * (1 - controller_share))))
    heads = min(heads, layers - 1)
    each = max(1, places * heads // layers)

    def loss(step: int) -> Loss:
        one = given(step)
        if step < first:
            found, tokens = _sampled(data, one, places)
            return Loss(_head_loss(data, parts, found, tokens, heads), one.count)
        found, tokens = _sampled(data, one, each)
        with torch.no_grad():
            known = labels(_right(data, parts, found, tokens), once=label == "once")
        return Loss(controller_loss(parts.classes(found), known), one.count, {"controller": 1.0})

    @cache
    def judged_states() -> tuple[Tensor, Tensor]:
        some = [data.held_out[at] for at in (key / "judged").permutation(len(data.held_out))[:_JUDGED_TEXTS]]
        drawn = torch.Generator().manual_seed((key / "judged").bits(56))
        share = -(-_JUDGED // len(some))
        taken = [_sampled(data, one, share * len(one.examples), drawn) for one in in_order(some, 8, base.device)]
        return torch.cat([hidden for hidden, _ in taken]), torch.cat([tokens for _, tokens in taken])

    def evaluate() -> Mapping[str, float]:
        return _figures(data, parts, *judged_states())

    settings = {"layers": layers, "hidden_size": size, "rank": rank}
    return TrainingSetup(parts, loss, Schedule(steps, learning_rate, restarts=(first,)), settings, evaluate)


def labels(right: Tensor, *, once: bool) -> Tensor:
    """The class of each layer of a token, int64 [tokens, layers].

    Args:
        right: whether the layer's head predicts the token, bool [tokens, layers].
        once: a wrong layer after a right one is still EXIT; otherwise a layer is EXIT only if it and all later layers
            are right.
    """
    exits = right.cumsum(1) > 0 if once else right.flip(1).int().cummin(1).values.flip(1).bool()
    never = ~right.any(1, keepdim=True)
    return torch.where(exits, EXIT, torch.where(never, STOP, CONTINUE))


def controller_loss(classes: Tensor, known: Tensor) -> Tensor:
    """Mean negative log-probability of the labels [tokens, layers] under logits [tokens, layers, 3], where the layer n
    counts n times."""
    each = functional.cross_entropy(classes.float().transpose(1, 2), known, reduction="none").mean(0)
    weights = torch.arange(1, len(each) + 1, device=each.device)
    return (each * weights).sum() / weights.sum()


def _sampled(
    data: TrainingData, batch: Batch, max_places: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Hidden states [sample, layers, hidden size] before a random sample of the learned tokens, and these tokens."""
    where, tokens = learned(batch)
    drawn = torch.randperm(len(tokens), generator=generator)[:max_places].to(tokens.device)
    rows, columns = (index[drawn] for index in where.nonzero(as_tuple=True))
    return torch.stack([found[rows, columns] for found in states(data.base, batch)], 1), tokens[drawn]


def _head_loss(data: TrainingData, parts: EarlyExit, hidden: Tensor, tokens: Tensor, heads: int) -> Tensor:
    """Mean negative log-probability of the tokens under a random sample of the heads."""
    drawn = ids(torch.randperm(parts.layers - 1)[:heads] + 1)
    logits = [read_off(data.base, parts.read(depth, hidden[:, depth - 1])) for depth in drawn]
    return torch.stack([functional.cross_entropy(one.float(), tokens) for one in logits]).mean()


def _right(data: TrainingData, parts: EarlyExit, hidden: Tensor, tokens: Tensor) -> Tensor:
    """Whether each layer's head predicts the token: bool [tokens, layers]."""
    read = [parts.read(depth, hidden[:, depth - 1]) for depth in range(1, parts.layers)]
    found = [read_off(data.base, one).argmax(-1) for one in (*read, hidden[:, -1])]
    return torch.stack(found, 1) == tokens.unsqueeze(1)


def _figures(data: TrainingData, parts: EarlyExit, hidden: Tensor, tokens: Tensor) -> dict[str, float]:
    """Figures of heads and controller on given texts: accuracy at some depths, the share of layers after the first
    right head, and the accuracy and the skipped share of layers with the controller at its default threshold."""
    layers = parts.layers
    right = _right(data, parts, hidden, tokens)
    first = torch.where(right.any(1), right.int().argmax(1) + 1, layers)
    some = sorted({max(1, round(layers * part / 4)) for part in (1, 2, 3)} | {layers})
    found = {f"accuracy_at_{depth}": float(right[:, depth - 1].float().mean()) for depth in some}
    least = thresholds(EXIT_THRESHOLD, 2.0, hidden.device)  # no token stops
    taken = decided(parts.classes(hidden).softmax(-1), least) == EXIT
    taken[:, -1] = True
    depth = taken.int().argmax(1)
    found["skippable"] = float(1 - first.float().mean() / layers)
    found["skipped"] = float(1 - (depth + 1).float().mean() / layers)
    found["accuracy"] = float(right.gather(1, depth.unsqueeze(1)).float().mean())
    return found
