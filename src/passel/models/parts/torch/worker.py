"""Answers asks with an engine, from any thread, by futures that the engine's thread fulfils."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from passel.core.ask import Ask, Embed, Generate, Sampling, Score
from passel.core.errors import UsageError
from passel.core.model import Progress
from passel.core.progress import OnProgress
from passel.core.reply import Reply, Usage
from passel.decoding import Decoded, DecodingInput, load
from passel.engine.requests import Emit
from passel.engine.running import RunningDecoding
from passel.engine.sample_requests import Completion, SampleRequest
from passel.models.parts.torch.generating import Listener, draw_of, reply_of_completion, reply_of_decoded
from passel.models.parts.torch.runtime import Runtime, Settings, start
from passel.models.parts.torch.scoring import embeddings, scores

__all__ = ["Worker"]


class Worker:
    """An engine with its tokenizer. given: its settings, and the callback for the progress of loading."""

    def __init__(self, given: tuple[Settings, OnProgress]) -> None:
        self.runtime: Runtime = start(*given)
        self._work: dict[Future[Reply], list[SampleRequest | RunningDecoding]] = {}

    def answer(self, asks: Sequence[Ask], progress: Progress) -> list[Future[Reply]]:
        """A future for each ask, in order."""
        futures: list[Future[Reply]] = [Future() for _ in asks]
        first = asks[0]
        try:
            if isinstance(first, Generate):
                self._generate([ask for ask in asks if isinstance(ask, Generate)], progress, futures)
            else:
                for ask, future in zip(asks, futures, strict=True):
                    self._read(ask, future)
        except UsageError as error:
            for future in futures:
                self._work.pop(future, None)
                _set(future, Reply("failed", error=str(error)))
        return futures

    def cancel(self, futures: Sequence[Future[Reply]]) -> None:
        """Removes these asks from the batch."""
        for future in futures:
            for work in self._work.pop(future, []):
                work.cancelled = True

    def close(self) -> None:
        """Ends the engine's thread when its work is done."""
        self.runtime.engine.close()

    def _generate(self, asks: Sequence[Generate], progress: Progress, futures: Sequence[Future[Reply]]) -> None:
        prompt = self._ids(asks[0])
        self._check_bias(asks[0].sampling)
        progress.prompt_tokens = len(prompt)
        listeners = [Listener(self.runtime, ask, progress, place) for place, ask in enumerate(asks)]
        if asks[0].sampling.decoder is not None:
            self._decode(asks, prompt, listeners, futures)
            return
        draws: list[SampleRequest] = []
        for place, (ask, future) in enumerate(zip(asks, futures, strict=True)):
            draw = draw_of(self.runtime, ask, prompt, listeners[place], lambda completion: None)
            draw.on_done = self._receiver(draw, listeners[place], future, first=place == 0)
            self._work[future] = [draw]
            draws.append(draw)
        self.runtime.engine.sample(draws)

    def _receiver(
        self, draw: SampleRequest, listener: Listener, future: Future[Reply], *, first: bool
    ) -> Callable[[Completion], None]:
        def receive(completion: Completion) -> None:
            self._work.pop(future, None)
            _set(future, reply_of_completion(listener, draw, completion, first=first))

        return receive

    def _decode(
        self,
        asks: Sequence[Generate],
        prompt: tuple[int, ...],
        listeners: Sequence[Listener],
        futures: Sequence[Future[Reply]],
    ) -> None:
        """Equal asks get the texts of one run; if it makes fewer texts than needed, the other asks get another run."""
        texts, ask = self.runtime.texts, asks[0]
        decoder = load(ask.sampling.decoder or "nucleus")
        turns = None if isinstance(ask.prompt, str) else tuple((turn.author, turn.content) for turn in ask.prompt)
        inputs = DecodingInput(
            prompt,
            ask.sampling.max_tokens or 512,
            self.runtime.end_tokens,
            ask.sampling,
            texts.encode,
            texts.decode,
            texts.turns if texts.chat else None,
            turns,
            self.runtime.extra_models,
            texts.tokenizer,
            self.runtime.engine.parts.masked,
        )
        made = decoder.make(inputs, key=ask.key)
        run = _Run(self, asks, listeners, futures, len(prompt))
        flow = self.runtime.engine.start(made, run.done, run.watch)
        run.flow = flow
        for future in futures:
            self._work.setdefault(future, []).append(flow)

    def decode_rest(
        self, asks: Sequence[Generate], listeners: Sequence[Listener], futures: Sequence[Future[Reply]]
    ) -> None:
        """Starts another run for asks that the last run had no text for."""
        self._decode(asks, self._ids(asks[0]), listeners, futures)

    def forget(self, future: Future[Reply]) -> None:
        """Drops a fulfilled future."""
        self._work.pop(future, None)

    def _read(self, ask: Ask, future: Future[Reply]) -> None:
        texts, engine = self.runtime.texts, self.runtime.engine
        if isinstance(ask, Embed):
            tokens = [texts.alone(text)[: engine.context - 1] for text in ask.texts]
            usage = Usage(sum(map(len, tokens)))
            flow = embeddings(tokens, len(engine.parts.layers))
            self._start(flow, future, lambda found: Reply(vectors=found, usage=usage))
            return
        assert isinstance(ask, Score), "the driver sends only what `info.can` covers"
        if ask.what != "logprob":
            raise UsageError("this model gives log-probabilities; rewards come from reward:NAME")
        prompt = texts.ids(ask.prompt, ask.prefix)
        continuations = [texts.encode(text) for text in ask.continuations]
        size = len(prompt) + max(map(len, continuations), default=0)
        if size >= engine.context:
            raise UsageError(f"the prompt takes {size} tokens, the context is {engine.context}")
        spent = sum(max(0, len(tokens) - 1) for tokens in continuations)

        def reply(found: tuple[tuple[float, ...], int]) -> Reply:
            return Reply(scores=found[0], usage=Usage(len(prompt) + spent, 0, found[1]))

        self._start(scores(prompt, continuations), future, reply)

    def _start(self, flow: Any, future: Future[Reply], reply: Callable[[Any], Reply]) -> None:
        def done(result: Any, error: BaseException | None) -> None:
            self._work.pop(future, None)
            _set(future, Reply("failed", error=str(error)) if error else reply(result))

        self._work[future] = [self.runtime.engine.start(flow, done)]

    def _check_bias(self, sampling: Sampling) -> None:
        """Raises UsageError for a bias on a token that the model does not have; in a batch it would end all texts."""
        size = self.runtime.engine.parts.vocabulary
        if beyond := [token for token, _ in sampling.logit_bias or () if token >= size]:
            raise UsageError(f"logit_bias: the model has {size} tokens, there is none with the id {beyond[0]}")

    def _ids(self, ask: Generate) -> tuple[int, ...]:
        prompt = self.runtime.texts.ids(ask.prompt, ask.prefix)
        if len(prompt) >= self.runtime.engine.context:
            raise UsageError(f"the prompt takes {len(prompt)} tokens, the context is {self.runtime.engine.context}")
        return prompt


