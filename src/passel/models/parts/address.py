"""Where an endpoint is: the spec NAME@BASE_URL, the key, and the settings that come as text."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

from yarl import URL

from passel.core.errors import UsageError

__all__ = ["Address", "api_key_for", "extra_fields", "identity", "is_local"]

_OFFICIAL = "api.openai.com"
_SPEC = re.compile(r"(?P<model>.*?)@(?P<base>https?://.*)", re.S)
_EXAMPLE = "such as Qwen/Qwen3-8B@http://127.0.0.1:8000/v1"


@dataclass(frozen=True, slots=True)
class Address:
    """A model's name and the base URL of its endpoint.

    >>> Address.parse("Qwen/Qwen3-8B@http://127.0.0.1:8000/v1/")
    Address(model='Qwen/Qwen3-8B', base=URL('http://127.0.0.1:8000/v1'))
    >>> Address.parse("gpt-5-mini").base
    URL('https://api.openai.com/v1')
    """

    model: str
    base: URL

    @classmethod
    def parse(cls, spec: str) -> Address:
        """From NAME@BASE_URL or NAME. Raises UsageError that names what is wrong."""
        spec = spec.strip()
        if found := _SPEC.fullmatch(spec):
            return cls(_model(found["model"], spec), _base(found["base"]))
        if re.match(r"https?://", spec):
            raise UsageError(f"{spec!r} lacks the model's name; write NAME@BASE_URL, {_EXAMPLE}")
        name, at, rest = spec.rpartition("@")
        if at and name:
            raise UsageError(f"the base URL {rest!r} must begin with http:// or https://, {_EXAMPLE}")
        return cls(_model(spec, spec), URL(f"https://{_OFFICIAL}/v1"))

    @property
    def official(self) -> bool:
        """Whether this is OpenAI's own endpoint, which refuses fields it does not know."""
        return self.base.host == _OFFICIAL

    @property
    def own(self) -> bool:
        """Whether this looks like a server of the user's own (vLLM, SGLang, llama.cpp) and not a hosted API."""
        return self.base.scheme == "http" or is_local(self.base)


def is_local(base: URL) -> bool:
    """Whether a URL names this machine."""
    host = base.host or ""
    return host in ("localhost", "::1", "0.0.0.0") or host.startswith("127.")


def api_key_for(api_key: str | None) -> str | None:
    """The key given, or the environment's; None to send none. Raises UsageError if it cannot stand in a header."""
    key = (api_key or os.environ.get("PASSEL_API_KEY") or os.environ.get("OPENAI_API_KEY") or "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise UsageError("the API key holds a character that no HTTP header can carry (a space or a non-ASCII letter)")
    return key or None


def extra_fields(extra: str | None) -> dict[str, Any]:
    """The JSON object that `extra` is; UsageError if it is none."""
    if not extra:
        return {}
    try:
        value = json.loads(extra)
    except ValueError as error:
        raise UsageError(f"extra must be a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"extra must be a JSON object, got {extra[:80]!r}")
    return cast(dict[str, Any], value)


def identity(spec: str, api: str, extra: Mapping[str, Any]) -> str:
    """A name that differs where draws may differ: the spec, marked by what else changes a prompt or a body."""
    marks = [] if api == "chat" else [api]
    if extra:
        marks.append(blake2b(json.dumps(extra, sort_keys=True).encode(), digest_size=4).hexdigest())
    return "#".join([spec.strip(), *marks])


def _model(name: str, spec: str) -> str:
    if not name or any(letter.isspace() for letter in name):
        raise UsageError(f"{spec!r} has no usable model name; write NAME@BASE_URL, {_EXAMPLE}")
    return name


def _base(text: str) -> URL:
    try:
        url = URL(text)
        port, host = url.port, url.host
    except ValueError as error:
        raise UsageError(f"the base URL {text!r} is wrong: {error}") from None
    if not host or port == 0 or any(letter.isspace() for letter in text):
        raise UsageError(f"the base URL {text!r} has no usable host and port, {_EXAMPLE}")
    if url.user or url.password:
        raise UsageError("the base URL must hold no user name or password; give a key as api_key")
    if url.fragment:
        raise UsageError(f"the base URL {text!r} has a fragment (#)")
    for route in ("/chat/completions", "/completions", "/embeddings"):
        if url.path.rstrip("/").endswith(route):
            raise UsageError(f"the base URL {text!r} must end before {route}")
    return url.with_path(url.path.rstrip("/"), keep_query=True)
