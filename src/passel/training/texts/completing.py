"""Completions by the model itself. Drafters, early exits and the like are best trained on them, because they imitate
the model and not the file."""

from __future__ import annotations

from collections.abc import Sequence

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.core.progress import OnProgress
from passel.engine import Engine, SampleRequest, read
from passel.engine.weights.checkpoint import Checkpoint
from passel.training.texts.examples import Pair, prompt_ids

__all__ = ["completions"]


_BATCH = 64


def completions(
    base: Checkpoint,
    pairs: Sequence[Pair],
    *,
    temperature: float,
    max_tokens: int,
    chat: bool,
    key: Key,
    on_progress: OnProgress,
) -> list[list[int]]:
    """The tokens of the model's answer to each prompt, computed on the engine, including the end token.

    Args:
        temperature: 0 is greedy.
        max_tokens: limit of prompt and completion together; the prompt is cut to leave room for one token.
        on_progress: called with the number of prompts that are done, and of all.
    """
    sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
    answers: list[list[int]] = []
    with Engine(read(base.model, max_tokens), context=max_tokens) as engine:
        for start in range(0, len(pairs), _BATCH):
            on_progress("completing prompts", start, len(pairs))
            draws = [
                SampleRequest(
                    tuple(prompt_ids(pair.prompt, base.tokenizer, chat=chat)[: max_tokens - 1]),
                    sampling,
                    (key / "completion" / at).bits(),
                    base.end_ids,
                )
                for at, pair in enumerate(pairs[start : start + _BATCH], start)
            ]
            answers += [list(completion.tokens) for completion in engine.complete(draws)]
    on_progress("completing prompts", len(pairs), len(pairs))
    return answers
