"""Which backend works on this machine. Each is tried: a worker must start, and must find that it can reach nothing."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import threading

from passel.core.errors import PasselError, unknown
from passel.sandbox.backends import BACKENDS, missing
from passel.sandbox.container import Submission
from passel.sandbox.execution import Backend, Limits, NoSandbox
from passel.sandbox.view import view
from passel.sandbox.workers import Workers

__all__ = ["available", "choose"]

_ADVICE = (
    "install bubblewrap (apt install bubblewrap, dnf install bubblewrap) and allow user namespaces "
    "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; "
    "in a container: --security-opt seccomp=unconfined or the right to unshare)"
)
_SECONDS = 60.0
_REACH = """
import os, socket
address, file, process = {targets!r}
reached = []
try:
    socket.socket(socket.AF_UNIX).connect("\\0" + address)
    reached.append("sockets of the machine")
except OSError:
    pass
if os.path.exists(file):
    reached.append("files of the machine")
try:
    os.kill(process, 0)
    reached.append("processes of the machine")
except ProcessLookupError:
    pass
except PermissionError:
    reached.append("processes of the machine")
result = reached
"""
_lock = [threading.Lock()]  # a list, so that a child can have a new lock after a fork
_reasons: dict[tuple[Backend, int], str | None] = {}


def available() -> bool:
    """Whether model-written code can be run here."""
    try:
        choose(None)
    except NoSandbox:
        return False
    return True


def choose(backend: Backend | None) -> Backend:
    """This backend, or the first that works. Raises NoSandbox if none does: code is never run outside."""
    if backend is not None and backend not in BACKENDS:
        raise unknown("sandbox backend", backend, BACKENDS)
    reasons: list[str] = []
    for name in BACKENDS if backend is None else (backend,):
        if (reason := _reason(name)) is None:
            return name
        reasons.append(f"{name}: {reason}")
    raise NoSandbox(f"model-written code cannot be confined here, so it is not run; {'; '.join(reasons)}; {_ADVICE}")


def _reason(backend: Backend) -> str | None:
    """Why the backend does not work; None if it does. Each backend is tried once in a process."""
    if reason := missing(backend):
        return reason
    with _lock[0]:
        key = (backend, os.geteuid())
        if key not in _reasons:
            _reasons[key] = _try(backend)
        return _reasons[key]


def _try(backend: Backend) -> str | None:
    address = f"passel-{secrets.token_hex(8)}"
    workers = Workers(backend, view(packages=False), Limits(), max_workers=1)
    try:
        with socket.socket(socket.AF_UNIX) as listener, tempfile.NamedTemporaryFile() as file:
            listener.bind("\0" + address)
            listener.listen()
            code = _REACH.format(targets=(address, file.name, os.getpid()))
            execution = workers.submit(Submission(code, "", False, Limits(seconds=_SECONDS))).result()
    except PasselError as failed:
        return str(failed)
    finally:
        workers.close()
    if execution.status != "ok":
        return f"its trial ended with {execution.status}: {execution.stderr.strip()}"
    return f"its code can reach {' and '.join(execution.value)}" if execution.value else None


def _after_fork() -> None:
    _lock[0] = threading.Lock()  # another thread may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
