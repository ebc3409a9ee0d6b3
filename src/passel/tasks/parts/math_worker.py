"""The other side of `math_process`: reads requests as JSON lines, answers in JSON lines, computes with math-verify."""

from __future__ import annotations

import json
import logging
import sys
from fractions import Fraction
from importlib import import_module
from typing import Any

_MEMORY = 4 * 2**30  # bytes; 10^10^10 would take all there is before its time is up


def key(text: str) -> str | None:
    """A text that equal expressions share, as far as cheap algebra can tell; None if it is not mathematics."""
    expression: Any = next((found for found in _parsed(text) if not isinstance(found, str)), None)
    if expression is None:
        return None
    if getattr(expression, "is_number", False):
        if expression.is_rational:
            return str(Fraction(int(expression.p), int(expression.q)))
        return str(expression.evalf(12))
    try:
        return str(expression.expand())
    except AttributeError:
        return str(expression)


def same(gold: str, given: str) -> bool:
    """Whether math-verify takes the answer for the gold answer."""
    verify: Any = import_module("math_verify").verify
    return bool(verify(_parsed(gold), _parsed(given), timeout_seconds=None))


def _parsed(text: str) -> list[Any]:
    """What math-verify makes of it: expressions, and the text itself."""
    parse: Any = import_module("math_verify").parse
    return parse(f"${text}$", parsing_timeout=None)


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
    import_module("math_verify")  # slow: not within a request's time
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, *texts = json.loads(line)
        try:
            reply = {"key": key, "same": same}[name](*texts)
        except Exception:
            reply = None
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
