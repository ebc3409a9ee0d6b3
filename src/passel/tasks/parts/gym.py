"""Additions to the generators of Reasoning Gym: plain questions, a reader, and a guard for their verifiers."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from passel.core.errors import UsageError
from passel.core.problem import Answer
from passel.tasks.parts.numbers import number, number_key
from passel.tasks.parts.puzzles import puzzle_question
from passel.tasks.parts.stated import last_line, plain, stated

__all__ = ["ARITHMETIC", "EVALUATED", "PUZZLES", "UNCHECKED", "admitted", "plain_question", "read_block", "setting"]

PUZZLES = frozenset({"countdown", "puzzle24"})
"""Generators whose answer is an expression over given numbers."""

_SUMS = frozenset({"basic_arithmetic", "chain_sum", "decimal_chain_sum", "products"})
ARITHMETIC = _SUMS | {"decimal_arithmetic", "gcd", "gsm_symbolic", "lcm", "leg_counting"}
"""Generators whose answer is a number reached step by step."""

UNCHECKED = frozenset({"game_of_life_halting"})
"""Generators whose verifier accepts any text (reasoning-gym 0.1.25): answers are compared with the gold answer."""

_LITERAL = re.compile(r"[\w\s,\[\]'\"-]*")
_FORMULA = re.compile(r"[\w\s+\-*/^().]*")
_TOWER = re.compile(r"(?:\*\*|\^)[^-+*/^]*(?:\*\*|\^)|(?:\*\*|\^)\s*\(?\s*\d{3}")
_FUNCTIONS = frozenset({"E", "acos", "asin", "atan", "cos", "exp", "log", "pi", "sin", "sqrt", "tan"})
EVALUATED = {
    "binary_matrix": _LITERAL,
    "n_queens": _LITERAL,
    "spiral_matrix": _LITERAL,
    "string_insertion": _LITERAL,
    "intermediate_integration": _FORMULA,
    "polynomial_multiplication": _FORMULA,
    "simple_integration": _FORMULA,
}
"""Generators whose verifier evaluates the answer as Python (reasoning-gym 0.1.25), and the characters that are allowed.
The verifiers of PUZZLES do so too, and are not used."""

_WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}


def admitted(generator: str, text: str) -> bool:
    """Whether an answer may be given to the generator's verifier: model-written text must not run as code, nor take
    forever.
    """
    allowed = EVALUATED.get(generator)
    if allowed is None:
        return True
    if len(text) > 2000 or not allowed.fullmatch(text):
        return False
    if allowed is _LITERAL:
        return True
    names = re.findall(r"[A-Za-z_]\w*", text)
    named = all((len(name) == 1 and name != "_") or name in _FUNCTIONS for name in names)
    return named and not _TOWER.search(text) and not re.search(r"\.\s*[A-Za-z_]", text)


def plain_question(generator: str, question: str, metadata: Mapping[str, Any]) -> str | None:
    """The question in the words that passel-reasoner-135m was trained on, where the original asks for a format of its
    own ("Give only the GCD as your final answer"); None for other generators.
    """
    if generator in _SUMS:
        return f"What is {metadata['expression']}?"
    if generator in ("gcd", "lcm"):
        what = {"gcd": "greatest common divisor", "lcm": "least common multiple"}[generator]
        return f"What is the {what} of {' and '.join(map(str, metadata['numbers']))}?"
    if generator in PUZZLES:
        return puzzle_question(metadata["numbers"], metadata.get("target", 24))
    if generator == "gsm_symbolic":
        return question.removesuffix(" Give the result as your final answer. Do not include units.")
    return None


def read_block(text: str) -> Answer | None:
    """An answer of any form, also of several lines: what is stated, up to a blank line, else the last line. Numbers are
    compared by value, the rest without spacing.
    """
    blocks = (_block(part) for part in stated(text))
    found = next((block for block in blocks if block), "") or plain(last_line(text))
    if not found:
        return None
    value = number(found)
    return Answer(found, " ".join(found.split()) if value is None else number_key(value))


def _block(text: str) -> str:
    block = text.partition("\n\n")[0].strip("\n").rstrip()
    return block.removesuffix(".") if "<answer>" not in text else block


def setting(annotation: Any, value: Any, what: str) -> Any:
    """The value of a generator's option from its text: a Python literal (3, 0.5, true, ['a', 'b']) or, where the option
    takes text, the text. A value that is no text is returned as it is. Raises UsageError naming the option.
    """
    kind = getattr(annotation, "__name__", str(annotation))
    if not isinstance(value, str) or kind == "str":
        return value
    try:
        found = ast.literal_eval(value.capitalize() if value.lower() in ("true", "false", "none") else value)
    except (ValueError, SyntaxError):
        if "str" in str(annotation) or kind == "Literal":
            return value
        raise UsageError(f"{what} must be {_WANTED.get(kind, 'a Python literal')}, got {value!r}") from None
    if kind in _WANTED and type(found).__name__ not in (kind, "int" if kind == "float" else kind):
        raise UsageError(f"{what} must be {_WANTED[kind]}, got {value!r}")
    return found
