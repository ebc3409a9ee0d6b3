"""Gives up, for good, every right that code does not need. Any step that fails raises, and no code is run."""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Any

__all__ = ["LIBC", "call", "confine"]

_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_PR_SET_SECCOMP, _PR_GET_SECCOMP, _SECCOMP_FILTER = 22, 21, 2
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_MS_NOSUID, _MS_NODEV, _MS_REMOUNT = 2, 4, 32
_EROFS = 30

LIBC = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def call(name: str, *arguments: Any) -> int:
    """Calls a function of the C library; raises OSError where it returns -1."""
    done: int = getattr(LIBC, name)(*arguments)
    if done == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return done


def confine(*, user: int | None, limits: dict[str, int], program: bytes, tmp: str) -> None:
    """Becomes `user` (where started by root), drops all capabilities, sets the limits and the filter, and checks that
    all of it holds.

    Args:
        limits: resource limits by the name of their constant, set as soft and hard limits.
        program: the filter of system calls.
        tmp: mount options of /tmp that bound its number of files.
    """
    _bound_tmp(tmp)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _drop_capabilities()
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    code = ctypes.create_string_buffer(program, len(program))
    filtered = _Program(len(program) // 8, ctypes.cast(code, ctypes.c_void_p).value)
    call("prctl", _PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(filtered), 0, 0)
    _check(user)


def _bound_tmp(options: str) -> None:
    """Bounds the number of files in /tmp, where the system permits it to bubblewrap. The size is bounded anyway."""
    flags = ctypes.c_ulong(_MS_REMOUNT | _MS_NOSUID | _MS_NODEV)
    LIBC.mount(b"tmpfs", b"/tmp", b"tmpfs", flags, options.encode())


def _drop_capabilities() -> None:
    call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def _check(user: int | None) -> None:
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    call("capget", header, sets)
    try:
        os.mkdir("/written")
        read_only = False
    except OSError as refused:
        read_only = refused.errno == _EROFS
    checks = {
        "capabilities are dropped": not any(sets),
        "the user is not root": os.geteuid() != 0 and user in (None, os.geteuid()),
        "no new privileges": LIBC.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
        "system calls are filtered": LIBC.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) == _SECCOMP_FILTER,
        "the root is read-only": read_only,
        "processes have a namespace of their own": os.getpid() <= 3,
    }
    if failed := [what for what, holds in checks.items() if not holds]:
        raise RuntimeError(f"does not hold: {', '.join(failed)}")
