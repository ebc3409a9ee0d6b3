"""Multiple choice: answers that are the label of an option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase, digits

from passel.core.problem import Answer
from passel.reading.final_part import final_part
from passel.reading.kinds.prose import normal, plain
from passel.reading.marks import Trust, statements
from passel.reading.marks.refusal import is_refusal
from passel.reading.marks.stated import last_line, without_run_on

__all__ = ["LABELS", "LetterReader", "with_options"]

LABELS = ascii_uppercase + ascii_lowercase + digits
"""Labels of options in their order, 62 of them."""

_HEDGE = (
    r"(?:(?:probably|most likely|likely|definitely|clearly|certainly|therefore|thus|simply|just|either|indeed|"
    r"going to be|"
    r"the|option|choice|letter|answer|statement|number|lettered|la|letra|opción|option|Option)[\s:]+)*"
)
_WRAP = r"[\s*_`\"'“”‘’$#>:.\\{}-]*(?:\\?(?:text|mathrm|mathbf|textbf|boxed)\s*\{)?\s*"
_LETTER = re.compile(
    rf"{_WRAP}{_HEDGE}{_WRAP}"
    r"(?:[(\[]\s*(?P<bracketed>\w)\s*[)\]]|(?P<marked>[A-Za-z0-9])(?=\s*[).:](?:\s|$|\*))|(?P<bare>[A-Z])(?![\w'’+#])|"
    r"(?P<alone>[A-Za-z0-9])(?=[\s*_`\"'”’$}.]*$))",
)
_FOLLOWED = re.compile(r"\s+(?!because|since|as|which|where|for|due|is|and|or|but|,|with|while)[a-z]")
_ANOTHER = re.compile(
    r"[\s)\]*_}]*(?:,|and|or|&|/|y|und|et|ou|或|和)+\s*(?:option\s+)?[*_]*[(\[]?(?P<other>[A-Z])(?![\w'’])[)\]]?"
    r"(?!\s+(?:is|are|was|cannot|can't|does|do|has|would|could|because)\b)"
)
_NEGATED = re.compile(r"\W*(?:not|neither)\b", re.IGNORECASE)
_REVERSED = re.compile(
    r"(?<![\w'’])(?:option|choice|answer|letter)?\s*[*_]*(?P<open>[(\[])?(?P<letter>[A-Z])(?![\w'’])(?P<close>[)\]])?[*_]*"
    r"(?:\s*[:.)]?\s*[^.\n()]{0,40}?)?\s+(?:is|would be|seems|must be|appears to be)\s+"
    r"(?:clearly |probably |likely |therefore )?"
    r"(?:(?:the\s+)?(?:most\s+\w+\s+)?(?:correct|right|best|true|appropriate|answer)\b)(?! (?:that|only|if))",
)
_CONNECTIVE = re.compile(r"^\W*(?:so|therefore|thus|hence|then|finally|in conclusion)\b,?\s*", re.IGNORECASE)
_BRACKETED = re.compile(r"[(\[]([A-Za-z0-9])[)\]]")
_BEGINS = re.compile(r"\W*(?:\((?P<bracketed>[A-Za-z0-9])\)|(?P<marked>[A-Za-z])[).:](?=\s|$))")


def with_options(question: str, options: Sequence[str]) -> str:
    """Returns the question with its options below, a label each.

    >>> print(with_options("Pick one.", ["red", "blue"]))
    Pick one.
    (A) red
    (B) blue
    """
    lines = [f"({label}) {option}" for label, option in zip(LABELS, options, strict=False)]
    return "\n".join([question.strip(), *lines])


@dataclass(frozen=True)
class LetterReader:
    """Reads the label of an option, or an option's text, out of a text. Without options every letter counts.

    A stated answer that is no single label of an option ("none of the above", "(F)" of five, "(A) and (B)") is not
    read, and nothing else in the text is taken for it.

    >>> reader = LetterReader(("red", "green", "blue"))
    >>> texts = ("(A) no. So the answer is probably B.", "Blue", "The answer is (F).")
    >>> [getattr(reader(text), "key", None) for text in texts]
    ['B', 'C', None]
    """

    options: tuple[str, ...] = ()

    def __call__(self, text: str, /) -> Answer | None:
        stated = False
        for statement in statements(text):
            line = _line(statement.content)
            if statement.trust is Trust.LINE:
                if stated:
                    return None
                break
            if _NEGATED.match(line):
                continue
            if answer := self._option(line) or self._letter(line, remark=statement.trust is Trust.REMARK):
                return answer
            if statement.trust is not Trust.REMARK and (self._refused(line) or statement.bounded):
                return None
            stated = stated or statement.trust is Trust.SENTENCE
        return self._unannounced(text)

    @cached_property
    def _by_text(self) -> dict[str, str | None]:
        """The label of each option's text; None for a text that two options have."""
        labels: dict[str, str | None] = {}
        for label, option in zip(LABELS, self.options, strict=False):
            key = normal(option)
            labels[key] = None if key in labels else label
        return labels

    def _known(self, letter: str) -> str | None:
        """The label that a letter names: as it is written, else, where there are few options, its upper case."""
        labels = LABELS[: len(self.options) or 26]
        if letter in labels:
            return letter
        return letter.upper() if len(self.options) <= 26 and letter.upper() in labels else None

    def _letter(self, line: str, *, remark: bool = False) -> Answer | None:
        match = _LETTER.match(line)
        if match is None:
            return None
        written = match["bracketed"] or match["marked"] or match["bare"] or match["alone"]
        rest = line[match.end() :]
        if match["bare"] and written in "AI" and _FOLLOWED.match(rest):
            return None  # the article, the pronoun
        if remark and match["bare"] and _FOLLOWED.match(rest):
            return None
        if (another := _ANOTHER.match(rest)) and self._known(another["other"]) not in (None, self._known(written)):
            return None
        label = self._known(written)
        return Answer(label, label) if label else None

    def _refused(self, line: str) -> bool:
        """Whether a statement names labels, though not one that can be taken, or says that none is right."""
        match = _LETTER.match(line)
        if match and not (match["bare"] in ("A", "I") and _FOLLOWED.match(line[match.end() :])):
            return True
        return is_refusal(line)

    def _option(self, line: str) -> Answer | None:
        clean = plain(line)
        label = self._by_text.get(normal(clean)) if clean and self.options else None
        return Answer(clean, label) if label else None

    def _unannounced(self, text: str) -> Answer | None:
        part = final_part(text)
        if not part:
            return None
        part = without_run_on(part)
        line = last_line(part)
        if answer := self._option(line) or self._only(line):
            return answer
        reversed_ = [
            m
            for m in _REVERSED.finditer(part)
            if not (m["letter"] in "AI" and not m["open"] and m["letter"] != part[m.start() :].strip()[:1])
        ]
        for match in reversed(reversed_):
            if label := self._known(match["letter"]):
                return Answer(label, label)
        if (match := _BEGINS.match(part)) and (label := self._known(match["bracketed"] or match["marked"])):
            return Answer(label, label)
        for letter in reversed(_BRACKETED.findall(part)):
            if (label := self._known(letter)) and letter in LABELS[: len(self.options) or 26]:
                return Answer(label, label)
        return None

    def _only(self, line: str) -> Answer | None:
        """The label of a line that is nothing but a label, or a label with its option's text."""
        line = _CONNECTIVE.sub("", line)
        match = _LETTER.match(line)
        if match is None:
            return None
        label = self._known(match["bracketed"] or match["marked"] or match["bare"] or match["alone"])
        rest = line[match.end() :].strip(" *_`\"'$.:)]}\\")
        if label is None:
            return None
        index = LABELS.index(label)
        known = index < len(self.options) and normal(rest) == normal(self.options[index])
        return Answer(label, label) if not rest or known else None


def _line(content: str) -> str:
    """The first line with a letter or digit in it."""
    for line in content.split("\n"):
        if any(c.isalnum() for c in line):
            return line.strip()
    return ""
