"""Tokens to text, one at a time: whole characters only, and in the end exactly what decoding all at once gives."""

from __future__ import annotations

from codecs import utf_8_decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

from passel.core.errors import UsageError
from passel.engine.text.decoders import rules_of

__all__ = ["Detokenizer", "DetokenizerState"]


@dataclass(frozen=True, slots=True)
class DetokenizerState:
    """What the next token's text depends on.

    Args:
        held: bytes that are no whole character yet.
        lead: characters (Strip) or tokens (others) that the beginning of a text is still without.
    """

    held: bytes = b""
    lead: int = 0


_PLAIN = DetokenizerState()


@final
class Detokenizer:
    """The text of a tokenizer's tokens as they come. State goes in and comes out; the object only remembers pieces.

    The texts joined are those of `tokenizers`' own decoding with special tokens left out. Each token costs a look-up
    in a table of pieces, which is filled as tokens are met. Byte-level tokenizers hold back an unfinished character
    (3 bytes at most). Tokenizers with byte tokens (`<0xE2>`) hold back a whole run of them, because one wrong byte
    turns the run into replacement characters.

    Args:
        tokenizer: a fast tokenizer of transformers, or a `tokenizers.Tokenizer`.

    Raises UsageError where the tokenizer's decoder is of another kind (WordPiece, CTC).
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
        if not hasattr(self._tokenizer, "get_added_tokens_decoder"):
            raise UsageError(f"the tokenizer must be a fast one, got {type(tokenizer).__name__}")
        added = self._tokenizer.get_added_tokens_decoder()
        self._special = frozenset(token for token, entry in added.items() if entry.special)
        self._rules = rules_of(self._tokenizer.decoder)
        self._pieces: dict[int, str | bytes | None] = {}

    def start(self, *, continued: bool = False) -> DetokenizerState:
        """The state before the first token: of a text, or of what continues one (its leading space is then kept)."""
        return DetokenizerState(lead=self._rules.lead) if self._rules.lead and not continued else _PLAIN

    def push(self, state: DetokenizerState, token: int) -> tuple[DetokenizerState, str]:
        """The state after a token, and the text that is certain now. Tokens that the tokenizer lacks have no text."""
        try:
            piece = self._pieces[token]
        except KeyError:
            piece = self._learn(token)
        if state is _PLAIN and type(piece) is str:
            return state, piece
        return self._join(state, token, piece)

    def push_rows(
        self, states: Iterable[DetokenizerState], tokens: Iterable[int]
    ) -> tuple[list[DetokenizerState], list[str]]:
        """`push` for a batch of rows, one token each."""
        pairs = [self.push(state, token) for state, token in zip(states, tokens, strict=True)]
        return [state for state, _ in pairs], [text for _, text in pairs]

    def finish(self, state: DetokenizerState) -> str:
        """What is still held back, where no token follows: replacement characters for what is no whole character."""
        if not state.held:
            return ""
        if self._rules.bytewise:
            return state.held.decode("utf-8", "replace")
        return self._strip(_run(state.held), state.lead)[0]

    def decode(self, tokens: Sequence[int], *, continued: bool = False) -> str:
        """The text of all of them."""
        state, texts = self.start(continued=continued), list[str]()
        for token in tokens:
            state, text = self.push(state, token)
            texts.append(text)
        return "".join(texts) + self.finish(state)

    def name(self, token: int) -> str:
        """A token on its own, for readers: its text, or what a special token is called; "" if there is none."""
        name: str = self._tokenizer.id_to_token(token) or ""
        piece = name if token in self._special else self._rules.piece(name)
        return piece if isinstance(piece, str) else piece.decode("utf-8", "replace")

    def _learn(self, token: int) -> str | bytes | None:
        name: str | None = None if token in self._special else self._tokenizer.id_to_token(token)
        piece = None if name is None else self._rules.piece(name)
        self._pieces[token] = piece
        return piece

    def _join(self, state: DetokenizerState, token: int, piece: str | bytes | None) -> tuple[DetokenizerState, str]:
        if piece is None:
            return state, ""
        if self._rules.bytewise:
            data = state.held + (piece.encode() if isinstance(piece, str) else piece)
            text, used = utf_8_decode(data, "replace", False)
            return (DetokenizerState(data[used:]) if used < len(data) else _PLAIN), text
        if isinstance(piece, bytes):
            return DetokenizerState(state.held + piece, state.lead), ""
        if state.lead and self._rules.first is not None:
            return _PLAIN, self._rules.first(self._tokenizer.id_to_token(token))
        text, lead = self._strip(_run(state.held) + piece, state.lead)
        return (DetokenizerState(lead=lead) if lead else _PLAIN), text

    def _strip(self, text: str, lead: int) -> tuple[str, int]:
        """Without up to `lead` leading characters of the kind that is stripped, and how many may still go."""
        gone = 0
        while gone < lead and text.startswith(self._rules.stripped, gone):
            gone += 1
        return text[gone:], 0 if len(text) > gone else lead - gone


def _run(data: bytes) -> str:
    """A run of byte tokens as text."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\ufffd" * len(data)
