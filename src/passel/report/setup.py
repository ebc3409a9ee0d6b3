"""The settings of the run, as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from passel.core.cost import Cost
from passel.measure.comparison import Comparison
from passel.pages.text import clean, count, cut, dollars, duration, escape, percent

__all__ = ["setup"]

_ELSEWHERE = ("methods", "problems", "curves", "verifiers", "notes", "price_known")
_LABELS = {"paid": "Paid, shared samples once", "alone": "Sum of methods without sharing", "wall_seconds": "Took"}
_MAX_LENGTH = 500


def setup(comparison: Comparison) -> str:
    """Every field of the comparison that the page shows nowhere else; empty fields are left out."""
    rows = ""
    for one in fields(comparison):
        if one.name in _ELSEWHERE:
            continue
        if shown := _value(one.name, getattr(comparison, one.name), comparison.price_known):
            label = _LABELS.get(one.name, one.name.replace("_", " ").capitalize())
            rows += f"<div><dt>{label}</dt><dd>{shown}</dd></div>"
    return f'<section id="setup"><h2>What was run</h2><dl class="setup">{rows}</dl></section>'


def _value(name: str, value: Any, priced: bool) -> str:
    if isinstance(value, Cost):
        return _cost(value, priced)
    if name == "wall_seconds":
        return duration(value) if value else ""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        as_text = percent if name == "saved" else _plain
        return ", ".join(f'<span class="pair">{_text(k)} <b>{_text(as_text(v))}</b></span>' for k, v in items)
    text = _text(_plain(value))
    return f"<code>{text}</code>" if name == "command" and text else text


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"
    return str(value)


def _text(text: str) -> str:
    kept, more = cut(clean(text), _MAX_LENGTH)
    return escape(kept) + (f" … ({more:,} more characters)" if more else "")


def _cost(cost: Cost, priced: bool) -> str:
    parts = [f"{count(cost.passes)} passes", f"{count(cost.prompt_tokens)} prompt tokens"]
    if cost.cached_tokens:
        parts.append(f"{count(cost.cached_tokens)} of them cached")
    parts.append(f"{count(cost.completion_tokens)} completion tokens")
    if cost.calls:
        parts.append(f"{count(cost.calls)} tool calls")
    if priced:
        parts.append(dollars(cost.money))
    if cost.seconds:
        parts.append(f"{duration(cost.seconds)} of model time")
    if cost.flops:
        parts.append(f"{cost.flops:.2g} FLOPs")
    return ", ".join(escape(part).replace(" ", "\u00a0") for part in parts) if cost != Cost() else ""
