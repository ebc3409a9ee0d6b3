"""CoT-Valve: an adapter whose strength sets the length of chains of thought."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

from torch import Tensor, nn
from torch.nn import functional

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Log
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import Batch, batches, collate
from passel.training.parts.next_token import learned
from passel.training.texts.examples import Example
from passel.training.texts.training_data import TrainingData

__all__ = ["cot_valve"]

_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def cot_valve(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 100_000)] = 300,
    batch: Annotated[int, Log(1, 256)] = 16,
    learning_rate: Annotated[float, Log(1e-6, 1e-1)] = 5e-4,
    rank: Annotated[int, Log(1, 256)] = 16,
    alpha: Annotated[float, Log(1.0, 512.0)] = 32.0,
) -> TrainingSetup:
    """Trains an update of the weights whose strength sets the length of chains of thought.

    Each example is learned at a strength that matches its length: the field `valve` of a row, from 0 for a chain as
    long as the model's own to 1 for the shortest. Without this field the strength is 1, which is plain CoT-Valve: an
    update that leads to short chains, and parts of it to chains between. The update is a LoRA adapter in PEFT's format;
    its strength is set by `scale` or `length` when the model is loaded: length 1 is the original model, 0 the shortest
    trained length, and values outside extrapolate.

    Source: Ma et al. 2025, CoT-Valve: length-compressible chain-of-thought tuning, arXiv 2502.09601; the strength
    attached to each example is its CoT-Valve++.

    Symbols: delta theta -> the adapter; alpha -> `scale` of the model; beta -> `valve` of a row.

    Args:
        steps, batch, learning_rate: ours, for models of some 100 million parameters.
        rank, alpha: of the LoRA adapter; the paper's ranks are from 2 to 64, depending on the model.

    Cost: one pass forward and backward through the model for each batch.

    Guarantees: at scale 0 the model is the original, to the bit.

    Deviations: all examples of a batch have one strength, so that the update is scaled once per batch.
    """
    peft: Any = _peft()
    base = data.base.model
    config = peft.LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules=_MODULES, bias="none", task_type="CAUSAL_LM"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of the one library about the other
        model = peft.get_peft_model(base, config)
    given = batches(data.examples, batch, key=key / "data", device=data.base.device, alike=_strength)

    def loss(step: int) -> Loss:
        one = given(step)
        return Loss(_at(model, one, alpha / rank), one.count)

    def evaluate() -> Mapping[str, float]:
        found: dict[str, list[float]] = {}
        for one in sorted(data.held_out, key=_strength):
            here = collate([one], data.base.device)
            found.setdefault(f"loss_at_{_strength(one):g}", []).append(float(_at(model, here, alpha / rank)))
        return {name: fmean(losses) for name, losses in found.items()}

    def save(folder: Path) -> None:
        _open(model, alpha / rank)
        model.save_pretrained(str(folder))

    return TrainingSetup(model, loss, Schedule(steps, learning_rate), {}, evaluate, save)


def _at(model: Any, batch: Batch, scale: float) -> Tensor:
    """The loss of a batch of one strength. The head is computed only at learned tokens."""
    _open(model, _strength(batch.examples[0]) * scale)
    base = model.get_base_model()
    hidden = base.get_decoder()(input_ids=batch.tokens, attention_mask=batch.real.long(), use_cache=False)
    places, tokens = learned(batch)
    logits = base.get_output_embeddings()(hidden.last_hidden_state[:, :-1][places])
    return functional.cross_entropy(logits.float(), tokens)


def _strength(one: Example) -> float:
    found = one.row.get("valve", 1.0)
    if not isinstance(found, int | float) or not -4 <= found <= 4:
        raise UsageError(f"valve of a row is a number from 0 to 1, got {found!r}")
    return float(found)


def _open(model: nn.Module, scale: float) -> None:
    """Sets the strength of all updates."""
    for module in model.modules():
        scaling = getattr(module, "scaling", None)
        if isinstance(scaling, dict) and "default" in scaling:
            scaling["default"] = scale


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise UsageError('cot_valve needs peft: pip install "passel[train]"') from None
    return peft
