"""The other side of `math_process`: reads requests as JSON lines, answers in JSON lines, computes with math-verify."""

from __future__ import annotations

import json
import logging
import sys
from fractions import Fraction
from typing import Any

_MEMORY = 4 * 2**30  # bytes; 10^10^10 would take all there is before its time is up


def key(text: str) -> str | None:
    """A text that equal expressions share, as far as cheap algebra can tell; None if it is not mathematics."""
    expression = _parsed(text)
    if expression is None:
        return None
    if getattr(expression, "is_number", False):
        if expression.is_rational:
            return str(Fraction(int(expression.p), int(expression.q)))
        return str(expression.evalf(12))  # type: ignore[attr-defined]
    try:
        return str(expression.expand())  # type: ignore[attr-defined]
    except AttributeError:
        return str(expression)


def same(gold: str, given: str) -> bool:
    """Whether math-verify takes the answer for the gold answer."""
    import math_verify

    pair = [math_verify.parse(f"${text}$", parsing_timeout=None) for text in (gold, given)]
    return bool(math_verify.verify(*pair, timeout_seconds=None))


def _parsed(text: str) -> Any:
    import math_verify
    from sympy import Basic, MatrixBase

    found = math_verify.parse(f"${text}$", parsing_timeout=None)
    return next((e for e in found if isinstance(e, Basic | MatrixBase)), None)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on this platform
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """Says "ready", then answers until its input ends."""
    _limit_memory()
    logging.disable(logging.CRITICAL)
    import math_verify  # pyright: ignore[reportUnusedImport]  # noqa: F401  (slow: not within a request's time)

    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, *texts = json.loads(line)
        try:
            reply = {"key": key, "same": same}[name](*texts)
        except (Exception, MemoryError):
            reply = None
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
