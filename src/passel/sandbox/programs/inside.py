"""What runs inside the sandbox: a program, and then its tests or its inputs one by one. Sent there as source."""

from __future__ import annotations

import ast
import atexit
import builtins
import io
import json
import re
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from textwrap import indent
from types import FunctionType, ModuleType
from typing import Any, cast

from passel.sandbox.programs.values import short, unpack

__all__ = ["main"]

NAME = "program"
_OPERATORS = """
    abs bool class contains eq float ge getattr getattribute getitem gt hash index instancecheck int iter le len lt ne
    round rsub sub
"""
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement


class TooLong(BaseException):
    """A test's time is up. No Exception, so that `except Exception` in a program does not catch it."""


class Quiet(io.StringIO):
    """Takes what a program prints, and keeps none of it."""

    def write(self, text: str, /) -> int:
        return len(text)


def main(job: str) -> str:
    """Runs a job and returns what came of it, both as JSON. The reply is a string, which no program can alter later."""
    fields, encode = json.loads(job), json.dumps
    clean = dict(vars(builtins))
    sys.stdout = sys.stderr = Quiet()
    found = (verdicts if "tests" in fields else outputs)(fields, clean)
    atexit._clear()  # type: ignore[attr-defined]
    return encode(found)


def verdicts(job: dict[str, Any], clean: dict[str, Any]) -> list[str | None]:
    """For each test None if it passed, else why not. With `stop`, ends at the first that did not."""
    wanted, seconds = job["tests"], job["seconds"]
    names, error = load(job["program"], job["prompt"], job["entry_point"], seconds)
    if error is not None:
        return [error] * len(wanted)
    found: list[str | None] = []
    for test in wanted:
        own = {name: guarded(value) for name, value in names.items()} | {"__builtins__": clean}
        found.append(attempt(lambda own=own, test=test: check(test, own), seconds)[1])
        if found[-1] is not None and job["stop"]:
            break
    return found


def outputs(job: dict[str, Any], clean: dict[str, Any]) -> list[Any]:
    """What the entry point returns for each input, packed, in a list of its own; ends with the reason at the first
    that fails."""
    seconds, name = job["seconds"], job["entry_point"]
    names, error = load(job["program"], job["prompt"], name, seconds)
    function: Any = names.get(name)
    if error is not None or not callable(function):
        return [error or f"NameError: no function {name}"]
    found: list[Any] = []
    for packed in job["inputs"]:
        arguments = unpack(packed)
        value, error = attempt(lambda arguments=arguments: short(function(*arguments)), seconds)
        found.append([value] if error is None else error)
        if error is not None:
            break
    return found


def load(program: str, prompt: str, entry_point: str, seconds: float) -> tuple[dict[str, Any], str | None]:
    """The names that a program defines, or why it cannot be run.

    What stands in the prompt before the entry point (imports, helpers) is there already. A program that does not define
    the entry point, or cannot be parsed, is taken as the continuation of the prompt.
    """
    head = re.split(rf"^(?:async )?def {re.escape(entry_point)}\b", prompt, maxsplit=1, flags=re.MULTILINE)
    names, error = _executed([head[0] if len(head) > 1 else "", program], seconds)
    unread = error is not None and error.startswith(("SyntaxError", "IndentationError", "TabError"))
    if prompt and (unread or (error is None and not callable(names.get(entry_point)))):
        body = program if program[:1].isspace() else indent(program, "    ")  # fenced bodies are often not indented
        joined, second = _executed([prompt + body], seconds)
        if second is None or error is None:
            return joined, second
    return names, error


def _executed(sources: list[str], seconds: float) -> tuple[dict[str, Any], str | None]:
    module = ModuleType(NAME)
    sys.modules[NAME] = module

    def run() -> None:
        for source in sources:
            exec(compile(source, "<program>", "exec", dont_inherit=True), module.__dict__)

    return module.__dict__, attempt(run, seconds)[1]


def attempt(work: Callable[[], Any], seconds: float) -> tuple[Any, str | None]:
    """What the work returns, and how it failed: any end but a return is a failure, `sys.exit(0)` too."""
    try:
        with limited(seconds):
            return work(), None
    except TooLong:
        return None, f"TimeoutError: more than {seconds:g} s of processor time"
    except BaseException as raised:
        return None, told(raised)


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """Raises TooLong in what runs inside after so much processor time, and again every while if that is caught."""

    def stop(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def told(raised: BaseException) -> str:
    """Type and message of an exception, shortened."""
    try:
        text = str(raised)
    except BaseException:
        text = ""
    name = type.__getattribute__(type(raised), "__name__")
    return f"{name}: {text}"[:300] if text else str(name)


def check(test: str, names: dict[str, Any]) -> None:
    """Runs a test; where `assert a == b` at its end fails, the error tells what `a` was."""
    tree = ast.parse(test)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Assert) and isinstance(last.test, ast.Compare) and last.msg is None:
        name = "left of the comparison"
        kept = ast.Assign([ast.Name(name, ast.Store())], last.test.left)
        last.test.left = ast.Name(name, ast.Load())
        last.msg = ast.Call(ast.Name("what was got", ast.Load()), [ast.Name(name, ast.Load())], [])
        tree.body.insert(-1, kept)
        names["what was got"] = _got
    exec(compile(ast.fix_missing_locations(tree), "<test>", "exec", dont_inherit=True), names)


def _got(value: Any) -> str:
    try:
        return f"got {repr(value)[:200]}"
    except BaseException as raised:
        return f"got a {type(value).__name__} ({type(raised).__name__} in its repr)"


def guarded(value: Any) -> Any:
    """A function of the program, which may return no object that decides itself what it equals."""
    if type(value) is not FunctionType or value.__module__ != NAME:
        return value

    @wraps(value)
    def call(*arguments: Any, **named: Any) -> Any:
        found = value(*arguments, **named)
        _refuse_forged(found)
        return found

    return call


def _refuse_forged(found: Any) -> None:
    waiting, seen = [found], set[int]()
    while waiting:
        value = waiting.pop()
        kind = cast(type[Any], type(value))
        if kind in (list, tuple, set, frozenset, dict):
            if id(value) not in seen:
                seen.add(id(value))
                waiting += value
                waiting += value.values() if kind is dict else ()
        elif kind.__flags__ & _HEAP and any(map(_decides, type.mro(kind))):
            raise TypeError(f"returned a {kind.__name__}, which has operators of its own")


def _decides(kind: type[Any]) -> bool:
    """Whether a class of the program has operators of its own."""
    if not kind.__flags__ & _HEAP:
        return False
    home = sys.modules.get(str(kind.__dict__.get("__module__")))
    if home is not None and home.__name__ != NAME and vars(home).get(kind.__qualname__) is kind:
        return False
    return any(name.strip("_") in _OPERATORS.split() for name in kind.__dict__ if name.startswith("__"))
