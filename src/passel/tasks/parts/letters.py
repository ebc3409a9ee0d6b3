"""Multiple choice: answers that are a letter, and questions with lettered options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from passel.core.problem import Answer
from passel.tasks.parts.stated import first_line, last_line, plain, stated
from passel.tasks.parts.texts import normal

__all__ = ["LetterReader", "with_options"]

_OPENING = re.compile(r"\W*(?:option|choice)?\W*(?:\\text\{)?(?:\(([A-Za-z])\)|([A-Z])(?![\w'’]))")
_WHOLE = re.compile(r"\W*([A-Za-z])\W*|\W*\(?([A-Z])[).:]\s.*", re.DOTALL)
_BRACKETED = re.compile(r"\(([A-Z])\)")


def with_options(question: str, options: Sequence[str]) -> str:
    """The question with its options below, a letter each.

    >>> print(with_options("Pick one.", ["red", "blue"]))
    Pick one.
    (A) red
    (B) blue
    """
    lines = [f"({letter}) {option}" for letter, option in zip(ascii_uppercase, options, strict=False)]
    return "\n".join([question.strip(), *lines])


@dataclass(frozen=True, slots=True)
class LetterReader:
    """Reads a letter, or the text of an option, out of a text. Without options every letter counts."""

    options: tuple[str, ...] = ()

    def __call__(self, text: str, /) -> Answer | None:
        for rest in stated(text):
            line = first_line(rest)
            if answer := self._letter(_OPENING.match(line)) or self._option(line):
                return answer
        if answer := self._letter(_WHOLE.fullmatch(text)) or self._option(text) or self._option(last_line(text)):
            return answer
        for letter in reversed(_BRACKETED.findall(text)):
            if self._known(letter):
                return Answer(letter, letter)
        return None

    def _known(self, letter: str) -> bool:
        return ascii_uppercase.index(letter) < (len(self.options) or 26)

    def _letter(self, match: re.Match[str] | None) -> Answer | None:
        letter = (match[1] or match[2]).upper() if match else ""
        return Answer(letter, letter) if letter and self._known(letter) else None

    def _option(self, text: str) -> Answer | None:
        wanted = normal(plain(text))
        found = [ascii_uppercase[i] for i, option in enumerate(self.options[:26]) if normal(option) == wanted]
        return Answer(plain(text), found[0]) if len(found) == 1 and wanted else None
