"""Puts the choices of a streamed response together again, and tells a pass's progress as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from passel.core.model import Progress
from passel.models.parts.logprobs import token_count
from passel.models.parts.loose import count, joined, listing, mapping, text_of
from passel.models.parts.replies import Answer, estimate, is_llama_cpp, stop_reason

__all__ = ["Collector"]

_ONE_TOKEN = 32
"""Characters; a longer piece of text is taken to be more than one token."""


@dataclass(slots=True)
class _Choice:
    content: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    logprobs: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    finish_reason: str | None = None
    matched: dict[str, Any] = field(default_factory=dict[str, Any])
    tokens: int = 0
    usage: dict[str, Any] | None = None
    chat: bool = True
    begun: bool = False

    def whole(self, index: int) -> dict[str, Any]:
        """The choice in the form of a response that is not streamed."""
        text = "".join(self.content)
        said: dict[str, Any] = {"message": {"role": "assistant", "content": text}} if self.chat else {"text": text}
        if self.reasoning:
            said["message"]["reasoning_content"] = "".join(self.reasoning)
        report = {"logprobs": self.logprobs} if self.logprobs else {}
        return {"index": index, **said, **report, "finish_reason": self.finish_reason, **self.matched}


class Collector:
    """Takes the events of one stream.

    Args:
        progress: of the group that the request is for; written as text arrives.
        places: which ask of the group each choice answers.
        prompt_estimate: prompt tokens until the endpoint says.
    """

    def __init__(self, progress: Progress, places: Sequence[int], prompt_estimate: int) -> None:
        self._progress, self._places, self._prompt_estimate = progress, places, prompt_estimate
        self._choices = [_Choice() for _ in places]
        self._usage: dict[str, Any] | None = None
        self._latest = 0
        self._llama_cpp = False
        self.done = False
        for place in places:
            progress.texts[place], progress.completion_tokens[place] = "", 0

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: the end was announced, or every choice has ended."""
        return self.done or all(choice.finish_reason is not None for choice in self._choices)

    @property
    def received(self) -> int:
        """Completion tokens so far."""
        return sum(choice.tokens for choice in self._choices)

    def add(self, event: dict[str, Any]) -> None:
        """Takes one event."""
        self._llama_cpp = self._llama_cpp or is_llama_cpp(event)
        for part in listing(event.get("choices")):
            self._part(mapping(part), stop_reason(event, mapping(part)))
        if usage := mapping(event.get("usage")):
            # llama.cpp sends one usage for each choice, right after the choice's end; others one for all, at the end.
            self._choices[self._latest].usage = usage if is_llama_cpp(event) else None
            self._usage = usage

    def answer(self) -> Answer:
        """The choices that came, in the form of a response that is not streamed."""
        begun = [choice for choice in self._choices if choice.begun]
        usages = [choice.usage for choice in begun if choice.usage is not None]
        return Answer(
            [choice.whole(index) for index, choice in enumerate(begun)],
            self._usage,
            counted=[choice.tokens for choice in begun],
            usages=usages if len(usages) == len(begun) else None,
            llama_cpp=self._llama_cpp,
        )

    def _part(self, part: dict[str, Any], matched: dict[str, Any]) -> None:
        index = count(part.get("index")) or 0
        if index >= len(self._choices):
            return
        choice, self._latest = self._choices[index], index
        choice.begun, choice.chat = True, "text" not in part
        delta = mapping(part.get("delta")) if choice.chat else part
        text = joined(delta.get("content") if choice.chat else part.get("text"))
        thought = text_of(delta.get("reasoning_content")) or text_of(delta.get("reasoning"))
        choice.finish_reason = text_of(part.get("finish_reason")) or choice.finish_reason
        choice.matched |= matched
        for name, values in mapping(part.get("logprobs")).items():
            if isinstance(values, list):
                choice.logprobs.setdefault(name, []).extend(listing(values))
        if text:
            choice.content.append(text)
        if thought:
            choice.reasoning.append(thought)
        choice.tokens += token_count(part) or _size(text) + _size(thought)
        self._report(index, choice, text)

    def _report(self, index: int, choice: _Choice, text: str) -> None:
        place = self._places[index]
        self._progress.texts[place] += text
        self._progress.completion_tokens[place] = choice.tokens
        self._progress.prompt_tokens = self._progress.prompt_tokens or self._prompt_estimate


def _size(text: str) -> int:
    return min(1, len(text)) if len(text) <= _ONE_TOKEN else estimate(text)
