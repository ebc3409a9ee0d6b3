"""Runs inside the sandbox: loads a program, then runs its tests or its inputs one by one. Sent there as source."""

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

from passel.sandbox.programs.packing import pack_or_digest, unpack

__all__ = ["main"]

NAME = "program"
_OPERATORS = """
    abs bool class contains eq float ge getattr getattribute getitem gt hash index instancecheck int iter le len lt ne
    round rsub sub
"""
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement


class TooLong(BaseException):
    """The time of a test is up. No Exception, so that `except Exception` in a program does not catch it."""


class Silent(io.StringIO):
    """A stream that keeps nothing of what a program prints."""

    def write(self, text: str, /) -> int:
        return len(text)


def main(job: str) -> str:
    """Runs a job and returns the reply, both as JSON. The reply is a string, so no program can alter it later."""
    fields, encode = json.loads(job), json.dumps
    clean = dict(vars(builtins))
    sys.stdout = sys.stderr = Silent()
    reply = (verdicts if "tests" in fields else outputs)(fields, clean)
    atexit._clear()  # type: ignore[attr-defined]
    return encode(reply)


def verdicts(job: dict[str, Any], clean: dict[str, Any]) -> list[str | None]:
    """For each test None if it passed, else the error. With `stop`, ends at the first test that fails."""
    tests, seconds = job["tests"], job["seconds"]
    names, error = load(job["program"], job["prompt"], job["entry_point"], seconds)
    if error is not None:
        return [error] * len(tests)
    errors: list[str | None] = []
    for test in tests:
        fresh = {name: guarded(value) for name, value in names.items()} | {"__builtins__": clean}
        errors.append(attempt(lambda names=fresh, test=test: check(test, names), seconds)[1])
        if errors[-1] is not None and job["stop"]:
            break
    return errors


def outputs(job: dict[str, Any], clean: dict[str, Any]) -> list[Any]:
    """For each input a list that holds the packed output; ends with an error, a text, at the first input that fails."""
    seconds, name = job["seconds"], job["entry_point"]
    names, error = load(job["program"], job["prompt"], name, seconds)
    function: Any = names.get(name)
    if error is not None or not callable(function):
        return [error or f"NameError: no function {name}"]
    replies: list[Any] = []
    for packed in job["inputs"]:
        arguments = unpack(packed)
        value, error = attempt(lambda arguments=arguments: pack_or_digest(function(*arguments)), seconds)
        replies.append([value] if error is None else error)
        if error is not None:
            break
    return replies


def load(program: str, prompt: str, entry_point: str, seconds: float) -> tuple[dict[str, Any], str | None]:
    """The names that a program defines, or why it cannot be run.

    The imports and helpers before the entry point in the prompt are executed first. A program that does not define the
    entry point, or cannot be parsed, is taken as the continuation of the prompt.
    """
    head = re.split(rf"^(?:async )?def {re.escape(entry_point)}\b", prompt, maxsplit=1, flags=re.MULTILINE)
    names, error = _executed([head[0] if len(head) > 1 else "", program], seconds)
    unparsed = error is not None and error.startswith(("SyntaxError", "IndentationError", "TabError"))
    if prompt and (unparsed or (error is None and not callable(names.get(entry_point)))):
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
    """What the work returns, and its error: any end but a return is an error, `sys.exit(0)` too."""
    try:
        with limited(seconds):
            return work(), None
    except TooLong:
        return None, f"TimeoutError: more than {seconds:g} s of processor time"
    except BaseException as raised:
        return None, described(raised)


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """Raises TooLong in the block after so much processor time, and again every 0.1 s if the block catches it."""

    def stop(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def described(raised: BaseException) -> str:
    """Type and message of an exception, at most 300 characters."""
    try:
        text = str(raised)
    except BaseException:
        text = ""
    name = type.__getattribute__(type(raised), "__name__")
    return f"{name}: {text}"[:300] if text else str(name)


def check(test: str, names: dict[str, Any]) -> None:
    """Runs a test. If it ends in `assert a == b` and that fails, the error shows the value of `a`."""
    tree = ast.parse(test)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Assert) and isinstance(last.test, ast.Compare) and last.msg is None:
        name = "left of the comparison"
        assignment = ast.Assign([ast.Name(name, ast.Store())], last.test.left)
        last.test.left = ast.Name(name, ast.Load())
        last.msg = ast.Call(ast.Name("what was got", ast.Load()), [ast.Name(name, ast.Load())], [])
        tree.body.insert(-1, assignment)
        names["what was got"] = _got
    exec(compile(ast.fix_missing_locations(tree), "<test>", "exec", dont_inherit=True), names)


def _got(value: Any) -> str:
    try:
        return f"got {repr(value)[:200]}"
    except BaseException as raised:
        return f"got a {type(value).__name__} ({type(raised).__name__} in its repr)"


def guarded(value: Any) -> Any:
    """The same function, but it raises TypeError where it returns an object that decides itself what it equals. Other
    values as they are."""
    if type(value) is not FunctionType or value.__module__ != NAME:
        return value

    @wraps(value)
    def call(*arguments: Any, **named: Any) -> Any:
        returned = value(*arguments, **named)
        _refuse_forged(returned)
        return returned

    return call


def _refuse_forged(returned: Any) -> None:
    waiting, seen = [returned], set[int]()
    while waiting:
        value = waiting.pop()
        kind = cast(type[Any], type(value))
        if kind in (list, tuple, set, frozenset, dict):
            if id(value) not in seen:
                seen.add(id(value))
                waiting += value
                waiting += value.values() if kind is dict else ()
        elif kind.__flags__ & _HEAP and any(map(_has_operators, type.mro(kind))):
            raise TypeError(f"returned a {kind.__name__}, which has operators of its own")


def _has_operators(kind: type[Any]) -> bool:
    """Whether it is a class of the program with operators of its own."""
    if not kind.__flags__ & _HEAP:
        return False
    home = sys.modules.get(str(kind.__dict__.get("__module__")))
    if home is not None and home.__name__ != NAME and vars(home).get(kind.__qualname__) is kind:
        return False
    return any(name.strip("_") in _OPERATORS.split() for name in kind.__dict__ if name.startswith("__"))
