"""Programs in a reasoning trace, and the output that is written behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["OUTPUT", "output_block", "program_at_end"]

OUTPUT = "```output"
"""The mark after which a model expects a program's output; sampling stops there, so that it cannot invent one."""

_LONGEST = 800  # characters of output that are shown


def program_at_end(text: str) -> str | None:
    """The Python block that a text ends with, closed or ended by the mark of its output; None if it ends otherwise."""
    body = text.rstrip()
    closed = body.endswith("```")
    body = body.removesuffix("```").rstrip() if closed else body
    start = max(body.rfind("```python\n"), body.rfind("```py\n"))
    if not closed or start < 0 or "```" in body[start + 3 :]:
        return None
    return body[start:].partition("\n")[2].strip() or None


def output_block(ran: Mapping[str, Any] | None, error: str | None = None) -> str:
    """A program's output, the value of its last line, or the last line of its error, as a block for the trace."""
    return f"\n{OUTPUT}\n{_shown(ran, error)}\n```\n"


def _shown(ran: Mapping[str, Any] | None, error: str | None) -> str:
    if ran is None:
        return error or "no output"
    if ran.get("status") in ("timeout", "memory", "killed"):
        return f"stopped: {ran['status']}"
    printed = str(ran.get("stdout") or "").strip()
    if ran.get("status") == "error":
        last = str(ran.get("stderr") or "").strip().rpartition("\n")[2] or "error"
        printed = f"{printed}\n{last}".strip()
    elif not printed and ran.get("value") is not None:
        printed = str(ran["value"])
    if len(printed) > _LONGEST:
        half = _LONGEST // 2
        printed = f"{printed[:half]} … {printed[-half:]}"
    return printed or "no output"
