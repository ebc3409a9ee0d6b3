"""Options from text: `vote:n=4` is the function `vote` with n=4, checked against its signature. An option that is
itself a function has its options after a dot: `best_of:verifier=judge:verifier.scale=5`."""

from __future__ import annotations

import inspect
import re
import types
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache, partial, update_wrapper
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from passel.core.errors import UsageError, unknown
from passel.core.ranges import Range
from passel.core.registry import Room, find

__all__ = ["bind", "configured", "parameters", "split_spec", "split_specs"]

_OPTION = re.compile(r"[A-Za-z_][\w.]*=")


def split_spec(text: str) -> tuple[list[str], dict[str, str]]:
    """Splits a spec such as `rg:chain_sum:min_terms=3` into the parts of its name and its options.

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


def split_specs(text: str) -> list[str]:
    """Splits specs at commas; a comma in brackets belongs to its spec.

    >>> split_specs("vote:n=4, archon:layers=generate(8, role=a) | fuse")
    ['vote:n=4', 'archon:layers=generate(8, role=a) | fuse']
    """
    return [spec.strip() for spec in re.split(r",(?![^(]*\))", text) if spec.strip()]


def parameters(function: Callable[..., Any]) -> Mapping[str, tuple[Any, Any]]:
    """Returns the options of a function, its keyword-only parameters except `key`: name -> (annotation, default)."""
    if isinstance(function, partial):
        set_here = function.keywords
        return {n: (kind, set_here.get(n, default)) for n, (kind, default) in parameters(function.func).items()}
    return _signature(function)


@lru_cache(maxsize=1024)  # of functions as they are written; those with options set are made anew for each spec
def _signature(function: Callable[..., Any]) -> Mapping[str, tuple[Any, Any]]:
    hints = get_type_hints(function, include_extras=True)
    return {
        name: (hints.get(name, str), parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name != "key"
    }


def bind(function: Callable[..., Any], options: Mapping[str, str], what: str) -> dict[str, Any]:
    """Converts options to typed keyword arguments. Raises UsageError with the option and the nearest valid name."""
    known = parameters(function)
    bound: dict[str, Any] = {}
    inner: dict[str, dict[str, str]] = defaultdict(dict)
    for name, text in options.items():
        head, _, rest = name.partition(".")
        if head not in known:
            raise unknown(f"option of {what}:", head, known)
        if rest:
            inner[head][rest] = text
        else:
            bound[head] = _value(known[head][0], text, f"{head} of {what}")
    for head, texts in inner.items():
        chosen = bound.get(head, known[head][1])
        if _room(known[head][0]) is None or not callable(chosen):
            option = next(iter(texts))
            raise UsageError(f"takes no options of its own, got {head}.{option}", field=f"{head} of {what}")
        bound[head] = configured(chosen, bind(chosen, texts, f"{head} of {what}"))
    return bound


def configured(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[..., Any]:
    """Returns the function with some options set; it keeps its name, its docstring and its needs."""
    wrapped = update_wrapper(partial(function, **arguments), function)
    del wrapped.__wrapped__  # else its signature would be that of the function, with the old defaults
    return wrapped


def _room(annotation: Any) -> Room | None:
    marks = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, Room)), None)


def _value(annotation: Any, text: str, what: str) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if room := _room(annotation):
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
            raise UsageError(f"must be true or false, got {text!r}", field=what)
        return text.lower() in ("true", "yes", "1")
    if kind in (int, float):
        try:
            number = int(text) if kind is int and text.lstrip("+-").isdecimal() else float(text)
            if kind is int and number != int(number):
                raise ValueError
        except (ValueError, OverflowError):
            wanted = "a whole number" if kind is int else "a number"
            raise UsageError(f"must be {wanted}, got {text!r}", field=what) from None
        return kind(number)
    return text
