"""llama.cpp inside this process, spoken to with the bodies of its own server."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from passel.core.errors import ModelError, UsageError
from passel.models.parts.faults import Refused, error_event, message_of
from passel.models.parts.loose import mapping
from passel.models.parts.requests import Route
from passel.models.parts.stream import Collector

__all__ = ["Embedded", "Load"]


@dataclass(frozen=True, slots=True)
class Load:
    """How the model is loaded.

    Args:
        path: the GGUF file. adapter: a LoRA GGUF file, or None. scale: the adapter's weight.
        parallel: sequences decoded at once. context: tokens for each of them.
        threads: processor threads; None: one for each processor.
        embeddings: for an embedding model: it makes vectors, and no text.
    """

    path: Path
    adapter: Path | None = None
    scale: float = 1.0
    parallel: int = 16
    context: int = 2048
    threads: int | None = None
    embeddings: bool = False


class Embedded:
    """A `Sender` to a llama.cpp server in this process. It is loaded at the first request, and unloaded by `aclose`.

    llama.cpp batches all requests in flight itself, step by step; a thread waits for each. The process's own event
    loop never does.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._server: Any = None
        self._loading = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def where(self) -> str:
        """The file's name."""
        return self._load.path.name

    async def send(
        self, route: Route | Literal["embeddings"], body: bytes, collector: Collector | None = None
    ) -> dict[str, Any] | None:
        """The response object; None if it came as a stream and the collector has it. Raises Refused for a request that
        llama.cpp refuses. Cancelling it stops the decoding of a stream at its next token."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(2 * self._load.parallel, thread_name_prefix="llama.cpp")
        given_up = threading.Event()
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, self._call, route, body.decode(), collector, given_up
        )
        try:
            return await work
        finally:
            given_up.set()

    async def aclose(self) -> None:
        """Unloads the model, once the requests in flight have ended."""
        threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        self._server = None

    def _call(
        self, route: str, body: str, collector: Collector | None, given_up: threading.Event
    ) -> dict[str, Any] | None:
        server = self._loaded()
        handle = {
            "chat/completions": server.handle_chat_completions,
            "completions": server.handle_completions,
            "embeddings": server.handle_embeddings,
        }[route]
        if given_up.is_set():
            return None
        if collector is None:
            return self._sound(_handled(handle, json.loads(body)), 0)
        refused: list[Exception] = []

        def take(event: Any) -> bool:
            try:
                collector.add(self._sound(mapping(event), collector.received))
            except Exception as error:
                refused.append(error)
            return given_up.is_set() or bool(refused)

        _handled(handle, json.loads(body), take)
        if refused:
            raise refused[0]
        return None

    def _sound(self, response: Any, completion_tokens: int) -> dict[str, Any]:
        if (error := mapping(response).get("error")) is not None:
            raise error_event(self.where, error, completion_tokens)
        return mapping(response)

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = _start(self._load)
            return self._server


def _handled(handle: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return handle(*arguments)
    except ValueError as error:  # a schema that llama.cpp cannot read comes as an exception, not as an error object
        raise Refused(message_of(str(error).encode())) from error


def _start(load: Load) -> Any:
    try:
        xllamacpp: Any = import_module("xllamacpp")
    except ImportError:
        raise UsageError('a model file needs llama.cpp: pip install "passel[local]"') from None
    for path in filter(None, (load.path, load.adapter)):
        if not path.is_file():
            raise UsageError(f"no model file at {path}")
    params: Any = xllamacpp.CommonParams()
    params.model.path = str(load.path)
    if load.adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(load.adapter), load.scale)]
    params.n_parallel, params.n_ctx = load.parallel, load.parallel * load.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = load.threads or os.cpu_count() or 1
    params.verbosity = -1
    params.ui = False
    params.embedding = load.embeddings
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ModelError(f"llama.cpp cannot load {load.path.name}: {error}") from error
