"""What a text must fit: a JSON schema, a pattern or a grammar, as the tokens that may come next.

llguidance (docs/decisions/0020-constraints.md) keeps the parse and computes the tokens; here it is bound to a
tokenizer and a vocabulary, and its errors are made one line.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from typing import Any, Literal, final

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine.sampling import Transform, mask, on

__all__ = ["Constraints", "Grammar", "Matcher"]

_MOST_GRAMMARS = 256
_JSON = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""JSON in one line, with at most one space after a comma and a colon: where any white space is allowed, a small model
may write nothing else until its tokens run out. A schema's own "x-guidance" goes before this."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a text must fit.

    Args:
        kind: json_schema: JSON text of a schema; regex: a pattern in RE2's syntax, where \\d, \\w and \\s are ASCII,
            without assertions but at its two ends; lark: a grammar in llguidance's variant of Lark.
        text: the schema, the pattern or the grammar.
    """

    kind: Literal["json_schema", "regex", "lark"]
    text: str

    @classmethod
    def of(cls, sampling: Sampling) -> Grammar | None:
        """The constraint that the sampling parameters hold, if any."""
        if sampling.json_schema is not None:
            return cls("json_schema", sampling.json_schema)
        return None if sampling.regex is None else cls("regex", sampling.regex)


@final
class Matcher:
    """Where one text stands in its grammar. Made by `Constraints.matcher`.

    It changes as its text goes on: the parse is too large to copy at each token. `fork` copies it (5 µs).
    """

    __slots__ = ("_ends", "_tokenizer", "error", "parse")

    def __init__(self, parse: Any, tokenizer: Any, ends: frozenset[int]) -> None:
        self.parse, self._tokenizer, self._ends = parse, tokenizer, ends
        self.error = ""
        """Why the text cannot go on although it does not fit the grammar yet; "" as long as all is well."""

    @property
    def finished(self) -> bool:
        """Whether nothing may follow but an end token: the text is whole, or there is an error."""
        return self.parse.is_stopped()

    @property
    def complete(self) -> bool:
        """Whether the text so far fits the grammar as it is, be it finished or not."""
        return not self.error and self.parse.is_accepting()

    def advance(self, token: int) -> None:
        """The text has gone on by a token, one of those that `Constraints.allowed` gave; else there is an error."""
        if token in self._ends and not self.parse.is_accepting():
            self.error = "no token of the vocabulary goes on with what the grammar wants"
        if not self.parse.consume_token(token) and not self.error:
            self.error = _line(self.parse.get_error())

    def read(self, text: str) -> None:
        """The answer begins with this text. Raises UsageError where no answer that fits does."""
        tokens = self._tokenizer.greedy_tokenize(text)
        fitting = self.parse.try_consume_tokens(tokens)
        if fitting < len(tokens):
            rest = self._tokenizer.decode_str(tokens[fitting:])
            raise UsageError(f"the begun answer does not fit the grammar from {rest[:40]!r} on")

    def fits(self, tokens: Sequence[int]) -> int:
        """How many of these tokens, from the first, the text may go on with; nothing is changed."""
        return self.parse.validate_tokens(list(tokens))

    def forced(self) -> list[int]:
        """Tokens that must come next, whatever the model says; often none."""
        return self.parse.compute_ff_tokens()

    def rollback(self, tokens: int) -> None:
        """Takes back the last tokens."""
        done = self.parse.rollback(tokens)
        assert done, "more tokens taken back than have come"

    def fork(self) -> Matcher:
        """A matcher of its own that stands where this one does."""
        forked = Matcher(self.parse.deep_copy(), self._tokenizer, self._ends)
        forked.error = self.error
        return forked


