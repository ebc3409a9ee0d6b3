"""The two ways to make a container: bubblewrap, and system calls of our own."""

from __future__ import annotations

import itertools
import os
import platform
import shutil
import sys
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from passel.sandbox.bundle import LOADER
from passel.sandbox.execution import Backend, Limits
from passel.sandbox.seccomp import MACHINES, program
from passel.sandbox.view import View

__all__ = ["BACKENDS", "boot_message", "missing", "start_command", "unused_user"]

BACKENDS: tuple[Backend, ...] = ("bubblewrap", "plain")
"""In the order of preference."""

_IMPORTS = ("re", "math", "collections", "itertools", "functools", "typing", "operator")
"""Modules that a worker loads before it is given code."""

_WORK = "/tmp"
_MAX_FILES = 8192  # in /tmp: each takes about a kibibyte of memory, which the size of /tmp does not bound
_MAX_THREADS = 64
_MAX_DESCRIPTORS = 128
_HELPERS = {"bubblewrap": 1, "plain": 2}  # processes of the container that the kernel counts with the worker's
_OPTIONS = ("-I", "-S", "-B", "-c")
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": _WORK,
    "TMPDIR": _WORK,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_users = itertools.count()


def missing(backend: Backend) -> str | None:
    """Why the backend cannot be tried on this machine; None if it can."""
    if sys.platform != "linux":
        return "it needs Linux"
    if platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return f"it needs an {' or '.join(MACHINES)} processor, this is {platform.machine()}"
    if backend == "bubblewrap" and shutil.which("bwrap") is None:
        return "the program bwrap is not installed"
    return None


def unused_user() -> int | None:
    """For root: an unused user id, a new one each time, for a worker to run as. None for other users.

    The kernel does not limit root's processes, and root owns too much. The limit counts all processes of a user, so
    each worker has a user id of its own.
    """
    if os.geteuid() != 0:
        return None
    rows = [[int(field) for field in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    first, count = max(((row[0], row[2]) for row in rows), key=lambda row: row[1])
    if count <= 2:
        return None  # root of a namespace of one: an ordinary user
    last = min(first + count, 2**31) - 2
    return last - next(_users) % min(count // 2, 1 << 16)


def start_command(
    backend: Backend, view: View, limits: Limits, channel: int, *, root: bool
) -> tuple[list[str], list[str]]:
    """The command line of a worker, and its environment as NAME=VALUE.

    Args:
        channel: the descriptor on which the worker reports.
        root: whether the worker runs as an `unused_user`; then it needs no user namespace.
    """
    environment = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
    if backend == "bubblewrap":
        inside = f"{LOADER}worker.main({channel})"
        return [*_bubblewrap(view, limits, root=root), view.python, *_OPTIONS, inside], environment
    settings = {"view": asdict(view), "user_namespace": not root, "tmp": _tmp_options(limits)}
    return [view.python, *_OPTIONS, f"{LOADER}plain.enter(**{settings!r})\nworker.main({channel})"], environment


def _bubblewrap(view: View, limits: Limits, *, root: bool) -> list[str]:
    bwrap = shutil.which("bwrap")
    assert bwrap is not None, "see `missing`"
    user = () if root else ("--unshare-user", "--uid", "65534", "--gid", "65534")
    rights = ("SYS_ADMIN", "SETUID", "SETGID") if root else ("SYS_ADMIN",)  # given up once /tmp is bounded
    line = [bwrap, "--die-with-parent", "--new-session", *user]
    line += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    line += ["--cap-drop", "ALL", *(word for right in rights for word in ("--cap-add", f"CAP_{right}"))]
    for folder in _parents(view):  # else bubblewrap makes them for their owner only
        line += ["--perms", "0755", "--dir", folder]
    for source, inside in view.binds:
        line += ["--ro-bind", source, inside]
    for device in view.devices:
        line += ["--dev-bind", device, device]
    for target, link in view.links:
        line += ["--symlink", target, link]
    line += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp", "--remount-ro", "/"]
    return [*line, "--chdir", _WORK, "--"]


def _parents(view: View) -> list[str]:
    folders = {str(folder) for _, inside in view.binds for folder in PurePosixPath(inside).parents}
    return sorted(folders - {"/"})


def _tmp_options(limits: Limits) -> str:
    return f"size={limits.disk},nr_inodes={_MAX_FILES},mode=1777"


def boot_message(backend: Backend, view: View, limits: Limits, user: int | None) -> dict[str, object]:
    """The first message to a worker: how to confine itself, and which modules to load."""
    each = limits.memory // limits.processes
    helpers = 0 if user is not None else _HELPERS[backend]
    resources = {
        "RLIMIT_AS": each,
        "RLIMIT_NPROC": helpers + (limits.processes if limits.processes > 1 else _MAX_THREADS),
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_NOFILE": _MAX_DESCRIPTORS,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 256,
        "RLIMIT_NICE": 0,
        "RLIMIT_RTPRIO": 0,
    }
    return {
        "user": user,
        "limits": resources,
        "program": program(processes=limits.processes > 1),
        "tmp": _tmp_options(limits),
        "packages": list(view.packages),
        "imports": list(_IMPORTS),
    }
