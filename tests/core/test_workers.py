"""Child processes that answer requests: what a hang, a death or a flood of output does, and what they can see."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from passel.core.child import NoReply
from passel.core.workers import Workers

PROGRAM = """
import json, os, sys, time
print('"ready"', flush=True)
for line in sys.stdin:
    name, value = json.loads(line)
    reply = value
    if name == "exit":
        sys.exit(1)
    if name == "sleep":
        time.sleep(value)
    if name == "long":
        reply = "x" * value
    if name == "garble":
        print("no JSON", flush=True)
        continue
    if name == "pid":
        reply = os.getpid()
    if name == "environment":
        reply = dict(os.environ)
    if name == "allocate":
        try:
            reply = len(bytearray(value))
        except MemoryError:
            reply = "no memory"
    print(json.dumps(reply), flush=True)
    if name == "last":
        break
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that does what a request names."""
    path = tmp_path_factory.mktemp("workers") / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def workers(program):
    """One worker, quickly started."""
    found = Workers(program, workers=1, packages=False, longest=100_000, is_last=lambda reply: reply == "bye")
    yield found
    found.close()


def pid_of(workers: Workers) -> int:
    return workers.ask(["pid", None], seconds=10.0)


def gone(pid: int) -> bool:
    """Whether the process is no more; it may take a moment."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_a_worker_is_kept_for_the_next_request(workers):
    assert workers.ask(["echo", {"é": [1, None]}], seconds=10.0) == {"é": [1, None]}
    assert pid_of(workers) == pid_of(workers) != os.getpid()


@pytest.mark.parametrize(
    ("request_", "why", "message"),
    [
        (["sleep", 60], "late", r"took longer than 1 s"),
        (["exit", None], "ended", "came to an end"),
        (["long", 200_000], "garbled", "more than 100000 bytes"),
        (["long", 3_000_000], "garbled", "more than 100000 bytes"),
        (["garble", None], "garbled", "no JSON"),
    ],
)
def test_a_worker_that_hangs_dies_or_babbles_is_replaced(workers, request_, why, message):
    before = pid_of(workers)
    with pytest.raises(NoReply, match=message) as raised:
        workers.ask(request_, seconds=1.0)
    assert raised.value.why == why
    assert gone(before)
    assert pid_of(workers) != before


def test_a_long_line_within_the_limit_comes_whole(workers):
    assert workers.ask(["long", 99_000], seconds=10.0) == "x" * 99_000
    assert workers.ask(["echo", "y" * 90_000], seconds=10.0) == "y" * 90_000


def test_a_worker_that_was_killed_while_idle_costs_no_request(workers):
    before = pid_of(workers)
    os.kill(before, signal.SIGKILL)
    time.sleep(0.1)  # a zombie until it is replaced
    assert pid_of(workers) != before


def test_a_worker_that_says_that_it_ends_is_replaced(workers):
    before = pid_of(workers)
    assert workers.ask(["last", "bye"], seconds=10.0) == "bye"
    assert pid_of(workers) != before


def test_a_program_that_cannot_start_is_an_error(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("raise SystemExit(1)")
    broken = Workers(path, workers=1, packages=False)
    with pytest.raises(NoReply, match="came to an end"):
        broken.ask(1, seconds=10.0)
    path.write_text("import time; time.sleep(60)")
    slow = Workers(path, workers=1, packages=False, start=0.3)
    with pytest.raises(NoReply, match="took longer"):
        slow.ask(1, seconds=10.0)


def test_many_requests_share_a_few_workers(program):
    several = Workers(program, workers=3, packages=False)
    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(lambda n: several.ask(["echo", n], seconds=10.0), range(60)))
        pids = set(threads.map(lambda _: pid_of(several), range(60)))
    assert replies == list(range(60))
    assert 1 <= len(pids) <= 3
    several.close()
    assert all(map(gone, pids))


def test_requests_run_side_by_side(program):
    """The second is answered while the first still sleeps."""
    several = Workers(program, workers=2, packages=False)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(several.ask, ["sleep", 30], seconds=60.0)
        assert several.ask(["echo", 1], seconds=10.0) == 1
        assert not slow.done()
        several.close()
        with pytest.raises(NoReply):
            slow.result()


def test_the_event_loop_runs_on(workers):
    async def main():
        slow = asyncio.create_task(workers.ask_async(["sleep", 0.3], seconds=10.0))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await slow, turns

    reply, turns = asyncio.run(main())
    assert reply == 0.3
    assert turns > 1


def test_a_request_that_is_cancelled_before_its_turn_is_never_sent(workers):
    async def main():
        first = asyncio.create_task(workers.ask_async(["sleep", 0.2], seconds=10.0))
        second = asyncio.create_task(workers.ask_async(["exit", None], seconds=10.0))
        await asyncio.sleep(0.05)
        second.cancel()
        return await first, await workers.ask_async(["echo", 5], seconds=10.0)

    assert asyncio.run(main()) == (0.2, 5)


def test_no_secret_reaches_a_worker(workers, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    environment = workers.ask(["environment", None], seconds=10.0)
    assert "secret" not in str(environment)
    assert "HOME" not in environment


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
def test_memory_is_limited(program):
    small = Workers(program, workers=1, packages=False, memory=2**28)
    assert small.ask(["allocate", 2**20], seconds=10.0) == 2**20
    assert small.ask(["allocate", 2**29], seconds=10.0) == "no memory"
    small.close()


def test_a_request_after_closing_starts_anew(workers):
    before = pid_of(workers)
    workers.close()
    assert gone(before)
    assert pid_of(workers) != before


SCRIPT = """
import os, sys
from passel.core.workers import Workers
workers = Workers(sys.argv[1], workers=2, packages=False)
mine = workers.ask(["pid", None], seconds=10.0)
print(mine, flush=True)
"""
FORK = """
child = os.fork()
other = workers.ask(["pid", None], seconds=10.0)
if child == 0:
    print(other != mine, flush=True)
    sys.exit(0)
os.waitpid(child, 0)
print(other == mine == workers.ask(["pid", None], seconds=10.0), flush=True)
"""
HANGING = """
import threading, time
def hang():
    try:
        workers.ask(["sleep", 60], seconds=60.0)
    except Exception:
        pass
threading.Thread(target=hang, daemon=True).start()
time.sleep(0.2)
"""


def script(program: Path, text: str) -> list[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_nothing_is_left_at_exit(program):
    (pid,) = script(program, SCRIPT)
    assert gone(int(pid))


def test_exit_does_not_wait_for_a_worker_that_hangs(program):
    (pid,) = script(program, SCRIPT + HANGING)
    assert gone(int(pid))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_process_has_workers_of_its_own(program):
    pid, in_child, in_parent = script(program, SCRIPT + FORK)
    assert (in_child, in_parent) == ("True", "True")
    assert gone(int(pid))
