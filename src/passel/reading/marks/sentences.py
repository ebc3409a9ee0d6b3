"""Sentences that state an answer: "The answer is …", "Answer: …", "The correct option is …", "I choose …"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from passel.reading.marks.statement import Statement, Trust

__all__ = ["sentences"]

_STEMS = ("answer", "option", "choice", "choose", "pick", "select", "go with", "solution", "must be", "has to be")
_BE = r"(?:is|was|are|would be|should be|must be|will be|has to be|can only be|could only be|equals)(?![a-z'’])"
_EMPHASIS = r"[*_\"“”]{0,3}"
_TO = r"(?:\([^()\n]{0,60}\)|(?:to|for|of)\b[^.:\n]{0,100}?)"
_AFTER = {
    "answer": re.compile(
        rf"answer(?![a-z])(?: choice| option| letter)?{_EMPHASIS}\s*(?:{_TO}\s*)?{_EMPHASIS}"
        rf"(?:{_BE}\s*[:：]?|[:：=]|\s[-–—]\s|[ \t]*\n)\s*",
        re.IGNORECASE,
    ),
    "solution": re.compile(
        rf"solution{_EMPHASIS}\s*(?:{_TO}\s*)?{_EMPHASIS}(?:{_BE}\s*[:：]?|[:：])\s*", re.IGNORECASE
    ),
    "option": re.compile(rf"option\s*(?:{_BE}|[:：])\s*", re.IGNORECASE),
    "choice": re.compile(rf"choice\s*(?:{_BE}|[:：])\s*", re.IGNORECASE),
    "choose": re.compile(r"choose\s+", re.IGNORECASE),
    "pick": re.compile(r"pick\s+", re.IGNORECASE),
    "select": re.compile(r"select\s+", re.IGNORECASE),
    "go with": re.compile(r"go with\s+", re.IGNORECASE),
    "must be": re.compile(r"must be\s+", re.IGNORECASE),
    "has to be": re.compile(r"has to be\s+", re.IGNORECASE),
}
_QUALITY = (
    r"(?:final|correct|right|best|true|actual|overall|numeric(?:al)?|single|only|most (?:likely|appropriate|accurate))"
)
_BEFORE = {
    "answer": re.compile(
        rf"(?:\bthe|\b{_QUALITY}|\bso,?|\bthus,?|\bhence,?|\btherefore,?|^|[\n.!?:*#>\"“_|-])\s*$", re.IGNORECASE
    ),
    "solution": re.compile(r"(?:\b(?:final|correct|right)|^|[\n*#]\s?)\s*$", re.IGNORECASE),
    "option": re.compile(rf"\b{_QUALITY}\s*$", re.IGNORECASE),
    "choice": re.compile(rf"\b{_QUALITY}\s*$", re.IGNORECASE),
    "I": re.compile(r"\bI(?:'d|’d|'ll|’ll| would| will| must| shall)?(?: have to| therefore)?\s*$"),
    "it": re.compile(r"\b(?:it|this|that)\s*$", re.IGNORECASE),
}
_WEAK = re.compile(r"\b(?:my|our|this|that|your|an|any|each|no|whose|one)\s*$", re.IGNORECASE)
_LOOK_BACK = 32

_OTHER_STEMS = (
    *("答", "选", "正解", "정답", "답"),
    *("respuesta", "réponse", "reponse", "antwort", "resposta", "risposta", "jawaban"),
    *("ответ", "उत्तर", "উত্তর", "الإجابة", "الجواب"),
)
_OTHER = re.compile(
    r"(?:正确答案|最终答案|答案|答|答え|正解|解答)\s*(?:应该|应)?(?:是|为|選|选|は|[:：])+\s*"  # Chinese, Japanese
    r"|(?:故选|应选|所以选|因此选|我选|选择)\s*[:：]?\s*"
    r"|respuesta(?: correcta| final)?\s*(?:es|[:：])\s*(?:la opción\s+|la\s+)?"  # Spanish
    r"|r[ée]ponse(?: correcte| finale)?\s*(?:est|[:：])\s*(?:la\s+|l['’]option\s+)?"  # French
    r"|antwort\s*(?:ist|lautet|[:：])\s*"  # German
    r"|resposta(?: correta| final)?\s*(?:é|[:：])\s*(?:a\s+)?"  # Portuguese
    r"|(?:правильный |окончательный )?ответ\s*(?:[:：—–-]|это)\s*"  # Russian
    r"|(?:सही |अंतिम )?उत्तर\s*(?:है|[:：])?\s*"  # Hindi
    r"|(?:الإجابة|الجواب)(?: الصحيحة| النهائية| الصحيح| النهائي)?\s*(?:هي|هو|[:：])\s*"  # Arabic
    r"|উত্তর\s*(?:হল|হলো|হচ্ছে|[:：])?\s*"  # Bengali
    r"|jawaban(?:nya)?(?: yang benar| akhir)?\s*(?:adalah|[:：])\s*"  # Indonesian
    r"|risposta(?: corretta| finale)?\s*(?:è|[:：])\s*(?:la\s+)?"  # Italian
    r"|(?:정답|답)\s*(?:은|는|[:：])\s*",  # Korean
    re.IGNORECASE,
)
_MAX_SENTENCES = 8


def sentences(text: str) -> Iterator[Statement]:
    """Yields the sentences that state an answer or may do so, the last first, at most 8 of each trust.

    The content is all that follows the sentence's verb or colon, in the same line or the next.
    """
    found = [*_english(text), *_other(text)]
    found.sort(key=lambda statement: -statement.at)
    for trust in (Trust.SENTENCE, Trust.REMARK):
        yield from [statement for statement in found if statement.trust is trust][:_MAX_SENTENCES]


def _english(text: str) -> Iterator[Statement]:
    lower = text.lower()
    if len(lower) != len(text):  # a letter that is longer in lower case would shift all places
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    for stem in _STEMS:
        at = lower.rfind(stem)
        for _ in range(4 * _MAX_SENTENCES):
            if at < 0:
                break
            if (after := _AFTER[stem].match(text, at)) and (trust := _trust(stem, text, at)) is not None:
                content = text[after.end() :]
                if content.strip():
                    yield Statement(at, content, trust)
            at = lower.rfind(stem, 0, at)


def _trust(stem: str, text: str, at: int) -> Trust | None:
    before = text[max(0, at - _LOOK_BACK) : at]
    if at > _LOOK_BACK:
        before = before.lstrip()  # so that the window's edge is not taken for the text's beginning
        before = f"x{before}"
    if stem in ("choose", "pick", "select", "go with"):
        return Trust.SENTENCE if _BEFORE["I"].search(before) else None
    if stem in ("must be", "has to be"):
        return Trust.REMARK if _BEFORE["it"].search(before) else None
    if _BEFORE[stem].search(before):
        return Trust.SENTENCE
    return Trust.REMARK if stem == "answer" and (_WEAK.search(before) or before.endswith((" ", ","))) else None


def _other(text: str) -> Iterator[Statement]:
    lower = text.lower()
    if any(stem in lower for stem in _OTHER_STEMS):
        for match in [*_OTHER.finditer(text)][: -_MAX_SENTENCES - 1 : -1]:
            if text[match.end() :].strip():
                yield Statement(match.start(), text[match.end() :], Trust.SENTENCE)
