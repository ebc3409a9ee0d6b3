"""Computer algebra over JSON lines: the program of a child process. Reads ["equal", GOLD, GIVEN], which it
answers with true, false or, for a gold expression that it cannot read, null; and ["key", TEXT].

It imports sympy through math-verify's parser, and nothing of Passel. A text whose parse is not all of it is answered
with null: nothing is decided on a part.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from importlib import import_module
from typing import Any

_MEMORY = 4 * 2**30  # bytes
_DIGITS = 40
_POINTS = ("1.2345678", "2.7654321", "0.8642097")


def equal(gold: str, given: str) -> bool | None:
    """Whether two expressions are equal for all positive values of their variables, as far as 40 digits at three points
    tell; variables of sums, products and factorials are whole. For "equation: A" and "equation: B", whether A = 0
    and B = 0 say the same."""
    sympy: Any = import_module("sympy")
    equations = gold.startswith("equation: ")
    a, b = (parsed(text.removeprefix("equation: ")) for text in (gold, given))
    if a is None or b is None:
        return None if a is None else False
    if a.free_symbols != b.free_symbols and not equations:
        return bool(sympy.simplify(a - b) == 0)
    symbols = sorted(a.free_symbols | b.free_symbols, key=str)
    whole = any(side.has(sympy.Sum, sympy.Product, sympy.factorial, sympy.binomial) for side in (a, b))
    pairs = [tuple(value(side, point(symbols, index, whole=whole)) for side in (a, b)) for index in range(len(_POINTS))]
    if any(left is None or right is None for left, right in pairs):
        return bool(sympy.simplify(a - b) == 0)
    small = sympy.Float("1e-25")
    if not equations:
        return all(abs(left - right) <= small * max(abs(left), abs(right)) for left, right in pairs)
    if any(abs(right) < small for _, right in pairs):
        return all(abs(left) < small for left, _ in pairs)
    ratios = [left / right for left, right in pairs]
    return abs(ratios[0]) > 0 and all(abs(ratio - ratios[0]) <= small * abs(ratios[0]) for ratio in ratios)


def key(text: str) -> str | None:
    """A text that equal expressions share: their values at the three points, to 12 digits; None for one not read."""
    sympy: Any = import_module("sympy")
    expression = parsed(text)
    if expression is None:
        return None
    symbols = sorted(expression.free_symbols, key=str)
    whole = expression.has(sympy.Sum, sympy.Product, sympy.factorial, sympy.binomial)
    values = [value(expression, point(symbols, index, whole=whole)) for index in range(len(_POINTS) if symbols else 1)]
    return None if None in values else " ".join([*map(str, symbols), *(str(found.evalf(12)) for found in values)])


def point(symbols: list[Any], index: int, *, whole: bool) -> dict[Any, Any]:
    """A positive value for each variable."""
    sympy: Any = import_module("sympy")
    if whole:
        return {symbol: sympy.Integer(5 + 2 * index + place) for place, symbol in enumerate(symbols)}
    start = sympy.Float(_POINTS[index], _DIGITS)
    return {symbol: start + place / sympy.Integer(3) for place, symbol in enumerate(symbols)}


def value(expression: Any, at: dict[Any, Any]) -> Any:
    """The number that an expression comes to at a point; None where it has none."""
    found = expression.subs(at).doit().evalf(_DIGITS)
    return found if found.is_number and found.is_finite else None


def parsed(text: str) -> Any:
    """The expression of a text, or None where the parser fails or leaves a part of the text out."""
    if too_large(text):
        return None
    parse: Any = import_module("math_verify").parse
    sympy: Any = import_module("sympy")
    found = [one for one in parse(f"${text}$", parsing_timeout=None) if not isinstance(one, str)]
    expression: Any = found[0] if found else None
    if not isinstance(expression, sympy.Expr) or expression.has(sympy.zoo, sympy.nan):
        return None
    names = {str(symbol).strip("\\") for symbol in expression.atoms(sympy.Symbol)}
    letters = set(re.findall(r"(?<![a-zA-Z\\])[a-zA-Z](?![a-zA-Z])", re.sub(r"\\[a-zA-Z]+", " ", text))) - {
        "e",
        "i",
        "d",
        "E",
        "I",
    }
    if not letters <= {letter for name in names for letter in name}:
        return None
    renamed = {symbol: sympy.Symbol(str(symbol), positive=True) for symbol in expression.free_symbols}
    expression = expression.subs(renamed)
    constants = {"e": sympy.E} if expression.has(sympy.Sum, sympy.Product) else {"e": sympy.E, "i": sympy.I}
    return expression.subs({sympy.Symbol(name, positive=True): constant for name, constant in constants.items()})


def too_large(text: str) -> bool:
    """Whether a text asks for a number that cannot be had: a tower of powers, a factorial or power of a long number."""
    if len(text) > 2000 or re.search(r"\d{5,}\s*!|!\s*!", text):
        return True
    if re.search(r"\^\s*\{?[^{}+\-*/=,]*\^", text) and re.search(r"\^\s*\{?\s*\d+\s*\^|\^\s*\{\s*\d+\s*\^", text):
        return True
    return any(len(digits) > 5 for digits in re.findall(r"\^\s*\{?\s*-?(\d+)", text))


def main() -> None:
    """Says "ready", then answers until its input ends."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass
    sys.setrecursionlimit(2000)
    logging.disable(logging.CRITICAL)
    import_module("math_verify")  # slow: not within a request's time
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        try:
            name, *texts = json.loads(line)
            reply = {"equal": equal, "key": key}[name](*texts)
        except Exception:
            reply = None
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
