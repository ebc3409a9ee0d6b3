"""The thread that a reward model runs in: it loads at the first job, and takes together what waits."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from passel.core.ask import Score
from passel.core.errors import ModelError, PasselError, UsageError
from passel.core.model import Progress
from passel.core.reply import Reply, Usage
from passel.models.parts.reward.layout import Row, Unfit
from passel.models.parts.reward.passes import Passes
from passel.models.parts.reward.settings import Settings, check_installed, with_head
from passel.models.parts.reward.texts import Texts

__all__ = ["Job", "Worker"]

_AUTO = {"sequence": "AutoModelForSequenceClassification", "token": "AutoModelForTokenClassification"}


@dataclass(frozen=True, eq=False)
class Job:
    """An ask, where its reply goes, and whether anyone still waits for it."""

    ask: Score
    progress: Progress
    reply: Future[Reply] = field(default_factory=Future[Reply])
    given_up: threading.Event = field(default_factory=threading.Event)


class Worker:
    """Answers jobs in one thread. All that wait when it is free are laid out and run as batches."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: list[Job] = []
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._loaded: tuple[Texts, Passes] | None = None

    def put(self, job: Job) -> None:
        """Takes a job; its reply comes in `job.reply`."""
        with self._lock:
            self._waiting.append(job)
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="reward")
            self._thread.submit(self._work)

    def close(self) -> None:
        """Waits for the jobs in flight and frees the model; a later job loads it again."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown()
        self._loaded = None

    def _work(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        jobs = [job for job in waiting if not job.given_up.is_set() and job.reply.set_running_or_notify_cancel()]
        if not jobs:
            return
        try:
            if self._loaded is None:
                self._loaded = _load(self._settings)
            self._answer(jobs, *self._loaded)
        except Exception as error:
            for job in jobs:
                if not job.reply.done():
                    job.reply.set_exception(error)

    def _answer(self, jobs: Sequence[Job], texts: Texts, passes: Passes) -> None:
        laid: list[tuple[Job, Row]] = []
        for job in jobs:
            try:
                row = texts.row(job.ask)
                if len(row.ids) > (passes.context or len(row.ids)):
                    raise Unfit(f"{len(row.ids)} tokens do not fit the context of {passes.context}")
                laid.append((job, row))
            except Unfit as error:
                job.reply.set_result(Reply("failed", error=str(error)))
            except PasselError as error:
                job.reply.set_exception(error)
            except Exception as error:  # a template that refuses these turns, say
                job.reply.set_result(Reply("failed", error=f"{type(error).__name__}: {error}"))

        def given_up(place: int) -> bool:
            job, row = laid[place]
            if not job.given_up.is_set():
                job.progress.prompt_tokens = len(row.ids)
            return job.given_up.is_set()

        values = passes.values([row for _, row in laid], given_up)
        for (job, row), found in zip(laid, values, strict=True):
            job.reply.set_result(_reply(row, found))


def _reply(row: Row, values: Sequence[float]) -> Reply:
    usage = Usage(len(row.ids))
    if any(math.isnan(value) for value in values):
        return Reply("failed", error="the model gave no number", usage=usage)
    return Reply(scores=tuple(values), usage=usage)


def _load(settings: Settings) -> tuple[Texts, Passes]:
    check_installed()
    torch, transformers = import_module("torch"), import_module("transformers")
    where: Any = settings.folder or settings.path.removeprefix("hf:")
    bars = transformers.utils.logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()  # it would write into a display that is not its own
    try:
        config = transformers.AutoConfig.from_pretrained(where, trust_remote_code=settings.trust)
        settings = with_head(settings, config.to_dict())
        texts = Texts(settings, transformers.AutoTokenizer.from_pretrained(where, trust_remote_code=settings.trust))
        own = str((config.architectures or [""])[0]).endswith("ForProcessRewardModel")
        make = getattr(transformers, "AutoModel" if own else _AUTO.get(settings.head, "AutoModelForCausalLM"))
        model, told = make.from_pretrained(
            where, dtype=settings.dtype, trust_remote_code=settings.trust, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"cannot load the reward model {settings.path}: {str(error).splitlines()[0]}") from error
    finally:
        if shown:
            bars.enable_progress_bar()
    if missing := sorted(told["missing_keys"]):
        raise UsageError(f"{settings.path} lacks weights that its head needs: {', '.join(missing[:3])}")
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    words = texts.words() if settings.head == "lm" else (0, 0)
    return texts, Passes(settings, model.to(device).eval(), words)
