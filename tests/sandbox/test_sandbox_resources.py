"""Bombs: memory, processes, threads, time, output, disk. Each is contained, and the next run works."""

from __future__ import annotations

import pytest

from passel.sandbox import Limits

MIB = 2**20
BRIEF = Limits(seconds=0.1)
SMALL = Limits(memory=128 * MIB, disk=4 * MIB, file_size=2 * MIB)


def test_a_fork_bomb_is_refused(attack):
    ran = attack("import os\nwhile True: os.fork()")
    assert ran.status == "error"
    assert "PermissionError" in ran.stderr


def test_every_way_to_a_new_process_is_refused(attack):
    ran = attack("""
import os, subprocess, multiprocessing, ctypes
libc = ctypes.CDLL(None, use_errno=True)
tries = [os.fork, lambda: subprocess.run(["true"]), lambda: os.posix_spawn("/bin/true", ["true"], {}),
    lambda: os.system("true") and 1 / 0, multiprocessing.Process(target=print).start, os.forkpty]
result = 0
for one in tries:
    try:
        one()
    except (OSError, ZeroDivisionError):
        result += 1
for number in (57, 58):  # fork, vfork of x86-64; other calls elsewhere, without arguments
    result += libc.syscall(number, 0, 0, 0, 0) == -1 if os.uname().machine == "x86_64" else 1
""")
    assert ran.value == 8


def test_a_fork_bomb_with_processes_allowed_stays_within_their_number(attack):
    limits = Limits(seconds=0.5, processes=4)
    ran = attack("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", limits)
    assert ran.status == "timeout"
    code = """
import os, time
children = 0
for _ in range(50):
    try:
        if os.fork() == 0:
            time.sleep(100)
        children += 1
    except BlockingIOError:
        break
result = children
"""
    assert attack(code, Limits(processes=4)).value == 3


def test_processes_are_allowed_where_the_limits_say_so(attack):
    ran = attack(
        "import subprocess\nresult = subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout",
        Limits(processes=4),
    )
    assert (ran.status, ran.value) == ("ok", "hi\n")


def test_a_thread_bomb_is_contained(attack):
    code = """
import threading, time
started = 0
threading.stack_size(32768)
try:
    while started < 100_000:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
result = started
"""
    assert 1 <= attack(code).value < 100


@pytest.mark.parametrize(
    "code",
    [
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "x = 'a' * 10 ** 12",
        "x = [0]\nwhile True: x += x",
        "import mmap\nx = [mmap.mmap(-1, 1 << 24) for _ in range(10_000)]",
        "import numpy\nx = numpy.ones((1 << 15, 1 << 15))",
    ],
    ids=["heap", "text", "list", "mmap", "numpy"],
)
def test_a_memory_bomb_ends_for_want_of_memory(attack, code):
    ran = attack(code, Limits(seconds=20.0, memory=192 * MIB))
    assert ran.status == "memory" or "Cannot allocate memory" in ran.stderr
    assert "Error" in ran.stderr


def test_memory_of_several_processes_is_bounded_as_a_whole(attack):
    code = """
import os
pipes = []
for _ in range(3):
    ours, theirs = os.pipe()
    if os.fork() == 0:
        size, kept = 0, []
        try:
            while True:
                kept.append(bytearray(1 << 20))
                size += 1
        except MemoryError:
            kept = None
            os.write(theirs, b"%d " % size)
        os._exit(0)
    os.close(theirs)
    pipes.append(ours)
result = [int(os.read(one, 100) or 0) for one in pipes]
"""
    ran = attack(code, Limits(processes=4, memory=256 * MIB))
    assert ran.status == "ok"
    assert 0 < sum(ran.value) < 256


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes\nresult = ctypes.CDLL(None).memfd_create(b'x', 0)",
        "import ctypes\nresult = ctypes.CDLL(None).shmget(0, 1 << 30, 0o1600)",
        "import ctypes\nresult = ctypes.CDLL(None).msgget(0, 0o1600)",
        "import ctypes\nresult = ctypes.CDLL(None).semget(0, 10, 0o1600)",
    ],
    ids=["memfd", "shm", "msg", "sem"],
)
def test_memory_beside_the_limits_is_refused(attack, code):
    assert attack(code).value == -1


