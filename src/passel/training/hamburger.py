"""HAMburger: parts with which a model reads several tokens as one input and writes several tokens in one pass."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import safetensors.torch as safetensors_torch
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DynamicCache

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.engine.plain import numbers
from passel.engine.weights.checkpoint import Checkpoint
from passel.networks.hamburger import Parts, Shape, depths_of
from passel.networks.trained_parts import WEIGHTS
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import Batch, batches, in_order
from passel.training.parts.grouping import Groups, group_batch
from passel.training.parts.prompt_cache import PromptCache
from passel.training.parts.reading import states_at
from passel.training.parts.segmentation import group_sizes
from passel.training.parts.states import read_off
from passel.training.texts.examples import Example
from passel.training.texts.training_data import TrainingData

__all__ = ["hamburger"]

_STOP = 0.5
"""Weight of the loss of the stops, as in the public code."""
_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def hamburger(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 100_000)] = 600,
    batch: Annotated[int, Log(1, 256)] = 8,
    learning_rate: Annotated[float, Log(1e-6, 1e-1)] = 1e-3,
    lora_rank: Annotated[int, Linear(0, 256)] = 0,
    layers: Annotated[int, Log(1, 16)] = 2,
    inner: Annotated[int, Linear(0, 16384)] = 0,
    depths: Annotated[int, Log(1, 16)] = 4,
    max_group: Annotated[int, Log(2, 8)] = 4,
    low: Annotated[float, Linear(0.0, 10.0)] = 0.05,
    ratio: Annotated[float, Linear(0.0, 1.0)] = 0.3,
    kl: Annotated[float, Linear(0.0, 10.0)] = 0.0,
) -> TrainingSetup:
    """Trains an embedder that turns a group of tokens into one input, and a decoder that writes a group from one pass.

    The model itself divides its training texts: a token that it predicts with confidence joins the group before it. A
    group is read as one vector, made from its tokens' embeddings. The first token of the next group comes from the
    model's own head, the others from a small decoder that reads the model's states at several depths; a stop head
    predicts after each token whether the group ends.

    Source: Liu and Zhang 2025, HAMburger: accelerating LLM inference via token smashing, arXiv 2505.20438;
    `strategies.py`, `hamburger_modules.py` and `llama.py` of its public code (github.com/Jingyu6/hamburger).

    Symbols: S -> the size of a group; E -> its tokens' embeddings [S, hidden size].

    Args:
        steps, batch, learning_rate: ours, for models of some 100 million parameters; in the code one epoch at 1e-4 for
            the new parts and 5e-5 for the model.
        lora_rank: rank of an update of the model's own weights, with alpha twice as large; 0: the model stays as it is,
            and a step costs a fraction. The code trains all weights of the model.
        layers: layers of the micro-step decoder; 4 in the code, for a model of 16 layers and hidden size 2048. inner:
            size of its feed-forward networks; 0: as in the model.
        depths: number of the model's states that the decoder reads, at equal distances; 4 in the code.
        max_group: largest number of tokens of a group; 4 in the code.
        low, ratio: thresholds of the groups; 0.05 and 0.3 in the code.
        kl: weight of the divergence from the original model; none in the code by default.

    Cost: for each batch a pass forward and backward over its prompts and the groups of its answers. A model that stays
    as it is reads a prompt only once, without gradients (if its layers attend to all earlier tokens), and a batch is
    then a pass over its groups. The first time that a text occurs, and every time with `kl`, a pass forward over its
    tokens.

    Guarantees: with a confidence above 1 the decoder of this name writes the greedy text of the model, with its update
    if there is one.

    Deviations: the model stays as it is or gets a low-rank update, where the code trains all its weights; with an
    update, the folder is also an adapter, which the model must be loaded with. The output of the micro-step decoder
    goes through the model's final norm before its head (in the code directly to the head), and the decoder reads the
    last state before that norm. Its layers have learned positions, not rotary ones, and add nothing at first; nor does
    the embedder's attention. One learning rate for all parts.
    """
    base, model = data.base, data.base.model
    config = model.config.get_text_config()
    shape = Shape(
        hidden_size=config.hidden_size,
        depths=depths_of(config.num_hidden_layers, depths),
        most=max_group,
        layers=layers,
        heads=config.num_attention_heads if config.hidden_size % config.num_attention_heads == 0 else 1,
        inner_size=inner or config.intermediate_size,
    )
    parts = Parts(shape).to(base.device)
    adapted = _adapted(model, lora_rank) if lora_rank else None
    prefixes = PromptCache(model.get_decoder()) if adapted is None and PromptCache.fits(config) else None
    task = _Objective(base, parts, adapted, low, ratio, kl, prefixes)
    given = batches(data.examples, batch, key=key / "data", device=base.device)

    def evaluate() -> Mapping[str, float]:
        return task.figures(data.held_out, batch)

    def save(folder: Path) -> None:
        assert adapted is not None, "without an update there are only the parts"
        adapted.save_pretrained(str(folder))
        state = {name: one.detach().contiguous().clone() for name, one in parts.state_dict().items()}
        safetensors_torch.save_file(state, folder / WEIGHTS)

    return TrainingSetup(
        module=parts if adapted is None else nn.ModuleDict({"parts": parts, "model": adapted}),
        loss=lambda step: task.loss(given(step)),
        schedule=Schedule(steps, learning_rate),
        settings=asdict(shape),
        evaluate=evaluate,
        save=None if adapted is None else save,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Predictions:
    """Predictions for the learned tokens of a batch, in order.

    Args:
        logits: [tokens, vocabulary]. stops: logits of the end of the group [tokens].
        tokens: the right tokens. ends: whether the group ends there. number: index of the token in its group.
    """

    logits: Tensor
    stops: Tensor
    tokens: Tensor
    ends: Tensor
    number: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Objective:
    """The loss of the parts, with the model and the division of the texts into groups."""

    base: Checkpoint
    parts: Parts
    adapted: Any
    low: float
    ratio: float
    kl: float
    prefixes: PromptCache | None
    sizes: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    def loss(self, batch: Batch) -> Loss:
        """The loss of a batch."""
        reference_logits = (
            self.reference_logits(batch)
            if self.kl or not all(id(one) in self.sizes for one in batch.examples)
            else None
        )
        groups = self.groups(batch, reference_logits)
        read = self.read(batch, groups)
        token, stop = _losses(read)
        value = token + _STOP * stop
        figures = {"token_loss": float(token.detach()), "stop_loss": float(stop.detach())}
        if self.kl and reference_logits is not None:
            apart = functional.kl_div(
                read.logits.log_softmax(-1), reference_logits.log_softmax(-1), log_target=True, reduction="batchmean"
            )
            value = value + self.kl * apart
            figures["kl"] = float(apart.detach())
        return Loss(value, batch.count, figures)

    def figures(self, examples: Sequence[Example], size: int) -> dict[str, float]:
        """Means over the tokens of held-out texts."""
        sums: dict[str, float] = {}
        for batch in in_order(examples, size, self.base.device):
            reference_logits = self.reference_logits(batch)
            groups = self.groups(batch, reference_logits)
            read = self.read(batch, groups)
            token, stop = _losses(read)
            count, right = len(read.tokens), read.logits.argmax(-1) == read.tokens
            found: dict[str, float] = {
                "tokens": count,
                "groups": int(groups.learned.sum()),
                "token_loss": count * float(token),
                "stop_loss": count * float(stop),
                "model_loss": count * float(functional.cross_entropy(reference_logits, read.tokens)),
                "stop_accuracy": int(((read.stops > 0) == read.ends).sum()),
            }
            for number in range(self.parts.shape.most):
                here = read.number == number
                found[f"count_{number + 1}"] = int(here.sum())
                found[f"accuracy_{number + 1}"] = int(right[here].sum())
            sums = {name: sums.get(name, 0.0) + value for name, value in found.items()}
        numbers_of = range(1, self.parts.shape.most + 1)
        counts = {f"accuracy_{at}": count for at in numbers_of if (count := sums.pop(f"count_{at}"))}
        tokens, groups = sums.pop("tokens"), sums.pop("groups")
        means = {name: sums[name] / count for name, count in counts.items()}
        totals = {name: value / tokens for name, value in sums.items() if not name.startswith("accuracy")}
        return totals | means | {"tokens_per_group": tokens / groups}

    def reference_logits(self, batch: Batch) -> Tensor:
        """Logits [learned tokens, vocabulary] of the original model, without gradients."""
        as_it_was = self.adapted.disable_adapter() if self.adapted is not None else nullcontext()
        with torch.no_grad(), as_it_was:
            body = self.base.model.get_decoder()
            past = DynamicCache() if self.prefixes else None
            (last,) = states_at(body, [len(body.layers)], real=batch.real, past=past, input_ids=batch.tokens)
            if self.prefixes:
                self.prefixes.keep(batch, past)
            return read_off(self.base, last[:, :-1][batch.learned[:, 1:]]).float()

    def groups(self, batch: Batch, reference_logits: Tensor | None) -> Groups:
        """Divides the batch into groups; each text is divided once, because the original model does not change."""
        if reference_logits is not None:
            entropies = numbers(torch.distributions.Categorical(logits=reference_logits).entropy())
            at = 0
            for one in batch.examples:
                count = len(one.tokens) - one.start
                self.sizes[id(one)] = group_sizes(
                    entropies[at : at + count], low=self.low, ratio=self.ratio, max_size=self.parts.shape.most
                )
                at += count
        sizes = [self.sizes[id(one)] for one in batch.examples]
        return group_batch(batch, sizes, self.parts.shape.most, whole=self.prefixes is None)

    def read(self, batch: Batch, groups: Groups) -> _Predictions:
        """One pass of the model over the groups, and one of the micro-step decoder over each learned group."""
        shape, rows = self.parts.shape, torch.arange(len(batch.tokens), device=batch.tokens.device)
        body = self.base.model.get_decoder()
        table = body.get_input_embeddings()
        vectors = table(batch.tokens)[rows[:, None, None], groups.members]
        merged = self.parts.embedder(vectors.flatten(0, 1).float(), groups.sizes.flatten().clamp(min=1))
        past, real = self.prefixes.cache(batch) if self.prefixes else (None, groups.there[:, :0, 0])
        states = states_at(
            body,
            shape.depths,
            real=torch.cat((real, groups.there[..., 0]), dim=1),
            past=past,
            inputs_embeds=merged.view(*groups.positions.shape, -1).to(table.weight.dtype),
            position_ids=groups.positions,
        )
        learned = groups.learned[:, 1:]
        before = torch.stack([one[:, :-1][learned] for one in states], dim=1)
        written = self.parts.micro(before, vectors[:, 1:, :-1][learned])
        read = torch.cat((before[:, -1:].float(), written), dim=1)
        there = groups.there[:, 1:][learned]
        tokens = batch.tokens[rows[:, None, None], groups.members][:, 1:][learned]
        number = torch.arange(shape.most, device=rows.device).expand_as(tokens)
        ends = number == there.sum(1, keepdim=True) - 1
        read = read[there]
        return _Predictions(
            read_off(self.base, read).float(), self.parts.stop(read), tokens[there], ends[there], number[there]
        )


def _losses(read: _Predictions) -> tuple[Tensor, Tensor]:
    """The losses of tokens and of stops."""
    stop = functional.binary_cross_entropy_with_logits(read.stops, read.ends.float())
    return functional.cross_entropy(read.logits, read.tokens), stop


def _adapted(model: Any, rank: int) -> Any:
    try:
        import peft
    except ImportError:
        raise UsageError('hamburger:lora_rank needs peft: pip install "passel[train]"; 0 does without') from None
    config = peft.LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=_MODULES, bias="none", task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of the one library about the other
        return peft.get_peft_model(model, config)
