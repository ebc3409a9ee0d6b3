"""The filter of system calls: a classic BPF program that refuses the calls that code in a sandbox does not need."""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from passel.sandbox.syscalls import ABSENT, CALLS, FORBIDDEN

__all__ = ["MACHINES", "program"]

# struct seccomp_data: number at 0, architecture at 4, arguments from 16 on, 8 bytes each (lower half first)
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000  # NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_X32 = 0x40000000  # numbers from here on belong to the x32 interface, which would slip through

_Instruction: TypeAlias = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    column: int


MACHINES = {"x86_64": _Machine(0xC000003E, 0), "aarch64": _Machine(0xC00000B7, 1)}


@cache
def program(*, processes: bool, machine: str | None = None) -> bytes:
    """The filter as an array of struct sock_filter, 8 bytes each.

    Refused with EPERM: tracing and memory of other processes, namespaces and mounts, keys, kernel modules, clocks and
    the machine's names, System V and POSIX queues. Refused with ENOSYS, as on a kernel without them, so that libraries
    fall back: clone3 (whose flags a filter cannot see), io_uring, memfd (memory beside the limits). Sockets are of the
    UNIX family only: others reach the loopback device at best, and AF_VSOCK is not part of the network namespace.

    Args:
        processes: whether new processes are allowed; threads always are.
        machine: as `platform.machine()` says; a key of `MACHINES`.
    """
    kind = MACHINES[machine or platform.machine()]
    number = {name: row[kind.column] for name, row in CALLS.items() if row[kind.column] is not None}
    code: list[_Instruction] = [(_LOAD, 0, 0, _ARCH), (_JUMP_EQUAL, 1, 0, kind.audit), (_RETURN, 0, 0, _KILL)]
    code.append((_LOAD, 0, 0, _NUMBER))
    if kind.column == 0:
        code += [(_JUMP_AT_LEAST, 0, 1, _X32), _refuse(errno.ENOSYS)]
    forbidden = FORBIDDEN if processes else FORBIDDEN | {"fork", "vfork"}
    for names, why in ((forbidden, errno.EPERM), (ABSENT, errno.ENOSYS)):
        for name in sorted(names & number.keys()):
            code += [(_JUMP_EQUAL, 0, 1, number[name] or 0), _refuse(why)]
    code += _when(number["clone"] or 0, _clone(processes))
    code += _when(number["socket"] or 0, _allow_only(0, _AF_UNIX, errno.EAFNOSUPPORT))
    code += _when(number["socketpair"] or 0, _allow_only(0, _AF_UNIX, errno.EAFNOSUPPORT))
    code += _when(number["ioctl"] or 0, _refuse_values(1, (_TIOCSTI, _TIOCLINUX)))
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _refuse(why: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERRNO | why)


def _argument(index: int) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _when(number: int, then: list[_Instruction]) -> list[_Instruction]:
    """Instructions for one call only. They must end in a return: after them the call's number is no longer loaded."""
    return [(_JUMP_EQUAL, 0, len(then), number), *then]


def _clone(processes: bool) -> list[_Instruction]:
    code = [_argument(0), (_JUMP_SET, 0, 1, _CLONE_NAMESPACES), _refuse(errno.EPERM)]
    if not processes:
        code += [(_JUMP_SET, 1, 0, _CLONE_THREAD), _refuse(errno.EPERM)]
    return [*code, (_RETURN, 0, 0, _ALLOW)]


def _allow_only(index: int, value: int, why: int) -> list[_Instruction]:
    return [_argument(index), (_JUMP_EQUAL, 1, 0, value), _refuse(why), (_RETURN, 0, 0, _ALLOW)]


def _refuse_values(index: int, values: Iterable[int]) -> list[_Instruction]:
    tests: list[_Instruction] = []
    for value in values:
        tests += [(_JUMP_EQUAL, 0, 1, value), _refuse(errno.EPERM)]
    return [_argument(index), *tests, (_RETURN, 0, 0, _ALLOW)]
