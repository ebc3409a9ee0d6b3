"""The container without bubblewrap: namespaces, mounts and a first process of its own, by system calls only."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any, NoReturn

from .lockdown import call

__all__ = ["enter"]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
_NEWPID, _NEWNET = 0x20000000, 0x40000000
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE, _DETACH = 2, 4, 4096, 16384, 1 << 18, 2
_PR_SET_PDEATHSIG = 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000  # since Linux 5.12
_READ_ONLY_NOSUID = 0x1 | 0x2
_BASE = "/tmp"
_NOBODY = 65534


def enter(view: dict[str, Any], *, user_namespace: bool, tmp: str) -> None:
    """Makes the container and returns inside it, in a new process.

    There are three processes: the caller waits outside; the first process of the new namespace reaps its children; the
    third returns. Each dies with the process before it, and all processes of a namespace die with its first.

    Args:
        view: the fields of a `View`.
        user_namespace: whether to make a user namespace: ordinary users need it, root does not.
        tmp: mount options of the private /tmp.
    """
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    user, group = os.getuid(), os.getgid()
    call("unshare", _NEWNS | _NEWUTS | _NEWIPC | _NEWPID | _NEWNET | (_NEWUSER if user_namespace else 0))
    if user_namespace:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{_NOBODY} {user} 1")
        _write("/proc/self/gid_map", f"{_NOBODY} {group} 1")
    os.umask(0o022)
    _build(view, tmp)
    if first := os.fork():
        _wait_for(first)
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if worker := os.fork():
        _wait_for(worker)
    os.setsid()


def _wait_for(child: int) -> NoReturn:
    """Ends this process as the child ends; reaps other children meanwhile."""
    os.closerange(0, 1 << 20)  # else the pipes would stay open beyond the worker
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _build(view: dict[str, Any], tmp: str) -> None:
    """Makes a root directory of the view, in place of the present root."""
    sources = [(os.open(source, os.O_PATH | os.O_CLOEXEC), inside) for source, inside in view["binds"]]
    sources += [(os.open(device, os.O_PATH | os.O_CLOEXEC), device) for device in view["devices"]]
    folders = {fd: os.path.isdir(f"/proc/self/fd/{fd}") for fd, _ in sources}
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", _BASE, "tmpfs", _NOSUID | _NODEV, "size=1m,nr_inodes=4096,mode=755")
    for fd, inside in sources:
        target = _BASE + inside
        os.makedirs(target if folders[fd] else os.path.dirname(target), mode=0o755, exist_ok=True)
        if not folders[fd]:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(f"/proc/self/fd/{fd}", target, None, _BIND | _REC)
        os.close(fd)
    for target, link in view["links"]:
        os.makedirs(os.path.dirname(_BASE + link), mode=0o755, exist_ok=True)
        os.symlink(target, _BASE + link)
    os.makedirs(_BASE + "/tmp", exist_ok=True)
    _protect(_BASE)
    _mount("tmpfs", _BASE + "/tmp", "tmpfs", _NOSUID | _NODEV, tmp)
    os.chdir(_BASE)
    call("syscall", _PIVOT_ROOT[os.uname().machine], b".", b".")  # the old root is now mounted above the new one
    call("umount2", b".", _DETACH)
    os.chdir("/tmp")


def _protect(root: str) -> None:
    """Makes a folder read-only, with all that is mounted below it."""
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY_NOSUID, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    call("syscall", _MOUNT_SETATTR, _AT_FDCWD, root.encode(), _AT_RECURSIVE, ctypes.byref(attributes), size)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    filesystem = None if kind is None else kind.encode()
    call("mount", source.encode(), target.encode(), filesystem, ctypes.c_ulong(flags), options.encode() or None)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
