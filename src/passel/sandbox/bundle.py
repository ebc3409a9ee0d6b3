"""The modules of `inside`, compiled once. A worker gets them through its pipe, so nothing of Passel is mounted."""

from __future__ import annotations

import marshal
from functools import cache
from pathlib import Path

__all__ = ["LOADER", "bundle"]

_MODULES = ("protocol", "lockdown", "plain", "run", "worker")  # each after the modules that it imports

LOADER = """
import marshal, os, sys
from types import ModuleType
def take(count):
    parts = []
    while count and (part := os.read(0, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
package = sys.modules["inside"] = ModuleType("inside")
package.__path__ = []
for name, code in marshal.loads(take(int(take(8), 16))):
    module = sys.modules["inside." + name] = ModuleType("inside." + name)
    module.__package__ = "inside"
    setattr(package, name, module)
    exec(code, module.__dict__)
del package, module, name, code, take
from inside import plain, worker
"""
"""The code that an interpreter is started with. It defines `plain` and `worker`; the caller adds what to call."""


@cache
def bundle() -> bytes:
    """A list of names and code objects, marshalled, for this version of the interpreter."""
    folder = Path(__file__).with_name("inside")
    sources = [(name, (folder / f"{name}.py").read_text(encoding="utf-8")) for name in _MODULES]
    return marshal.dumps([(name, compile(text, f"<{name}>", "exec", dont_inherit=True)) for name, text in sources])
