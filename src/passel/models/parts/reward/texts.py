"""From an ask to a row: the prompt as its model was trained to see it, the marks after steps, the tokens."""

from __future__ import annotations

from typing import Any

from passel.core.ask import Prompt, Score
from passel.core.errors import UsageError
from passel.models.parts.reward.layout import Encode, Row, Unfit, chain, pack, whole
from passel.models.parts.reward.settings import Settings

__all__ = ["Texts"]

_SEPARATOR = "<extra_0>"
"""The token at which Qwen2.5-Math-PRM says a step's value."""

_JOINS = {"sequence": "\n", "lm": " "}


class Texts:
    """A tokenizer with what the settings say of texts. The head is settled."""

    def __init__(self, settings: Settings, tokenizer: Any) -> None:
        if not tokenizer.is_fast:
            raise UsageError(f"{settings.path} has a tokenizer that cannot tell which characters a token covers")
        self._settings, self._tokenizer = settings, tokenizer
        self._marker = self._default_marker() if settings.marker is None else settings.marker
        self._join = _JOINS.get(settings.head, "") if settings.join is None else settings.join

    def row(self, ask: Score) -> Row:
        """The row for an ask. Raises Unfit for a text that can have no value, UsageError for what the head cannot."""
        parts, head = ask.continuations, self._settings.head
        if not parts:
            raise Unfit("no continuations")
        if head == "sequence":
            if len(parts) > 1:
                raise UsageError(
                    f"{self._settings.path} rewards a whole answer an ask; steps and alternatives need a model with "
                    "head token, lm or vocabulary"
                )
            return self._whole(ask.prompt, ask.prefix + "".join(parts))
        vocabulary = head == "vocabulary"
        begin, encode = self._begin(ask.prompt, ask.prefix)
        if ask.chain or len(parts) == 1:
            return chain(begin, parts, encode, marker=self._marker, vocabulary=vocabulary)
        return pack([chain(begin, (part,), encode, marker=self._marker, vocabulary=vocabulary) for part in parts])

    def words(self) -> tuple[int, int]:
        """The tokens of the good and the bad word. Raises UsageError if they are not two."""
        told = (self._settings.good, self._settings.bad)
        good, bad = (self._tokenizer.encode(word, add_special_tokens=False)[-1:] for word in told)
        if not good or not bad or good == bad or self._tokenizer.unk_token_id in (*good, *bad):
            raise UsageError(f"the tokenizer of {self._settings.path} cannot tell good={told[0]} from bad={told[1]}")
        return good[0], bad[0]

    def _default_marker(self) -> str:
        if self._settings.head == "lm":
            return " ки\n"
        return _SEPARATOR if _SEPARATOR in self._tokenizer.get_vocab() else "\n"

    def _begin(self, prompt: Prompt, prefix: str) -> tuple[str, Encode]:
        if isinstance(prompt, str):
            return prompt + prefix, self._encoder(special=True)
        if not self._tokenizer.chat_template:
            return "\n".join([turn.content for turn in prompt]) + self._join + prefix, self._encoder(special=True)
        turns = [{"role": turn.author, "content": turn.content} for turn in prompt]
        told: str = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return told + prefix, self._encoder(special=False)

    def _whole(self, prompt: Prompt, answer: str) -> Row:
        if isinstance(prompt, str) or not self._tokenizer.chat_template:
            return whole(*self._begin(prompt, answer))
        turns = [{"role": turn.author, "content": turn.content} for turn in prompt]
        turns.append({"role": "assistant", "content": answer})
        told: str = self._tokenizer.apply_chat_template(turns, tokenize=False)
        return whole(told, self._encoder(special=False))

    def _encoder(self, *, special: bool) -> Encode:
        def encode(text: str) -> tuple[list[int], list[tuple[int, int] | None]]:
            made = self._tokenizer(
                text, add_special_tokens=special, return_offsets_mapping=True, return_special_tokens_mask=True
            )
            marks = zip(made["offset_mapping"], made["special_tokens_mask"], strict=True)
            spans = [None if mask and tuple(span) == (0, 0) else (span[0], span[1]) for span, mask in marks]
            return made["input_ids"], spans

        return encode
