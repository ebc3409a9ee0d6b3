"""Options from text: `vote:n=4` is the function `vote` with n=4, checked against its signature."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from passel.core.errors import UsageError, unknown
from passel.core.find import Room, find
from passel.core.ranges import Range

__all__ = ["bind", "parameters", "split_spec"]

_OPTION = re.compile(r"[A-Za-z_]\w*=")


def split_spec(text: str) -> tuple[list[str], dict[str, str]]:
    """`rg:chain_sum:min_terms=3` as its name parts and its options; the first option ends the name.

    >>> split_spec("rg:chain_sum:min_terms=3:max_terms=4")
    (['rg', 'chain_sum'], {'min_terms': '3', 'max_terms': '4'})
    """
    name: list[str] = []
    options: dict[str, str] = {}
    last = ""
    for part in text.split(":"):
        if _OPTION.match(part):
            last, _, value = part.partition("=")
            options[last] = value
        elif last:
            options[last] += f":{part}"  # a colon inside a value, as in an address
        else:
            name.append(part)
    return name or [""], options


@cache
def parameters(function: Callable[..., Any]) -> Mapping[str, tuple[Any, Any]]:
    """The options of a function, its keyword-only parameters but `key`: name -> (annotation, default)."""
    hints = get_type_hints(function, include_extras=True)
    return {
        name: (hints.get(name, str), parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name != "key"
    }


def bind(function: Callable[..., Any], options: Mapping[str, str], what: str) -> dict[str, Any]:
    """Options as typed keyword arguments. Raises UsageError naming the option and the nearest valid one."""
    known = parameters(function)
    bound: dict[str, Any] = {}
    for name, text in options.items():
        if name not in known:
            raise unknown(f"option of {what}:", name, known)
        bound[name] = _value(known[name][0], text, f"{name} of {what}")
    return bound


def _value(annotation: Any, text: str, what: str) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if room := next((mark for mark in arguments[1:] if isinstance(mark, Room)), None):
            return find(room.name, text)
        value = _value(arguments[0], text, what)
        for mark in arguments[1:]:
            if isinstance(mark, Range):
                mark.check(value, what)
        return value
    if origin is Literal:
        choices = {str(choice): choice for choice in arguments}
        if text not in choices:
            raise unknown(f"value for {what}:", text, choices)
        return choices[text]
    if origin in (Union, types.UnionType):
        if text.lower() == "none" and type(None) in arguments:
            return None
        return _first_that_fits([a for a in arguments if a is not type(None)], text, what)
    return _scalar(annotation, text, what)


def _first_that_fits(annotations: list[Any], text: str, what: str) -> Any:
    for annotation in annotations[:-1]:
        try:
            return _value(annotation, text, what)
        except UsageError:
            continue
    return _value(annotations[-1], text, what)


def _scalar(kind: Any, text: str, what: str) -> Any:
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise UsageError(f"{what} must be true or false, got {text!r}")
        return text.lower() in ("true", "yes", "1")
    if kind in (int, float):
        try:
            number = int(text) if kind is int and text.lstrip("+-").isdecimal() else float(text)
            if kind is int and number != int(number):
                raise ValueError
        except (ValueError, OverflowError):
            wanted = "a whole number" if kind is int else "a number"
            raise UsageError(f"{what} must be {wanted}, got {text!r}") from None
        return kind(number)
    return text
