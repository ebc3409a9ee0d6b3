"""Runs code as `__main__` and reports how it ended."""

from __future__ import annotations

import _ast
import atexit
import gc
import io
import math
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn, cast

from .protocol import MAX_VALUE_BYTES

__all__ = ["run"]

FILE = "<code>"
_RESERVES = {resource.RLIMIT_AS: 16 * 2**20, resource.RLIMIT_NOFILE: 16}  # kept back, to report how it ended
_AT_END: tuple[Callable[[], None], ...] = (getattr(threading, "_shutdown"), getattr(atexit, "_run_exitfuncs"))  # noqa: B009
_source: list[str] = []  # the code, for its traceback


def run(request: dict[str, Any], channel: int) -> NoReturn:
    """Runs `request["code"]`, writes the verdict to the channel, and ends the process."""
    token, code = request["token"].encode(), request["code"]
    _source[:] = [code]
    module = _namespace()
    _limit(request["cpu_seconds"])
    status, value = "ok", None
    try:
        value = _execute(code, module, last=request["last_expression"])
    except BaseException as raised:
        sys.settrace(None)
        status = _ended(raised)
    status = _end_interpreter(status)
    if value is None:
        value = module.__dict__.get("result")
    verdict = b'%s {"status": "%s", "value": %s}\n' % (token, status.encode(), _encode(value))
    while verdict:
        verdict = verdict[os.write(channel, verdict) :]
    os._exit(0)


def _namespace() -> ModuleType:
    module = ModuleType("__main__")
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = module
    sys.argv = [FILE]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what was printed is there, even if time runs out
    return module


def _limit(cpu_seconds: float) -> None:
    soft = math.ceil(time.process_time() + cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 1))
    for kind, reserve in _RESERVES.items():
        maximum = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (maximum - reserve, maximum))


def _release() -> None:
    """Makes the reserves available."""
    for kind in _RESERVES:
        maximum = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (maximum, maximum))


def _execute(code: str, module: ModuleType, *, last: bool) -> Any:
    """Runs the code. Returns the value of its last expression, if that is asked for and there is such an expression."""
    tree: Any = compile(code, FILE, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    ending: CodeType | None = None
    if last and tree.body and isinstance(tree.body[-1], _ast.Expr):
        ending = compile(_ast.Expression(tree.body.pop().value), FILE, "eval", dont_inherit=True)
    whole: CodeType = compile(tree, FILE, "exec", dont_inherit=True)
    del tree
    exec(whole, module.__dict__)
    return eval(ending, module.__dict__) if ending else None


def _ended(raised: BaseException) -> str:
    """The status after an exception; writes the traceback to stderr."""
    if isinstance(raised, SystemExit):
        if raised.code is None or raised.code == 0:
            return "ok"
        if not isinstance(raised.code, int):
            _write_error(str(raised.code))
        return "error"
    _release()
    _show(raised)
    return "memory" if isinstance(raised, MemoryError) else "error"


def _show(raised: BaseException) -> None:
    """Writes the traceback, with the frames of the code only."""
    trace = raised.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    try:
        import linecache
        import traceback

        (code,) = _source
        linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
        shown = traceback.TracebackException(type(raised), raised, trace, compact=True)
        _write_error("".join(shown.format()).rstrip("\n"))
    except BaseException:
        _show_plainly(raised, trace)


def _show_plainly(raised: BaseException, trace: TracebackType | None) -> None:
    try:
        sys.__excepthook__(type(raised), raised, trace)
    except BaseException:
        return


def _write_error(text: str) -> None:
    rest = (text + "\n").encode("utf-8", "backslashreplace")
    try:
        sys.stderr.flush()
        while rest:
            rest = rest[os.write(2, rest) :]
    except BaseException:
        return


def _end_interpreter(status: str) -> str:
    """Does what an interpreter does at its end: waits for threads, calls the registered functions, flushes."""
    sys.settrace(None)
    sys.setprofile(None)
    try:
        for finish in _AT_END:
            finish()
    except BaseException as raised:
        status = _ended(raised) if status == "ok" else status
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    for stream in streams:
        try:
            stream.flush()
        except BaseException:
            continue
    gc.disable()
    _release()
    return status


def _encode(value: Any) -> bytes:
    """The value as JSON; its `repr` where JSON cannot hold it; null where it is too long or has no `repr`."""
    if value is None:
        return b"null"
    for make in (_json, _json_of_plain, _json_of_text):
        try:
            encoded = make(value)
        except BaseException:
            continue
        if len(encoded) <= MAX_VALUE_BYTES:
            return encoded
        _write_error(f"the value is left out: it has {len(encoded)} bytes of JSON, more than {MAX_VALUE_BYTES}")
        break
    return b"null"


def _json(value: Any) -> bytes:
    from json import dumps  # takes time, and most code has no value

    return dumps(value, allow_nan=False).encode()


def _json_of_plain(value: Any) -> bytes:
    """For numpy values, sets, and values that hold them."""
    from json import dumps

    return dumps(value, allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[Any]", value))
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError


def _json_of_text(value: Any) -> bytes:
    return _json(repr(value))
