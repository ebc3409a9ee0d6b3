"""What an endpoint's errors mean: try again, never mind this request, or give up on the model."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from passel.core.errors import ModelError, Retryable
from passel.models.parts.loose import count, listing, mapping, number, parse, text_of

__all__ = ["Refused", "broken", "error_event", "fault", "message_of", "retry_after"]

_LINE = 300
_PASSING = frozenset({408, 409, 425, 429})
_OF_THE_REQUEST = frozenset({400, 413, 422})
_PERMANENT = frozenset({501, 505, 511})
_NO_MONEY = re.compile(r"insufficient_quota|billing_(hard_limit|not_active)|exceeded your current quota", re.I)


class Refused(Exception):
    """The endpoint refuses this one request; the text is its message."""


def fault(where: str, status: int, headers: Mapping[str, str], body: bytes) -> ModelError | Refused:
    """The error that a response of this status is; `where` names the endpoint.

    A Refused becomes replies with stop="failed". 501 (llama.cpp's answer to what it was not started for) and its
    like do not pass, unlike the other 5xx. A 429 for want of money does not pass either.
    """
    message = message_of(body)
    if status in _OF_THE_REQUEST:
        return Refused(message or f"the endpoint refused the request with status {status}")
    said = f"{where} says {status}" + (f": {message}" if message else "")
    if status == 429 and _NO_MONEY.search(body.decode("utf-8", "replace")):
        return ModelError(said)
    if status in _PASSING or (status >= 500 and status not in _PERMANENT):
        return Retryable(said, retry_after(headers))
    if 300 <= status < 400:
        return ModelError(f"{said}: it points to {headers.get('Location', 'nowhere')}; give that as the base URL")
    return ModelError(said)


def broken(where: str, error: Exception, completion_tokens: int = 0) -> ModelError:
    """The error that a failure below HTTP is: no connection, a connection lost, a body cut short, a timeout."""
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL)):
        return ModelError(f"{where} cannot be used: {_line(str(error))}")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error) or type(error.os_error).__name__
        return Retryable(f"cannot reach {where}: {_line(reason)}")
    if isinstance(error, TimeoutError):
        return Retryable(f"{where} did not answer in time", completion_tokens=completion_tokens)
    if isinstance(error, ValueError):
        return Retryable(f"{where} sent malformed JSON: {_line(str(error))}", completion_tokens=completion_tokens)
    what = _line(f"{type(error).__name__}: {error}")
    return Retryable(f"the connection to {where} broke: {what}", completion_tokens=completion_tokens)


def message_of(body: bytes) -> str:
    """The endpoint's own words in an error body, on one line of at most 300 characters; "" if it says nothing.

    Known shapes: {"error": {"message"}} (OpenAI, llama.cpp), {"error": "…"}, {"message"} (older vLLM), {"detail":
    "…" or [{"loc", "msg"}]} (FastAPI), and plain text or HTML.
    """
    try:
        value = mapping(parse(body))
    except ValueError:
        return _line(re.sub(r"<[^>]*>", " ", body.decode("utf-8", "replace")))
    error = value.get("error")
    detail = [_place(mapping(entry)) for entry in listing(value.get("detail"))]
    found = (
        text_of(mapping(error).get("message")),
        text_of(error),
        text_of(value.get("message")),
        text_of(value.get("detail")),
        "; ".join(filter(None, detail)),
    )
    return _line(next(filter(None, found), ""))


def error_event(where: str, error: Any, completion_tokens: int) -> ModelError | Refused:
    """The error that an {"error": …} object inside a 200 response is; its `code` is a status if it looks like one."""
    entry = mapping(error)
    code = count(entry.get("code"))
    message = _line(text_of(entry.get("message")) or text_of(error) or "an error without a message")
    if code in _OF_THE_REQUEST:
        return Refused(message)
    return Retryable(f"{where} broke off: {message}", completion_tokens=completion_tokens)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (a number or an HTTP date), or None."""
    for name, scale in (("retry-after-ms", 1e-3), ("Retry-After", 1.0)):
        text = headers.get(name, "").strip()
        if not text:
            continue
        try:
            seconds = number(float(text) * scale)
        except ValueError:
            seconds = _until(text)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _until(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return None


def _place(entry: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in listing(entry.get("loc")))
    message = text_of(entry.get("msg"))
    return f"{where}: {message}" if where and message else message


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"
