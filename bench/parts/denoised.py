"""Sums that a small masked-diffusion model is trained on for some minutes, and what is measured of its texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Any

__all__ = ["Guide", "Side", "Text", "prompts", "trained", "write_sums"]

_TIMED = 4
"""Steps that are timed to tell how many the minutes hold; the first is left out."""
_LATE = 1.3
"""A training ends at so many times its minutes, wherever it is."""


def asked(question: str) -> str:
    """A question as the guide is asked it: a turn of its chat, without the system's message, which would be most of the
    text that the small model reads."""
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


def write_sums(path: Path, size: int) -> Path:
    """Sums of three numbers below 100 with their steps, as prompts and completions."""
    from passel.tasks.sums import sums

    items = sums(terms=3, digits=2, size=size, seed=1).items
    rows = (items.at(at) for at in range(size))
    text = "".join(json.dumps({"prompt": asked(row.question), "completion": row.solution}) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def prompts(tokenizer: Any, count: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Sums of another seed: the prompt's tokens and the answer."""
    from passel.tasks.sums import sums

    items = sums(terms=3, digits=2, size=count, seed=2).items
    for at in range(count):
        yield tuple(tokenizer(asked(items.at(at).question))["input_ids"]), items.at(at).gold


class _Late(Exception):
    """The minutes are over."""


def trained(base: Any, data: Path, spec: str, folder: Path, minutes: float) -> dict[str, float]:
    """Trains the recipe for so many minutes and saves it; what it came to."""
    import torch

    from passel.core.key import Key
    from passel.core.progress import silent
    from passel.training import load
    from passel.training.loop.loop import run
    from passel.training.loop.seeded import seeded
    from passel.training.loop.setup import Schedule
    from passel.training.texts.gather import TextSources, gather

    key = Key(0) / "bench"
    training_data = gather(base, TextSources((data,), length=128, chat=False), key=key, on_progress=silent)
    training_data = replace(training_data, held_out=training_data.held_out[:32])
    with seeded(key / "weights"):
        setup = load(spec).make(training_data, key=key)
    mixed = base.dtype == torch.bfloat16
    seconds = _seconds(setup, mixed)
    steps = max(10, int(60 * minutes / seconds))
    setup = replace(setup, schedule=Schedule(steps, setup.schedule.learning_rate))
    begun, done = time.perf_counter(), [0, 0.0]

    def on_step(step: Any) -> None:
        done[:] = step.step, step.loss
        if step.step % max(1, steps // 20) == 0:
            print(f"  {spec} {step.step}/{steps} loss {step.loss:.3f}, {step.seconds:.0f} s", flush=True)
        if time.perf_counter() - begun > 60 * _LATE * minutes:
            raise _Late

    try:
        run(setup, folder, key=key, device=base.device, mixed=mixed, evaluations=1, every=1e9, on_step=on_step)
    except _Late:
        print(f"  {spec}: the minutes are over at step {done[0]} of {steps}", flush=True)
    figures = setup.evaluated()
    taken = time.perf_counter() - begun
    assert setup.save
    setup.save(folder)
    return {**figures, "steps": done[0], "last_loss": done[1], "seconds": taken, "seconds_a_step": seconds}


def _seconds(setup: Any, mixed: bool) -> float:
    """Of a step: forward and backward, and as much again as a fifth for the update."""
    import torch

    found: list[float] = []
    for step in range(_TIMED):
        begun = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            loss = setup.loss(step)
        loss.value.backward()
        found.append(time.perf_counter() - begun)
    setup.module.zero_grad(set_to_none=True)
    return 1.2 * fmean(found[1:])


class Guide:
    """A causal model that texts are judged by."""

    def __init__(self, parts: Any, context: int) -> None:
        from passel.engine import Engine

        self.engine = Engine(parts, context=context)

    def surprise(self, prompt: Sequence[int], answer: Sequence[int]) -> float:
        """Nats of an answer under the model, all tokens together."""
        from passel.engine.requests import Decoding, Forward, forward, open_branch

        def flow() -> Decoding[float]:
            branch = yield from open_branch()
            output = yield from forward(Forward(branch, (*prompt, *answer[:-1]), logits=len(answer)))
            logprobs = output.logits.log_softmax(-1)
            return -sum(float(logprobs[at, token]) for at, token in enumerate(answer))

        return self.engine.run(flow())


@dataclass(slots=True)
class Text:
    """A text of a side: its tokens, passes of the model and of the guide, positions that went through the model, wall
    seconds, nats under the guide, and whether its answer is right."""

    tokens: tuple[int, ...]
    passes: int
    guide_passes: int
    positions: int
    seconds: float
    surprise: float
    right: bool


@dataclass(slots=True)
class Side:
    """A decoding method over an engine of its own."""

    name: str
    make: Any
    engine: Any
    texts: list[Text] = field(default_factory=list)

    def answer(self, inputs: Any, guide: Guide, gold: str) -> Text:
        """One text, measured."""
        from passel.core.key import Key

        counts: dict[int, list[int]] = {0: [], 1: []}
        begun = time.perf_counter()
        (draft,) = self.engine.run(_counted(self.make(inputs, key=Key(0)), counts))
        seconds = time.perf_counter() - begun
        surprise = guide.surprise(inputs.prompt, draft.tokens)
        said = inputs.decode(draft.tokens).rpartition("The answer is ")[2].strip(" .\n")
        text = Text(draft.tokens, len(counts[0]), len(counts[1]), sum(counts[0]), seconds, surprise, said == gold)
        self.texts.append(text)
        return text

    def figures(self) -> dict[str, float]:
        """Means over its texts; perplexity over all their tokens."""
        tokens = sum(len(one.tokens) for one in self.texts)
        means = {
            name: fmean(float(getattr(one, name)) for one in self.texts)
            for name in ("passes", "guide_passes", "positions", "seconds", "right")
        }
        return {
            **means,
            "tokens": tokens / len(self.texts),
            "passes_a_token": sum(one.passes for one in self.texts) / tokens,
            "perplexity": exp(sum(one.surprise for one in self.texts) / tokens),
            "texts": len(self.texts),
        }


def _counted(decoding: Any, counts: dict[int, list[int]]) -> Any:
    """The same decoding; the new tokens of each forward are noted by model."""
    from passel.core.steps import rewritten
    from passel.engine.cached_network import model_and_row
    from passel.engine.requests import Forward

    def note(asks: Any) -> Any:
        for ask in asks:
            if isinstance(ask, Forward):
                counts[model_and_row(ask.branch)[0]].append(len(ask.tokens))
        return asks

    return rewritten(decoding, note)
