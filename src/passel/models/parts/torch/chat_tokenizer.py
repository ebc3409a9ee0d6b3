"""A model's tokenizer with its chat template: from prompts to token ids and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from passel.core.ask import Message, Prompt
from passel.core.errors import UsageError
from passel.engine.text.detokenize import Detokenizer

__all__ = ["ChatTokenizer"]


class ChatTokenizer:
    """A fast tokenizer of transformers. before: text that is put in front of each prompt."""

    def __init__(self, tokenizer: Any, before: str = "") -> None:
        self.tokenizer, self._before = tokenizer, f"{before}\n\n" if before else ""
        self.detokenizer = Detokenizer(tokenizer)
        self.chat = bool(tokenizer.chat_template)
        self._prompt = lru_cache(maxsize=4096)(self._prompt_ids)

    def ids(self, prompt: Prompt, prefix: str = "") -> tuple[int, ...]:
        """Ids of a prompt: turns by the chat template, raw text as it is, then the answer's beginning."""
        return self._prompt(self._opened(prompt), prefix)

    def alone(self, text: str) -> tuple[int, ...]:
        """Ids of a text with the model's special tokens, without the text in front."""
        return self._prompt(text, "")

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of a text without special tokens."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of ids without special tokens."""
        return self.detokenizer.decode(tokens, continued=True)

    def turns(self, turns: Sequence[tuple[str, str]]) -> tuple[int, ...]:
        """Ids of a chat, up to where the answer begins. Raises UsageError for a model without a chat template."""
        return self.ids(tuple(Message(role, content) for role, content in turns))  # pyright: ignore[reportArgumentType]

    def _opened(self, prompt: Prompt) -> Prompt:
        """The prompt with the text in front: in a chat, in the first turn of the user."""
        if not self._before:
            return prompt
        if isinstance(prompt, str):
            return self._before + prompt
        at = next((place for place, turn in enumerate(prompt) if turn.author == "user"), 0)
        return tuple(
            Message(turn.author, self._before + turn.content) if place == at else turn
            for place, turn in enumerate(prompt)
        )

    def _prompt_ids(self, prompt: Prompt, prefix: str) -> tuple[int, ...]:
        if isinstance(prompt, str):
            return tuple(self.tokenizer.encode(prompt + prefix, add_special_tokens=True)) or self._first()
        if not self.chat:
            # a base model continues raw text, as with the other adapters
            return self._prompt_ids("".join(f"{message.content}\n\n" for message in prompt), prefix)
        messages = [{"role": message.author, "content": message.content} for message in prompt]
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # the template's own refusals are of many kinds
            raise UsageError(f"the model's chat template refuses this: {str(error).splitlines()[0]}") from error
        return tuple(self.tokenizer.encode(text + prefix, add_special_tokens=False))

    def _first(self) -> tuple[int, ...]:
        first = self.tokenizer.bos_token_id
        if first is None:
            first = self.tokenizer.eos_token_id
        return (int(first or 0),)
