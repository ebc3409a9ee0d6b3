"""The text of an ask: sampled by the engine, or made by a decoding method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from passel.core.ask import Generate
from passel.core.model import Progress
from passel.core.reply import Reply, Stop, Token, Usage
from passel.decoding import Decoded
from passel.engine.constraints import Grammar, Matcher
from passel.engine.sample_requests import Completion, SampleRequest, TokenLogprobs
from passel.engine.text.stops import stops
from passel.models.parts.torch.runtime import Runtime

__all__ = ["Listener", "draw_of", "reply_of_completion", "reply_of_decoded"]

_STOPS: dict[str, Stop] = {
    "end": "end",
    "stop": "end",
    "length": "length",
    "memory": "failed",
    "cancelled": "cancelled",
}


class Listener:
    """Turns tokens into text as they arrive, updates the progress, and finds stop texts."""

    def __init__(self, runtime: Runtime, ask: Generate, progress: Progress, place: int) -> None:
        self.runtime, self.ask, self.progress, self.place = runtime, ask, progress, place
        self.stop_text: str | None = None
        self._text: list[str] = []
        self._held = 0
        self._state = runtime.texts.detokenizer.start(continued=True)
        self._stops = stops(ask.sampling.stop or ())

    def __call__(self, token: int) -> bool:
        """Adds a token. Returns whether a stop text ends the answer here."""
        self.progress.completion_tokens[self.place] += 1
        self._state, piece = self.runtime.texts.detokenizer.push(self._state, token)
        found = self._stops.push(self._held, piece)
        self._held, self.stop_text = found.state, found.stop_text
        if found.text:
            self._text.append(found.text)
            self.progress.texts[self.place] += found.text
        return self.stop_text is not None

    def whole(self) -> str:
        """The whole text, after the last token."""
        if self.stop_text is None:
            last = self._stops.push(self._held, self.runtime.texts.detokenizer.finish(self._state))
            self.stop_text = last.stop_text
            self._text += [last.text, "" if last.stop_text else self._stops.finish(last.state)]
        return "".join(self._text)


def draw_of(
    runtime: Runtime, ask: Generate, prompt: tuple[int, ...], listener: Listener, done: Callable[[Completion], None]
) -> SampleRequest:
    """The engine's draw for an ask. Raises UsageError for a constraint that cannot be."""
    grammar, matcher = Grammar.of(ask.sampling), None
    if grammar:
        matcher = runtime.constraints.matcher(grammar)
        if ask.prefix:
            matcher.read(ask.prefix)
    listens = bool(ask.sampling.stop) or listener.progress.watched
    return SampleRequest(
        prompt,
        ask.sampling,
        ask.key.bits(),
        runtime.end_tokens,
        constraint=matcher,
        on_token=listener if listens else None,
        on_done=done,
    )


def reply_of_completion(listener: Listener, draw: SampleRequest, completion: Completion, *, first: bool) -> Reply:
    """The reply to an ask that the engine sampled. The prompt is charged to the first of several equal asks."""
    runtime, tokens = listener.runtime, completion.tokens
    if draw.on_token is None:
        for token in tokens:
            listener(token)
    stop = _STOPS.get(completion.ended, "failed")
    text = listener.whole()
    if listener.stop_text:
        stop = "end"
    matcher = draw.constraint
    error = {"memory": "the engine's memory does not hold this text", "failed": "the engine broke"}.get(
        completion.ended
    )
    if isinstance(matcher, Matcher) and matcher.error:
        stop, error = "failed", matcher.error
    prompt = len(draw.prompt) if first else 0
    return Reply(
        stop,
        text,
        _tokens(runtime, tokens, completion.logprobs),
        usage=Usage(prompt, len(tokens), min(completion.cached, prompt)),
        stop_text=(listener.stop_text or "") if stop == "end" else None,
        error=error,
    )


def reply_of_decoded(listener: Listener, prompt: int, decoded: Decoded, *, first: bool) -> Reply:
    """The reply to an ask that a decoding method answered."""
    for token in decoded.tokens[listener.progress.completion_tokens[listener.place] :]:
        if listener(token):
            break
    text = listener.whole()
    stop: Stop = "end" if listener.stop_text or decoded.ended == "end" else "length"
    logprobs = tuple((value, ()) for value in decoded.logprobs)
    return Reply(
        stop,
        text,
        _tokens(listener.runtime, decoded.tokens, logprobs) if listener.ask.sampling.logprobs is not None else (),
        usage=Usage(prompt if first else 0, listener.progress.completion_tokens[listener.place], 0),
        stop_text=(listener.stop_text or "") if stop == "end" else None,
        raw=_figures(decoded),
    )


def _figures(decoded: Decoded) -> dict[str, float] | None:
    """The figures that a method gives with its text; None if it gives none."""
    figures: dict[str, float] = {} if decoded.score is None else {"score": decoded.score}
    if decoded.depths:
        figures["layers"] = fmean(decoded.depths)
    return figures | {"spent": decoded.spent} if figures else None


def _tokens(runtime: Runtime, tokens: Sequence[int], logprobs: Sequence[TokenLogprobs]) -> tuple[Token, ...]:
    name = runtime.texts.detokenizer.name
    pairs = [(token, found) for token, found in zip(tokens, logprobs, strict=False) if token not in runtime.end_tokens]
    return tuple(Token(name(token), own, tuple((name(t), v) for t, v in top)) for token, (own, top) in pairs)
