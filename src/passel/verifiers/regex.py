"""A pattern that the answer or the text must match."""

from __future__ import annotations

from functools import cache
from typing import Any

from passel.core.errors import UsageError
from passel.core.extras import need
from passel.core.flow import Flow
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem

__all__ = ["regex"]


@needs()
def regex(
    problem: Problem, text: str, *, key: Key, pattern: str = "", full: bool = False, answer: bool = False
) -> Flow[Judgement]:
    r"""Whether a text matches a pattern, in RE2's syntax.

    The pattern is the option, or `pattern` of the problem's details. Matching takes time linear in the text, whatever
    the pattern and the text are.

    Source: Cox 2010, Regular Expression Matching in the Wild (swtch.com/~rsc/regexp/regexp3.html), for RE2.

    Args:
        pattern: a regular expression; `(?i)`, `(?s)` and `(?m)` at its beginning set flags.
        full: the whole must match, without the white space around it; False searches anywhere.
        answer: match the answer read from the text in place of the text; no answer does not match.

    Returns: verdict; 1 if it matches, 0 if not; None if there is no pattern, neither in the option nor in the details.

    Cost: generate = 0

    Guarantees: exact. A pattern that RE2 does not know (a reference back, a look around) raises UsageError.

    Deviations: none.

    >>> from passel.core.play import play
    >>> play(regex(Problem("1", "When?"), "It was on 2024-05-01.", key=Key(), pattern=r"\d{4}-\d\d")).value.explanation
    "'\\\\d{4}-\\\\d\\\\d' matches '2024-05' in the text"
    """
    yield from ()
    wanted = pattern or str(problem.details.get("pattern") or "")
    if not wanted:
        return Judgement(None, "there is no pattern")
    compiled = _compiled(wanted)
    if answer:
        read = problem.read(text)
        if read is None:
            return Judgement(0.0, "the text holds no answer")
        text = read.text
    given = text.encode("utf-8", "replace").decode()  # half a character is none that a pattern could name
    match = compiled.fullmatch(given.strip()) if full else compiled.search(given)
    of = "the answer" if answer else "the text"
    if match is None:
        return Judgement(0.0, f"{wanted!r} does not match {'the whole of ' if full else ''}{of}")
    return Judgement(1.0, f"{wanted!r} matches {match.group()!r} in {of}", {"match": match.group()})


@cache
def _compiled(pattern: str) -> Any:
    re2 = need("re2", "rules")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise UsageError(f"regex: pattern {pattern!r} cannot be used: {reason} (RE2 syntax)") from None
