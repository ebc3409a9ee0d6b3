"""Completions by the model itself: what drafters, early exits and the like are best trained on, for they are to follow
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


_AT_ONCE = 64


def completions(
    base: Checkpoint,
    pairs: Sequence[Pair],
    *,
    temperature: float,
    most: int,
    chat: bool,
    key: Key,
    on_progress: OnProgress,
) -> list[list[int]]:
    """The tokens that the model answers each prompt with, on the engine; their end token is among them.

    Args:
        temperature: 0 is greedy. most: tokens of prompt and completion together; a prompt that leaves no room has none.
        on_progress: is told how many are done, of how many.
    """
    sampling = Sampling(temperature=temperature, max_tokens=most)
    found: list[list[int]] = []
    with Engine(read(base.model, most), context=most) as engine:
        for start in range(0, len(pairs), _AT_ONCE):
            on_progress("completing prompts", start, len(pairs))
            draws = [
                SampleRequest(
                    tuple(prompt_ids(pair.prompt, base.tokenizer, chat=chat)[: most - 1]),
                    sampling,
                    (key / "completion" / at).bits(),
                    base.end_ids,
                )
                for at, pair in enumerate(pairs[start : start + _AT_ONCE], start)
            ]
            found += [list(one.tokens) for one in engine.complete(draws)]
    on_progress("completing prompts", len(pairs), len(pairs))
    return found
