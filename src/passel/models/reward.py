"""Trained reward models in this process: outcome, process and multifurcation models of the transformers library."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from passel.core.ask import Ask, Score
from passel.core.errors import UsageError
from passel.core.model import ModelInfo, Progress
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.models.parts.reward.settings import (
    Dtype,
    Head,
    Output,
    Settings,
    check_installed,
    config_in,
    digest,
    parameters_in,
    with_head,
)
from passel.models.parts.reward.worker import Job, Worker

__all__ = ["Reward", "reward"]


class Reward:
    """A reward model. Build it with `reward`.

    It runs in its own thread, so that the event loop stays free, and answers waiting asks as one batch. Usage counts
    the computed tokens without padding.
    """

    def __init__(self, settings: Settings, info: ModelInfo) -> None:
        self._info = info
        self._worker = Worker(settings)

    @property
    def info(self) -> ModelInfo:
        """The model's name, abilities and limits."""
        return self._info

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """See `Model`. A pass that has begun runs to its end; cancelling removes waiting asks."""
        jobs = [Job(ask, progress) for ask in asks if isinstance(ask, Score)]
        assert len(jobs) == len(asks), "the driver sends only what `info.can` covers"
        for job in jobs:
            self._worker.put(job)
        try:
            return [await asyncio.wrap_future(job.reply) for job in jobs]
        finally:
            for job in jobs:
                job.given_up.set()

    async def aclose(self) -> None:
        """Waits for the pass in flight, ends the thread and frees the weights."""
        await asyncio.to_thread(self._worker.close)


def reward(
    path: str,
    *,
    head: Head = "auto",
    output: Output = "auto",
    positive: int = -1,
    marker: str | None = None,
    join: str | None = None,
    good: str = "+",
    bad: str = "-",
    unseen: bool = True,
    batch: Annotated[int, Log(1, 256)] = 8,
    device: str = "auto",
    dtype: Dtype = "auto",
    trust: bool = False,
) -> Reward:
    """A reward model in a folder, or of the hub as hf:ORG/NAME. Chats go through its chat template where it has one.

    Args:
        path: a folder in transformers' format, or hf:ORG/NAME.
        head: sequence: an outcome model, one whole answer an ask. token: a process model that classifies tokens. lm: a
            process model in Math-Shepherd's form, a language model that says a good or a bad word. vocabulary: a
            multifurcation model, one pass over a prefix values every next token. auto: by the architecture; a language
            model is lm unless a file unseen_mask.pt stands beside it.
        output: of the heads sequence and token: softmax (of the class `positive`), sigmoid or raw (of its logit). auto:
            softmax over several classes; of one class, raw for sequence and sigmoid for token.
        positive: the class that means right; the last by default.
        marker: what is set after a step in place of its white space; the value is read at its last token that is not
            blank. Default: " ки" and a line's end for lm; for token <extra_0> where the tokenizer has it, else a line's
            end. \\n stands for a line's end; with an empty marker the value is read at a step's own last token.
        join: between the prompt and the answer where there is no chat template. Default: a space for lm, a line's end
            for sequence, nothing for the others.
        good, bad: the words of lm; the value is the softmax over the two.
        unseen: of vocabulary: tokens marked in unseen_mask.pt have the value -inf (conservative exploration).
        batch: texts a pass at most.
        device: cpu, cuda, cuda:1, …; auto: the first GPU there is.
        dtype: of the weights; auto: as stored.
        trust: run code that comes with the model.

    Several continuations that are no chain are alternatives. They are valued in one pass, which holds the prompt once
    and lets each see the prompt and itself alone; a value belongs to the whole alternative, however many tokens it has.
    Raises UsageError for a missing package, folder or head; weights are loaded at the first ask.
    """
    check_installed()
    ends = [None if text is None else text.replace("\\n", "\n") for text in (marker, join)]
    settings = Settings(path, head, output, positive, ends[0], ends[1], good, bad, unseen, batch, device, dtype, trust)
    if not path or path == "hf:":
        raise UsageError("a reward model is given as reward:FOLDER or reward:hf:ORG/NAME")
    context, parameters, name = None, None, path
    if (folder := settings.folder) is not None:
        config = config_in(folder)
        settings = with_head(settings, config)
        context, parameters = config.get("max_position_embeddings"), parameters_in(folder)
        name = f"{folder.resolve().name}@{digest(folder)}"
    info = ModelInfo(
        name=f"reward:{name}{_marks(settings)}",
        can=frozenset({"reward"}),
        concurrency=max(16, 4 * batch),
        context=context,
        parameters=parameters,
    )
    return Reward(settings, info)


def _marks(settings: Settings) -> str:
    """The settings that change the values, so that the record separates models that differ in them."""
    plain, marks = Settings(settings.path), ""
    for name in ("head", "output", "positive", "marker", "join", "good", "bad", "unseen", "dtype"):
        value = getattr(settings, name)
        if value != getattr(plain, name):
            marks += f":{name}={value.encode('unicode_escape').decode() if isinstance(value, str) else value}"
    return marks
