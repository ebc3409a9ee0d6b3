"""One ask's text: drawn by the engine's own sampling, or by a decoding method."""

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

__all__ = ["Listener", "draw_of", "reply_of_completion", "reply_of_draft"]

_STOPS: dict[str, Stop] = {
    "end": "end",
    "stop": "end",
    "length": "length",
    "memory": "failed",
    "cancelled": "cancelled",
}


class Listener:
    """Turns tokens into text as they come, tells the progress, and finds stop texts."""

    def __init__(self, runtime: Runtime, ask: Generate, progress: Progress, place: int) -> None:
        self.runtime, self.ask, self.progress, self.place = runtime, ask, progress, place
        self.stop_text: str | None = None
        self._text: list[str] = []
        self._held = 0
        self._state = runtime.texts.detokenizer.start(continued=True)
        self._stops = stops(ask.sampling.stop or ())

    def __call__(self, token: int) -> bool:
        """Takes a token; whether a stop text ends the answer here."""
        self.progress.completion_tokens[self.place] += 1
        self._state, piece = self.runtime.texts.detokenizer.push(self._state, token)
        found = self._stops.push(self._held, piece)
        self._held, self.stop_text = found.state, found.stop_text
        if found.text:
            self._text.append(found.text)
            self.progress.texts[self.place] += found.text
        return self.stop_text is not None

    def whole(self) -> str:
        """The text, where no token follows."""
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
        runtime.end,
        constraint=matcher,
        on_token=listener if listens else None,
        on_done=done,
    )


def reply_of_completion(listener: Listener, draw: SampleRequest, completion: Completion, *, first: bool) -> Reply:
    """The reply to an ask that the engine drew. The prompt is charged to the first of several asks alike."""
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


def reply_of_draft(listener: Listener, prompt: int, draft: Decoded, *, first: bool) -> Reply:
    """The reply to an ask that a decoding method answered."""
    for token in draft.tokens[listener.progress.completion_tokens[listener.place] :]:
        if listener(token):
            break
    text = listener.whole()
    stop: Stop = "end" if listener.stop_text or draft.ended == "end" else "length"
    logprobs = tuple((value, ()) for value in draft.logprobs)
    return Reply(
        stop,
        text,
        _tokens(listener.runtime, draft.tokens, logprobs) if listener.ask.sampling.logprobs is not None else (),
        usage=Usage(prompt if first else 0, listener.progress.completion_tokens[listener.place], 0),
        stop_text=(listener.stop_text or "") if stop == "end" else None,
        raw=_told(draft),
    )


def _told(draft: Decoded) -> dict[str, float] | None:
    """What a method says of its draft beside the text; None where that is nothing."""
    found: dict[str, float] = {} if draft.score is None else {"score": draft.score}
    if draft.depths:
        found["layers"] = fmean(draft.depths)
    return found | {"spent": draft.spent} if found else None


def _tokens(runtime: Runtime, tokens: Sequence[int], logprobs: Sequence[TokenLogprobs]) -> tuple[Token, ...]:
    name = runtime.texts.detokenizer.name
    pairs = [(token, found) for token, found in zip(tokens, logprobs, strict=False) if token not in runtime.end]
    return tuple(Token(name(token), own, tuple((name(t), v) for t, v in top)) for token, (own, top) in pairs)
