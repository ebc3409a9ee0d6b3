"""The address of an ask: a digest of everything that its reply's distribution depends on, and of its key."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from passel.core.ask import Ask, Call, Embed, Generate, Prompt, Sampling, Score
from passel.core.key import Key

__all__ = ["address", "describe", "sample_address", "stem"]


def address(model: str, ask: Ask, scope: str = "") -> str:
    """Returns a 40-digit hexadecimal address, the same on every machine.

    The role and the label are left out: a sample that two roles ask for is one sample. A tool's call belongs to its
    `scope` (the problem), because tools know their problem. A score and an embedding are not random: they have no key.
    """
    match ask:
        case Generate():
            return sample_address(stem(model, ask.prompt, ask.sampling), ask.prefix, ask.key)
        case Score():
            kind = (ask.what, ask.chain) if ask.what != "logprob" else ()
            parts = (stem(model, ask.prompt), ask.prefix, _dump(ask.continuations), *map(str, kind))
        case Embed():
            parts = (model, "embed", _dump(ask.texts))
        case Call():
            parts = (scope, ask.tool, _dump(ask.arguments))
    return _digest("\x00".join((ask.kind, *parts)))


def sample_address(stem: str, prefix: str, key: Key) -> str:
    """Returns the address of one sample; the stem is shared by all samples of a prompt."""
    return _digest(f"generate\x00{stem}\x00{prefix}\x00{key.seed}{key.path!r}")


def describe(model: str, ask: Ask) -> dict[str, Any]:
    """Returns the ask as JSON values, for the record."""
    base: dict[str, Any] = {"kind": ask.kind, "model": model, "role": ask.role, "label": ask.label}
    match ask:
        case Generate():
            base |= {"prompt": _plain(ask.prompt), "prefix": ask.prefix, "key": str(ask.key)}
            base["sampling"] = ask.sampling.given()
        case Score():
            base |= {"prompt": _plain(ask.prompt), "prefix": ask.prefix, "continuations": ask.continuations}
            base |= {"what": ask.what, "chain": ask.chain} if ask.what != "logprob" else {}
        case Embed():
            base["texts"] = ask.texts
        case Call():
            base |= {"tool": ask.tool, "arguments": ask.arguments}
    return base


def _plain(prompt: Prompt) -> Any:
    return prompt if isinstance(prompt, str) else [[m.author, m.content] for m in prompt]


@lru_cache(maxsize=4096)
def stem(model: str, prompt: Prompt, sampling: Sampling | None = None) -> str:
    """Returns the digest of what the samples or the scores of a prompt have in common."""
    return _digest(_dump([model, _plain(prompt), sampling.given() if sampling else None]))


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
