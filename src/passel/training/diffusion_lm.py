"""A masked-diffusion language model: a small one from scratch, or a causal model without its causal mask."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.engine.weights.save import save as save_model
from passel.training.loop.setup import Loss, Schedule, TrainingSetup
from passel.training.parts.batches import batches
from passel.training.parts.denoising import (
    MaskPredictor,
    Noise,
    SampledVocabulary,
    evaluated,
    learned_tokens,
    padded_with_end,
)
from passel.training.parts.mask_predictors import fresh, opened, with_mask
from passel.training.texts.training_data import TrainingData

__all__ = ["diffusion_lm"]


def diffusion_lm(
    data: TrainingData,
    *,
    key: Key,
    steps: Annotated[int, Log(1, 100_000)] = 400,
    batch: Annotated[int, Log(1, 256)] = 32,
    learning_rate: Annotated[float | None, Log(1e-6, 1e-1)] = None,
    initial: Literal["scratch", "base"] = "scratch",
    layers: Annotated[int | None, Log(1, 128)] = None,
    hidden: Annotated[int, Log(64, 8192)] = 256,
    fill: Annotated[int, Log(1, 4096)] = 64,
    negatives: Annotated[int, Linear(0, 1_000_000)] = 1024,
) -> TrainingSetup:
    """Trains a network without a causal mask to predict masked tokens.

    In each text a share t of the tokens, drawn anew each time, is replaced by a mask token, but never in a prompt; the
    loss is the cross-entropy of the masked tokens divided by t, which bounds the text's negative log-likelihood.

    The result is a folder of a whole model in transformers' format, with the tokenizer of the base model and a mask
    token. `torch:FOLDER` opens it, and the decoders `free_cache` and `guided_diffusion` run it.

    Source: Nie et al. 2025, Large language diffusion models (LLaDA), arXiv 2502.09992, equation 3, algorithms 1 and 2
    and `GUIDELINES.md` of its public code; `initial=base`: Ye et al. 2025, Dream 7B, arXiv 2508.15487, whose weights
    begin as those of a causal model and whose logits keep that model's shift by one.

    Symbols: t -> `share`, of the noise; M -> the mask token; L' -> tokens of an answer, with those that fill it.

    Args:
        steps, batch: ours, for minutes on a processor.
        learning_rate: default: 2e-3 from scratch, 2e-4 from the base model.
        initial: scratch: a Llama with random weights. base: the weights of the base model, which must be a Llama or a
            Qwen; the mask token's embedding is the mean of all.
        layers: default: 4 from scratch, all from the base model; fewer layers of the base model are evenly spaced.
        hidden: hidden size from scratch, in heads of 64.
        fill: answers are filled up with their end token to this length, so that the model learns where a text ends.
        negatives: the softmax of a step is over the tokens that occur in the texts and this many others, drawn for each
            step and weighted so that its sum has the right mean; 0: over all tokens, which on a processor takes most of
            a step's time.

    Cost: one pass forward and backward through the network for each batch; the head reads only masked tokens.

    Guarantees: heuristic; its loss on held-out texts is an estimate of the bound, with the same noise every time.

    Deviations: the shares t of a batch are evenly spread from one draw, not drawn one by one, which has the same mean
    and less noise. The first token of a plain text is never masked. Answers are filled up to a fixed length, LLaDA's
    to the longest of their batch. The sampled softmax is not in the papers (Jean et al. 2015, arXiv 1412.2007). Dream
    reweights tokens by their context; here both forms have LLaDA's loss.
    """
    base = data.base
    tokenizer, mask, rows = with_mask(base)
    from_base = initial == "base"
    model = opened(base, mask, rows, layers) if from_base else fresh(base, mask, rows, layers or 4, hidden)
    predictor = MaskPredictor(model)
    rate = learning_rate or (2e-4 if from_base else 2e-3)
    examples = [padded_with_end(one, fill, base.end_ids) for one in data.examples]
    held_out = [padded_with_end(one, fill, base.end_ids) for one in data.held_out]
    learned = learned_tokens(examples)
    given = batches(examples, batch, key=key / "data", device=base.device)

    def loss(step: int) -> Loss:
        one = given(step)
        among = SampledVocabulary.draw(learned, rows, negatives, key / "others" / step)
        return Loss(predictor.loss(one, Noise.draw(one, key / "noise" / step), among), one.count)

    def evaluate() -> Mapping[str, float]:
        return evaluated(predictor, held_out, batch, key / "held out", base.device)

    def save(folder: Path) -> None:
        model.to(base.dtype)
        save_model(replace(base, model=model, tokenizer=deepcopy(tokenizer)), folder)

    return TrainingSetup(model, loss, Schedule(steps, rate), {}, evaluate, save)