@final
class Constraints:
    """The grammars of one tokenizer, each compiled once. Usable from any thread; a matcher from one at a time.

    Args:
        tokenizer: a fast tokenizer of transformers, or a `tokenizers.Tokenizer`.
        vocab: logits that the model has for a token, maybe more than the tokenizer has tokens: those that it lacks are
            never allowed.
        ends: tokens that end a text; allowed where the text fits its grammar, and nowhere else. At least one.

    A grammar that demands the name of a special token as text (`<|im_end|>`) is not met: llguidance takes the name for
    the token. It is refused, or ends with the matcher's error.

    llguidance reads the tokenizer (half a second for 50,000 tokens) when the first matcher is asked for.

    Raises UsageError where the tokenizer is not a fast one.
    """

    def __init__(self, tokenizer: Any, *, vocab: int, ends: Sequence[int]) -> None:
        self._backend: Any = copy(getattr(tokenizer, "backend_tokenizer", tokenizer))
        if not hasattr(self._backend, "to_str"):
            raise UsageError(f"the tokenizer must be a fast one, got {type(tokenizer).__name__}")
        self._vocab, self._ends = vocab, frozenset(ends)
        self._compiled: dict[Grammar, Any] = {}
        self._lock = threading.Lock()

    def matcher(self, grammar: Grammar) -> Matcher:
        """A matcher at the beginning of a text. Raises UsageError that names the field and what is wrong in it, and
        where llguidance is missing or no token ends a text."""
        with self._lock:
            if (made := self._compiled.get(grammar)) is None:
                if len(self._compiled) >= _MOST_GRAMMARS:
                    self._compiled.clear()
                made = self._compiled[grammar] = self._compile(grammar)
            return Matcher(made.deep_copy(), self._tokenizer, self._ends)

    def allowed(self, matchers: Sequence[Matcher], device: torch.device | None = None) -> Bool[Tensor, "rows vocab"]:
        """The tokens that each text may go on with. Of a finished text these are the end tokens."""
        words = (self._tokenizer.vocab_size + 31) // 32 if matchers else 0
        packed = np.zeros((len(matchers), words), dtype=np.int32)
        rows = [(matcher.parse, row) for row, matcher in enumerate(matchers)]
        if rows:
            self._executor.unsafe_compute_mask_ptr(rows, packed.ctypes.data, 4 * words, len(rows))
        octets = packed.view(np.uint8)
        if device is None or device.type == "cpu":
            bits = np.unpackbits(octets, axis=1, count=self._vocab, bitorder="little")
            return torch.from_numpy(bits.view(np.bool_))
        return _unpacked(torch.from_numpy(octets).to(device), self._vocab)

    def transform(self, matchers: Sequence[Matcher | None], device: torch.device | None = None) -> Transform:
        """Excludes what the matchers do not allow; rows with None stay as they are."""
        rows = [row for row, matcher in enumerate(matchers) if matcher is not None]
        allowed = self.allowed([matcher for matcher in matchers if matcher is not None], device)
        return on(torch.tensor(rows, dtype=torch.int64, device=device), partial(mask, allowed=allowed))

    @cached_property
    def _library(self) -> Any:
        try:
            return import_module("llguidance")
        except ImportError:
            raise UsageError('constraints need llguidance: pip install "passel[engine]"') from None

    @cached_property
    def _tokenizer(self) -> Any:
        if not self._ends:
            raise UsageError("constraints need a token that ends a text, and the model has none")
        self._backend.no_padding()
        self._backend.no_truncation()
        return self._library.LLTokenizer(self._backend.to_str(), eos_token=sorted(self._ends))

    @cached_property
    def _executor(self) -> Any:
        return self._library.LLExecutor()

    def _compile(self, grammar: Grammar) -> Any:
        limits = self._library.LLParserLimits(verbose_errors=False)
        matcher = self._library.LLMatcher(self._tokenizer, self._lark(grammar), log_level=0, limits=limits)
        if matcher.is_error():
            raise UsageError(f"{grammar.kind}: {_line(matcher.get_error())}")
        first = np.frombuffer(matcher.compute_bitmask(), np.uint8)
        tokens = np.flatnonzero(np.unpackbits(first, bitorder="little"))
        if self._ends.issuperset(tokens.tolist()) and not matcher.is_accepting():
            raise UsageError(f"{grammar.kind}: no text fits it")
        return matcher

    def _lark(self, grammar: Grammar) -> str:
        if grammar.kind == "json_schema":
            try:
                return self._library.LLMatcher.grammar_from_json_schema(grammar.text, defaults=_JSON)
            except ValueError as error:
                raise UsageError(f"json_schema: {_line(str(error))}") from None
        if grammar.kind == "lark":
            return grammar.text
        if len(grammar.text) - len(grammar.text.rstrip("\\")) & 1:
            raise UsageError("regex: it ends with a backslash that escapes nothing")
        return f"start: /{self._library.regex_to_lark(grammar.text, 'dws')}/" if grammar.text else 'start: ""'


def _unpacked(octets: Tensor, vocab: int) -> Tensor:
    """Bits, the lowest first, as truth values; where there are fewer than `vocab`, the rest is False."""
    places = torch.arange(8, dtype=torch.uint8, device=octets.device)
    bits = ((octets[:, :, None] >> places) & 1).bool().flatten(1)
    return torch.nn.functional.pad(bits, (0, max(0, vocab - bits.shape[1])))[:, :vocab]


def _line(message: str) -> str:
    """llguidance's message in one line: of a pattern's report the reason, else the first line without its position."""
    if reason := re.search(r"^error: (.+)$", message, re.MULTILINE):
        return reason[1]
    return re.sub(r"^at \d+\(\d+\): ", "", message.strip().partition("\n")[0])
