"""The verdict in a judge's reply: yes or no, a letter, or a probability; None where there is none."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from passel.core.judgement import Judgement
from passel.core.reply import Reply

__all__ = ["finite", "read_choice", "read_verdict", "undecided", "yes_probability"]

_EMPHASIS = re.compile(r"[*`~]+|(?<!\w)_+|_+(?!\w)")
_YES, _NO = r"yes|correct|right|true|valid", r"no|incorrect|wrong|false|invalid"
_MENU = re.compile(rf"[(\[]?\s*\b(?:{_YES})\b\W{{0,3}}(?:/|\bor\b)\W{{0,3}}\b(?:{_NO})\b\s*[)\]]?", re.IGNORECASE)
"""The choices as the question offered them, "(Yes/No)", which are no choice."""

_MARK = re.compile(
    r"\b(?:verdict|judge?ment|decision|verification|evaluation|assessment|conclusion|answer)\s*(?:is\s*:|[:=])"
    r"|\bcorrect\s*[?:]"
    r"|\[\[|\\boxed\s*\{(?:\\text\s*\{)?|<verdict>",
    re.IGNORECASE,
)
_SURELY = (
    r"(?:(?:therefore|thus|indeed|also|then|actually|clearly|definitely|probably|likely|mathematically|completely"
    r"|entirely|fully|totally|absolutely|simply|obviously),?\s+)*"
)
_LEAD = re.compile(
    r"[\s\"'“‘(\[{:>-]{0,12}(?:(?:the|this|that)\s+)?(?:(?:proposed|final|given|student's)\s+)?"
    rf"(?:(?:answer|solution|it|this)\s+)?(?:is\s+)?(?P<not>not\s+)?{_SURELY}(?P<word>{_YES}|{_NO})\b"
    r"(?P<none>\s+(?:errors?|mistakes?|issues?|problems?|flaws?))?",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:answer|solution)\b(?:[^?!.]|\.(?=\d)){0,60}?\b(?:is|was)(?P<not>n['’]t\s+|\s+not\s+|\s+)(?:to\s+be\s+)?"
    rf"{_SURELY}(?:(?:an?|the)\s+)?(?P<word>(?:in)?correct|right|wrong|(?:in)?valid)\b",
    re.IGNORECASE,
)
_OPEN_QUESTION = re.compile(
    r"\b(?:if|whether|unless|assum\w+|suppos\w+|check|verify|ensure|make\s+sure)\s+(?:that\s+)?(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_BARE = re.compile(rf"\W*(?:({_YES})|{_NO})\W*", re.IGNORECASE)
_OPENING = re.compile(r"\W*\b(?:(yes)|no)\b\s*(?:[,.:;!–—-]|$)", re.IGNORECASE)


def undecided(replies: Iterable[Reply], wanted: str) -> Judgement:
    """A judgement without a score: no reply holds what was asked for. It explains with the first reply.

    >>> undecided([Reply(text="I cannot tell.")], "a verdict").explanation
    'no reply holds a verdict: I cannot tell.'
    """
    first = next(iter(replies), None)
    shown = "" if first is None else first.error or first.text.strip() or f"stop={first.stop}"
    return Judgement(None, f"no reply holds {wanted}" + (f": {shown}" if shown else ""))


def finite(values: Iterable[float | None]) -> list[float | None]:
    """The values for JSON, which has no infinite number; None in its place."""
    return [value if value is not None and math.isfinite(value) else None for value in values]


def yes_probability(reply: Reply) -> float | None:
    """P(Yes) / (P(Yes) + P(No)) of a reply with the log-probabilities of both; None if neither has a probability."""
    if not reply.ok or max(reply.scores, default=-math.inf) == -math.inf:
        return None
    peak = max(reply.scores)  # else both may underflow to 0
    yes, no = (math.exp(logprob - peak) for logprob in reply.scores)
    return yes / (yes + no)


def read_verdict(text: str) -> bool | None:
    """Whether a reply finds the answer correct; None if it gives no verdict, or contradicts itself.

    What follows the last mark of a verdict counts first ("Verdict: No", "Is the answer correct (Yes/No)? Yes"), then a
    last line that is a verdict by itself; after them a reply that opens with Yes or No, and its last statement of the
    form "the answer is wrong", which must agree.

    >>> [read_verdict(reply) for reply in ("Verdict: **No**", "The solution is not correct.", "I cannot tell.")]
    [False, False, None]
    """
    lines = [line for line in _MENU.sub(" ", _EMPHASIS.sub("", text)).splitlines() if line.strip()]
    if not lines:
        return None
    for index in range(len(lines) - 1, -1, -1):
        marked = set(_marked(lines[index], lines[index + 1] if index + 1 < len(lines) else ""))
        if len(marked) == 1:  # a line that says both repeats the instruction
            return marked.pop()
    if bare := _BARE.fullmatch(lines[-1]):
        return bare[1] is not None
    openings = [found[1] is not None for line in (lines[0], lines[-1]) if (found := _OPENING.match(line))]
    claims = [claim for line in lines for claim in _claims(line)]
    said = {*openings, *claims[-1:]}
    return said.pop() if len(said) == 1 else None


def _marked(line: str, following: str) -> Iterator[bool]:
    for mark in _MARK.finditer(line):
        rest = line[mark.end() :]
        if lead := _LEAD.match(rest if rest.strip() else following):
            yes = re.fullmatch(_YES, lead["word"], re.IGNORECASE) is not None
            yield True if lead["none"] and lead["word"].lower() == "no" else yes != bool(lead["not"])


def _claims(line: str) -> Iterator[bool]:
    for claim in _CLAIM.finditer(line):
        if line.rstrip().endswith("?") or _OPEN_QUESTION.search(line[: claim.start()]):
            continue
        yes = re.fullmatch(_YES, claim["word"], re.IGNORECASE) is not None
        yield yes != bool(claim["not"].strip())


def read_choice(text: str, letters: str) -> str | None:
    """The letter that a reply chooses; None if it chooses none, or several.

    The last line with one letter in double brackets counts first, then one in single brackets, then a last line that
    is a letter by itself, then what the reply calls better, or the winner.

    >>> [read_choice(reply, "ABC") for reply in ("[[A]]", "Answer B is better.", "[[A]] or [[B]]")]
    ['A', 'B', None]
    """
    lines = [line for line in _EMPHASIS.sub("", text).splitlines() if line.strip()]
    letter = f"([{letters}])"
    for form in (rf"\[\[\s*{letter}\s*\]\]", rf"\[\s*{letter}\s*\](?!\])"):
        for line in reversed(lines):
            if len(found := set(re.findall(form, line))) == 1:
                return found.pop()
    if lines and (bare := re.fullmatch(rf"\W*(?:(?i:answer|solution|verdict|winner)\W*)?{letter}\W*", lines[-1])):
        return bare[1]
    named = re.findall(
        rf"(?i:\b(?:winner|verdict|choice|better (?:answer|one|solution)) ?(?:is|:) ?(?:answer |solution )?){letter}\b"
        rf"|\b(?i:answer|solution) {letter} is (?:\w+ )?(?:better|right|superior)\b",
        "\n".join(lines),
    )
    chosen = {one or other for one, other in named}
    return chosen.pop() if len(chosen) == 1 else None
