"""Answers that are one of a few labels: yes and no, true and false, the classes of a classification."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from passel.core.problem import Answer
from passel.reading.final_part import final_part
from passel.reading.kinds.prose import normal
from passel.reading.marks import Trust, statements
from passel.reading.marks.refusal import is_refusal
from passel.reading.marks.stated import last_line, without_run_on

__all__ = ["LabelReader", "label_set"]

_NEGATED = re.compile(
    r"(?:\bnot|\bn't|\bisn't|\bisn’t|\bnever|\bneither|\bnor)(?:\s+(?:a|an|the|really|quite|strictly))?\s*[\"'*“]*$"
)
_CONNECTIVE = re.compile(r"^\W*(?:so|therefore|thus|hence|then|finally|in conclusion)\b,?\s*", re.IGNORECASE)
_EDGES = " \n\t*\"'“”_#.,!:"
_CLAUSE = re.compile(r"[.;!](?=\s|$|\*|\")|\n|[。；！]|,\s(?=because|since|as|which|but)")


@dataclass(frozen=True)
class LabelReader:
    """Reads the label that is stated last.

    Args:
        labels: each word or phrase, in lower case, with the label that it means, so that "true" can mean "yes".
        opposites: what "not LABEL" means; a label without an opposite is not read where it is negated.

    >>> yes_no = LabelReader({"yes": "yes", "true": "yes", "no": "no", "false": "no"}, {"yes": "no", "no": "yes"})
    >>> texts = ("Yes, it does.", "The statement is not true.", "The answer (Yes or No) is unknown.")
    >>> [getattr(yes_no(text), "key", None) for text in texts]
    ['yes', 'no', None]
    """

    labels: Mapping[str, str]
    opposites: Mapping[str, str]

    def __call__(self, text: str, /) -> Answer | None:
        stated = False
        for statement in statements(text):
            if statement.trust is Trust.LINE:
                break
            clause = _clause(statement.content)
            if answer := self._first(clause) if not statement.bounded else self._last(statement.content):
                return answer
            if answer := self._later(statement.content):
                return answer
            if statement.bounded or is_refusal(clause):
                return None
            stated = stated or statement.trust is Trust.SENTENCE
        if stated or (part := final_part(text)) is None:
            return None
        part = without_run_on(part)
        return self._only(last_line(part)) or self._begins(part) or self._last(last_line(part)) or self._last(part)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        words = sorted(self.labels, key=len, reverse=True)
        inner = "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in words)
        return re.compile(rf"(?<![\w+#-])(?:{inner})(?![\w+#]|-\w)", re.IGNORECASE)

    def _first(self, clause: str) -> Answer | None:
        """The label of a stated clause: the first one in it that is meant."""
        for match in self._words.finditer(clause):
            if answer := self._meant(clause, match):
                return answer
        return None

    def _later(self, content: str) -> Answer | None:
        """The label that a line after the statement begins with: "The answer is as follows.\\n\\nYes, …"."""
        for line in content.split("\n")[1:]:
            if any(c.isalnum() for c in line):
                return self._begins(line)
        return None

    def _only(self, line: str) -> Answer | None:
        """The label of a line that is nothing else: "No.", "Therefore, no."."""
        line = _CONNECTIVE.sub("", line).strip(_EDGES)
        match = self._words.fullmatch(line)
        return self._meant(line, match) if match else None

    def _begins(self, text: str) -> Answer | None:
        """The label that the text begins with, as a sentence or a part of one."""
        text = text.lstrip(_EDGES)
        match = self._words.match(text)
        ends = match is not None and text[match.end() : match.end() + 1] in ("", *",.;:!\n-–—*")
        return self._meant(text, match) if match and ends else None

    def _last(self, text: str) -> Answer | None:
        for match in reversed([*self._words.finditer(text)]):
            if answer := self._meant(text, match):
                return answer
        return None

    def _meant(self, text: str, match: re.Match[str]) -> Answer | None:
        label = self.labels[" ".join(re.split(r"[\s-]+", match.group().lower()))]
        if _NEGATED.search(text[max(0, match.start() - 24) : match.start()].lower()):
            label = self.opposites.get(label, "")
        return Answer(match.group(), label) if label else None


def label_set(golds: Iterable[str]) -> dict[str, str] | None:
    """Returns the labels that a column of gold answers is made of, or None if it is no label set: more different values
    than a third of its rows (two are always few), or values that are no words.

    >>> label_set(["positive", "negative", "positive", "Negative"])
    {'negative': 'negative', 'positive': 'positive'}
    """
    values = [gold.strip() for gold in golds if gold.strip()]
    different = sorted({normal(value) for value in values})
    if not different or len(different) > max(2, min(20, len(values) // 3)):
        return None
    if any(
        len(value.split()) > 3 or not re.fullmatch(r"[^\W\d_]{2,}(?:[ -][^\W\d_]{2,})*", value) for value in different
    ):
        return None
    return {value: value for value in different}


def _clause(content: str) -> str:
    for line in content.split("\n"):
        if any(c.isalnum() for c in line):
            return _CLAUSE.split(line, maxsplit=1)[0]
    return ""