def test_shared_memory_of_posix_is_part_of_the_disk(attack):
    code = """
from multiprocessing import shared_memory
try:
    whole = shared_memory.SharedMemory(create=True, size=1 << 30)
except OSError:
    whole = None
result = whole is None
"""
    assert attack(code, SMALL).value is True


def test_filling_the_disk_ends_at_its_size(attack):
    code = """
written = 0
try:
    for index in range(1000):
        with open(f"/tmp/{index}", "wb", buffering=0) as file:
            written += file.write(bytes(1 << 20))
except OSError as full:
    result = [written, full.errno]
"""
    written, errno = attack(code, SMALL).value
    assert written <= 4 * MIB
    assert errno == 28


def test_a_file_ends_at_its_size(attack):
    code = (
        "f = open('/tmp/x', 'wb', buffering=0)\ntry:\n    while True: f.write(bytes(1 << 16))\nexcept OSError as e:\n"
    )
    code += "    result = [f.tell(), e.errno]"
    assert attack(code, SMALL).value == [2 * MIB, 27]


def test_many_files_end_at_their_number(attack):
    code = "result = 0\ntry:\n  while result < 10 ** 6:\n    open(f'/tmp/{result}', 'w').close()\n    result += 1\n"
    assert 1000 < attack(code + "except OSError: pass").value < 10_000


def test_many_descriptors_end_at_their_number(attack):
    code = "import os\nfound = []\ntry:\n    while True: found += os.pipe()\n"
    count, errno = attack(code + "except OSError as e: result = [len(found), e.errno]").value
    assert count < 256
    assert errno == 24


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time\ntime.sleep(1000)",
        "import threading\nthreading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
        "import signal\nsignal.pause()",
        "try:\n    while True: pass\nfinally:\n    while True: pass",
        "import atexit, time\natexit.register(time.sleep, 1000)",
        "class A:\n    def __del__(self):\n        while True: pass\na = A()\ndel a",
        "class A:\n    def __repr__(self):\n        while True: pass\nresult = A()",
        "import sys\ndef trace(*_):\n    while True: pass\nsys.settrace(trace)\n(lambda: 0)()",
        "import re\nre.match('(a+)+$', 'a' * 100 + 'b')",
        "import os\nos.read(os.pipe()[0], 1)",
        "import os\nos.closerange(0, 1000)\nwhile True: pass",
        "import signal\nfor s in range(1, 31):\n  if s not in (9, 19): signal.signal(s, 1)\nwhile True: pass",
    ],
    ids=[
        "loop",
        "sleep",
        "thread",
        "pause",
        "finally",
        "atexit",
        "del",
        "repr",
        "trace",
        "regex",
        "pipe",
        "closed",
        "signals",
    ],
)
def test_an_endless_run_ends_when_its_time_is_up(attack, code):
    assert attack(code, BRIEF).status == "timeout"


def test_processor_time_is_limited_by_itself(attack):
    ran = attack("while True: pass", Limits(seconds=60.0, cpu_seconds=0.1))
    assert ran.status == "timeout"
    assert ran.seconds < 50


@pytest.mark.parametrize("descriptor", [1, 2])
def test_endless_output_is_cut_and_the_run_ended(attack, descriptor):
    ran = attack(f"import os\nwhile True: os.write({descriptor}, b'x' * 65536)", Limits(seconds=30.0, output=1000))
    assert (ran.status, ran.cut) == ("killed", True)
    assert len(ran.stdout) + len(ran.stderr) == 1000


def test_printing_without_end_is_ended(attack):
    ran = attack("while True: print('x' * 10_000)", Limits(seconds=30.0, output=50))
    assert (ran.status, ran.cut) == ("killed", True)
