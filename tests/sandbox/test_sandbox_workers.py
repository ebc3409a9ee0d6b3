"""Workers: many at once, cancelling, closing, forking, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passel.core.errors import PasselError, UsageError
from passel.sandbox import Limits, Sandbox, default_sandbox
from passel.tools.python import python

SEVERAL = Limits(processes=4)


def test_many_threads_share_it(sandbox):
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda i: sandbox.run(f"result = {i} ** 2").value, range(32)))
    assert found == [i**2 for i in range(32)]


def test_it_can_be_awaited_from_one_event_loop_after_another(sandbox):
    async def several() -> list[object]:
        return [ran.value for ran in await asyncio.gather(*[sandbox.run_async(f"result = {i}") for i in range(6)])]

    for _ in range(2):
        assert asyncio.run(several()) == list(range(6))


def test_cancelling_ends_the_run(sandbox, alive, until):
    mark = f"mark{time.monotonic_ns()}"
    code = f"import subprocess\nsubprocess.run(['sh', '-c', 'sleep 1000; : {mark}'])"

    async def cancelled() -> None:
        task = asyncio.create_task(sandbox.run_async(code, limits=Limits(seconds=600.0, processes=4)))
        while not alive(mark):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    until(lambda: not alive(mark))
    assert sandbox.run("result = 1").value == 1


@pytest.mark.parametrize("ending", ["", "import os; os._exit(0)", "1 / 0", "while True: pass"])
def test_daemons_do_not_outlive_the_run(sandbox, alive, until, ending):
    mark = f"mark{time.monotonic_ns()}"
    code = f"""
import os, signal, subprocess, time
ours, theirs = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.write(theirs, b"x")
        os.execv("/bin/sh", ["sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done; : {mark}"])
    os._exit(0)
os.read(ours, 1)
{ending}
"""
    sandbox.run(code, limits=Limits(seconds=0.5, processes=4))
    until(lambda: not alive(mark))


def test_limits_of_its_own_are_those_of_a_run(sandbox):
    code = "import resource\nresult = resource.getrlimit(resource.RLIMIT_AS)[1]"
    usual = sandbox.run(code).value
    assert usual == sandbox.limits.memory
    assert sandbox.run(code, limits=Limits(memory=300 << 20)).value == 300 << 20
    assert sandbox.run(code, limits=Limits(memory=300 << 20, processes=3)).value == 100 << 20
    assert sandbox.run(code).value == usual


def test_a_closed_sandbox_refuses_and_leaves_nothing(sandbox, alive, until):
    own = Sandbox(max_workers=2, backend=sandbox.backend)
    assert own.run("result = 1").value == 1
    pids = [container.pid for container in [*own._workers._ready, *own._workers._starting]]
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(own.run, "while True: pass", limits=Limits(seconds=600.0))
        while not own._workers._jobs:
            time.sleep(0.01)
        own.close()
        with pytest.raises(PasselError, match="closed"):
            running.result()
    own.close()
    with pytest.raises(PasselError, match="closed"):
        own.run("result = 1")
    assert not any(map(lives, pids))


def test_closing_again_touches_nothing_that_others_have_opened_since(sandbox):
    """A wake-up call once went to the number of the closed descriptor, and so into another sandbox's worker."""
    own = Sandbox(max_workers=1, backend=sandbox.backend)
    own.close()
    pipes = [os.pipe() for _ in range(20)]
    own.close()
    for ours, theirs in pipes:
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)
        os.close(ours)
        os.close(theirs)


def test_workers_that_something_ends_are_replaced(sandbox, until):
    own = Sandbox(max_workers=2, backend=sandbox.backend)
    until(lambda: len(own._workers._ready) == 2)
    killed = list(own._workers._ready)
    for container in killed:
        os.kill(container.pid, signal.SIGKILL)
    until(lambda: not any(container.alive for container in killed))
    assert [own.run("result = 1").value for _ in range(3)] == [1, 1, 1]
    own.close()


PROGRAM = """
import os, sys, time
from passel.sandbox import Limits, Sandbox
box = Sandbox(max_workers=2, backend=sys.argv[1])
print(box.run("result = 1").value, flush=True)
"""


def outside(backend: str, program: str) -> subprocess.Popen[str]:
    """A process of its own that has a sandbox."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM + program, backend], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("program", ["", "os._exit(0)", "sys.exit(3)", "os.kill(os.getpid(), 9)"])
def test_workers_end_with_their_process_however_it_ends(sandbox, until, program):
    with outside(sandbox.backend, f"sys.stdin.readline()\n{program}") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "1\n"
        until(lambda: len(below(process.pid)) >= 4)  # two containers, each with processes of its own
        workers = below(process.pid)
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(60) == {"": 0, "os._exit(0)": 0, "sys.exit(3)": 3}.get(program, -9)
    until(lambda: not any(map(lives, workers)))


def lives(process: int) -> bool:
    """Whether it is there, and not dead and waiting to be collected."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def below(process: int) -> set[int]:
    """Its children, their children and so on."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = {process}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def test_a_child_after_a_fork_has_workers_of_its_own(sandbox):
    program = """
child = os.fork()
value = box.run("result = 2").value
box.close()
if child == 0:
    os._exit(value)
print(value, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
other = Sandbox(max_workers=1, backend=sys.argv[1])
if (child := os.fork()) == 0:
    os._exit(0)
os.waitpid(child, 0)
print(other.run("result = 3").value)
"""
    with outside(sandbox.backend, program) as process:
        out, _ = process.communicate(timeout=60)
    assert out.split() == ["1", "2", "2", "3"]


def test_threads_that_made_it_may_end(sandbox):
    made: list[Sandbox] = []
    thread = threading.Thread(target=lambda: made.append(Sandbox(max_workers=1, backend=sandbox.backend)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert made[0].run("result = 1").value == 1
    made[0].close()


def test_descriptors_are_given_back(sandbox):
    own = Sandbox(max_workers=1, backend=sandbox.backend)
    before = len(os.listdir("/proc/self/fd"))
    for code in ("result = 1", "1 / 0", "import os; os._exit(1)") * 3:
        own.run(code)
    own.run("import os; os.closerange(0, 100)", limits=Limits(seconds=0.2))
    own.close()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"seconds": 0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"cpu_seconds": float("inf")}, "cpu_seconds"),
        ({"processes": 0}, "processes"),
        ({"memory": 1 << 20}, "memory"),
        ({"memory": 256 << 20, "processes": 8}, "memory"),
        ({"disk": 0}, "disk"),
        ({"file_size": -1}, "file_size"),
        ({"output": -1}, "output"),
    ],
)
def test_limits_are_checked_when_built(limits, named):
    with pytest.raises(UsageError, match=named):
        Limits(**limits)


def test_a_sandbox_has_a_worker():
    with pytest.raises(UsageError, match="max_workers=0"):
        Sandbox(max_workers=0)


def test_the_tool_runs_code_on_the_shared_sandbox(sandbox):
    ran = asyncio.run(python(code="print(input())\n2 + 2", stdin="hi"))
    assert (ran["status"], ran["stdout"], ran["value"]) == ("ok", "hi\n", 4), ran
    assert default_sandbox() is default_sandbox()
    ran = asyncio.run(python(code="while True: pass", seconds=0.3))
    assert ran["status"] == "timeout", ran