class _Run:
    """A decoding method's run for equal asks; its texts are the answers."""

    def __init__(
        self,
        worker: Worker,
        asks: Sequence[Generate],
        listeners: Sequence[Listener],
        futures: Sequence[Future[Reply]],
        prompt: int,
    ) -> None:
        self._worker, self._asks, self._listeners, self._futures = worker, asks, listeners, futures
        self._prompt = prompt
        self.flow: RunningDecoding | None = None
        self._stopped = False

    def watch(self, emitted: Emit) -> None:
        """Takes emitted tokens: updates the progress and looks for stop texts."""
        if emitted.index >= len(self._listeners):
            return
        listener = self._listeners[emitted.index]
        for token in emitted.tokens:
            if listener.stop_text is None:
                listener(token)
        if len(self._listeners) == 1 and listener.stop_text is not None and self.flow is not None:
            self._stopped = True
            self.flow.cancelled = True

    def done(self, texts: Any, error: BaseException | None) -> None:
        """Answers the asks, when the run has ended or was stopped because a stop text ended its only text."""
        if error is not None and self._stopped:
            texts, error = (Decoded((), "end"),), None
        if error is not None:
            for future in self._futures:
                self._worker.forget(future)
                _set(future, Reply("failed", error=f"{error}" or type(error).__name__))
            return
        count = min(len(texts), len(self._asks))
        for place in range(count):
            self._worker.forget(self._futures[place])
            reply = reply_of_decoded(self._listeners[place], self._prompt, texts[place], first=place == 0)
            _set(self._futures[place], reply)
        if count < len(self._asks):
            rest = slice(count, None)
            self._worker.decode_rest(self._asks[rest], self._listeners[rest], self._futures[rest])


def _set(future: Future[Reply], reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)
