"""The program of a worker of `math_process`: requests and replies as lines of JSON, computed with math-verify."""

from __future__ import annotations

import json
import logging
import sys
from fractions import Fraction
from importlib import import_module
from typing import Any


def key(text: str) -> str | None:
    """A text that equal expressions share, as far as cheap algebra can tell; None if it is not mathematics."""
    expression: Any = next((value for value in _parsed(text) if not isinstance(value, str)), None)
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
    """Reads a text as math-verify does: expressions, and the text itself."""
    parse: Any = import_module("math_verify").parse
    return parse(f"${text}$", parsing_timeout=None)


def main() -> None:
    """Writes "ready", then answers until the input ends."""
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
