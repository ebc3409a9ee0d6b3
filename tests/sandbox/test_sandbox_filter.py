"""The filter of system calls, run by a small interpreter of BPF."""

from __future__ import annotations

import struct

import pytest

from passel.sandbox.seccomp import MACHINES, program
from passel.sandbox.syscalls import ABSENT, CALLS, FORBIDDEN

ALLOW, KILL, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061
THREAD = 0x10000 | 0x100
HARMLESS = {
    "x86_64": {0: "read", 1: "write", 9: "mmap", 59: "execve", 62: "kill"},
    "aarch64": {63: "read", 222: "mmap"},
}


def answer(code: bytes, number: int, arguments: tuple[int, ...] = (), *, audit: int) -> int:
    """What the kernel would do: Linux' classic BPF, as far as the filter uses it."""
    data = struct.pack("=IIQ6Q", number, audit, 0, *(*arguments, *[0] * 6)[:6])
    instructions = list(struct.iter_unpack("=HBBI", code))
    at, held = 0, 0
    while True:
        kind, yes, no, operand = instructions[at]
        at += 1
        if kind == 0x20:
            (held,) = struct.unpack_from("=I", data, operand)
        elif kind == 0x06:
            return operand
        else:
            holds = {0x15: held == operand, 0x35: held >= operand, 0x45: bool(held & operand)}[kind]
            at += yes if holds else no


@pytest.fixture(params=list(MACHINES))
def machine(request):
    return request.param


def say(machine: str, name: str, *arguments: int, processes: bool = False) -> int:
    number = CALLS[name][MACHINES[machine].column]
    return answer(program(processes=processes, machine=machine), number, arguments, audit=MACHINES[machine].audit)


def test_each_call_of_the_tables_is_refused(machine):
    for names, why in ((FORBIDDEN, EPERM), (ABSENT, ENOSYS)):
        for name in names:
            if CALLS[name][MACHINES[machine].column] is not None:
                assert say(machine, name) == say(machine, name, processes=True) == why, name


def test_others_are_allowed(machine):
    for number in HARMLESS[machine]:
        assert answer(program(processes=False, machine=machine), number, audit=MACHINES[machine].audit) == ALLOW


def test_a_foreign_architecture_is_the_end(machine):
    other = 0x40000003  # i386
    assert answer(program(processes=True, machine=machine), 0, audit=other) == KILL


def test_numbers_of_x32_are_refused():
    code = program(processes=True, machine="x86_64")
    for number in (0x40000000, 0x40000000 + 101, 0xFFFFFFFF):
        assert answer(code, number, audit=MACHINES["x86_64"].audit) == ENOSYS


def test_processes_and_threads(machine):
    assert say(machine, "clone", 17) == EPERM
    assert say(machine, "clone", THREAD) == ALLOW
    assert say(machine, "clone", 17, processes=True) == ALLOW
    for space in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert say(machine, "clone", space | THREAD) == say(machine, "clone", space | 17, processes=True) == EPERM
    if machine == "x86_64":
        assert say(machine, "fork") == say(machine, "vfork") == EPERM
        assert say(machine, "fork", processes=True) == ALLOW


def test_sockets_are_of_the_unix_family(machine):
    for name in ("socket", "socketpair"):
        assert say(machine, name, 1, 1) == ALLOW
        for family in (0, 2, 10, 16, 17, 38, 40):
            assert say(machine, name, family, 1) == EAFNOSUPPORT


def test_nothing_is_typed_into_a_terminal(machine):
    assert say(machine, "ioctl", 0, 0x5412) == say(machine, "ioctl", 0, 0x541C) == EPERM
    assert say(machine, "ioctl", 0, 0x5413) == ALLOW


def test_the_program_fits_the_kernel(machine):
    assert len(program(processes=False, machine=machine)) // 8 <= 4096
