"""A sandbox of each backend, and what must be unharmed after every run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from passel.sandbox import Backend, Execution, Limits, NoSandbox, Sandbox

SHORT = Limits(seconds=10.0, cpu_seconds=10.0)  # of a run that comes to its end by itself


@pytest.fixture(scope="session", params=["bubblewrap", "plain"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of each backend, with workers ready."""
    backend: Backend = request.param
    try:
        made = Sandbox(max_workers=2, limits=SHORT, backend=backend)
    except NoSandbox as refused:
        pytest.skip(str(refused))
    yield made
    made.close()


@dataclass(frozen=True)
class Machine:
    """What code in the sandbox must not reach."""

    secret: Path
    victim: subprocess.Popen[bytes]
    tcp: socket.socket
    unix: socket.socket
    address: str

    @property
    def port(self) -> int:
        """Of the TCP listener on the loopback device."""
        return self.tcp.getsockname()[1]

    def visited(self) -> bool:
        """Whether anybody has connected."""
        for listener in (self.tcp, self.unix):
            listener.setblocking(False)
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                continue
            return True
        return False


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A secret file that anybody may write, a process to hit, and two listeners."""
    folder = tmp_path_factory.mktemp("machine")
    folder.chmod(0o777)
    secret = folder / "secret.txt"
    secret.write_text("the secret")
    secret.chmod(0o666)
    address = f"passel-test-{os.getpid()}"
    with (
        subprocess.Popen(["sleep", "1000"]) as victim,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        unix.bind("\0" + address)
        unix.listen()
        yield Machine(secret, victim, tcp, unix, address)
        victim.kill()


@pytest.fixture
def attack(sandbox: Sandbox, machine: Machine) -> Iterator[Callable[..., Execution]]:
    """Runs hostile code; afterwards this process, its files and its neighbours are unharmed, and the next run works."""
    before = os.getpgid(0), signal.getsignal(signal.SIGINT), os.getcwd(), sorted(os.listdir("/"))
    here = sorted(os.listdir("."))

    def run(code: str, limits: Limits = SHORT, **settings: Any) -> Execution:
        return sandbox.run(code, limits=limits, **settings)

    yield run
    assert (os.getpgid(0), signal.getsignal(signal.SIGINT), os.getcwd(), sorted(os.listdir("/"))) == before
    assert sorted(os.listdir(".")) == here
    assert machine.secret.read_text() == "the secret"
    assert os.listdir(machine.secret.parent) == ["secret.txt"]
    assert machine.victim.poll() is None
    assert not machine.visited()
    after = sandbox.run("import os\nresult = [6 * 7, os.listdir('/tmp')]")
    assert (after.status, after.value) == ("ok", [42, []])


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits for what must come true, a minute at most."""

    def wait(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end, "it did not come true"
            time.sleep(0.01)

    return wait


@pytest.fixture
def alive() -> Callable[[str], list[int]]:
    """The processes of this machine whose command line holds a text."""

    def look(text: str) -> list[int]:
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in line and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        return found

    return look
