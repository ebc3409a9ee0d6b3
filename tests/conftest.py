"""How tests are spread over processes; what the tests of whole runs share: a mock endpoint in a thread, and the command
line in this process or its own."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from doc_pages import write_skeletons

ROOT = Path(__file__).resolve().parent.parent
MOCK = ROOT / "bench" / "mock_endpoint.py"

collect_ignore_glob = ["*conftest.py"]
"""pytest's doctests would import each as a module of the one name `conftest`."""

(ROOT / ".hypothesis").mkdir(exist_ok=True)  # here and now, for tests of the sandbox look whether a folder changes
if "PYTEST_XDIST_WORKER" in os.environ:
    share = (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, share)))  # torch's threads of all workers fill the machine once


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, the tests of a file share a process; so do all tests of real models (`test_real_*.py`),
    of which two at a time would need the memory and the processors twice."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "real models" if Path(file).name.startswith("test_real_") else file

    return Scheduling(config, log)


if find_spec("jaxtyping") and find_spec("beartype"):
    from jaxtyping import install_import_hook

    # Of modules imported from here on that annotate arrays: the names of axes, as in Float[Tensor, "rows vocab"], must
    # agree within a call. Other modules stay as they are, for each function costs more.
    arrays = [path for path in (ROOT / "src" / "passel").rglob("*.py") if "from jaxtyping" in path.read_text("utf-8")]
    modules = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in arrays]
    install_import_hook(modules, "shape_checks.arrays_checked")


@pytest.fixture(scope="session")
def mock_endpoint() -> Any:
    """The module bench/mock_endpoint.py. A hanging answer comes after five seconds."""
    if not MOCK.is_file():
        pytest.skip("bench/mock_endpoint.py is not here")
    spec = importlib.util.spec_from_file_location("passel_mock_endpoint", MOCK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.HANG_SECONDS = 5.0
    return module


@dataclass
class Endpoint:
    """A mock endpoint that runs."""

    base: str
    server: Any

    @property
    def stats(self) -> dict[str, Any]:
        """What it was asked for and what it answered; failed requests for choices count no choice."""
        return self.server.stats

    def spec(self, **options: Any) -> str:
        """The model spec that leads here."""
        return ":".join([f"openai:mock@{self.base}", *(f"{name}={value}" for name, value in options.items())])


@pytest.fixture
def endpoint(mock_endpoint: Any) -> Iterator[Callable[..., Endpoint]]:
    """Starts mock endpoints, each with its settings (delay, faults, seed), on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    started: list[Any] = []

    def start(**settings: Any) -> Endpoint:
        server, base = asyncio.run_coroutine_threadsafe(mock_endpoint.start(**settings), loop).result(10)
        started.append(server)
        return Endpoint(base, server)

    yield start
    for server in started:
        asyncio.run_coroutine_threadsafe(server.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@dataclass(frozen=True)
class Said:
    """How a command line ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """Its one line on standard error."""
        assert self.err.count("\n") == 1, f"not one line: {self.err!r}"
        assert self.err.startswith("passel: ")
        return self.err.removeprefix("passel: ").rstrip("\n")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command line in this process."""
    from passel.cli import main

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def start_passel() -> Callable[..., subprocess.Popen[str]]:
    """Starts a command line in a process of its own."""

    def start(*arguments: object, program: tuple[str, ...] = ("-m", "passel"), **settings: Any) -> Any:
        environment = {**os.environ, "COLUMNS": "100", **settings.pop("env", {})}
        command = [sys.executable, *program, *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **settings)

    return start


@pytest.fixture(scope="session")
def passel(start_passel: Callable[..., subprocess.Popen[str]]) -> Callable[..., Said]:
    """Runs a command line in a process of its own."""

    def run(*arguments: object, given: str | None = None, timeout: float = 60.0, **settings: Any) -> Said:
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        with start_passel(*arguments, stdin=stdin, **settings) as process:
            try:
                out, err = process.communicate(given, timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Said(process.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def rows() -> Callable[..., list[tuple[Any, ...]]]:
    """Reads columns of a record's rows, from outside."""

    def read(folder: Path, columns: str = "address, reply", where: str = "whole = 1") -> list[tuple[Any, ...]]:
        path = folder / "record.sqlite"
        if not path.is_file():
            return []
        with sqlite3.connect(path, timeout=10.0) as connection:
            try:
                found = connection.execute(f"SELECT {columns} FROM replies WHERE {where} ORDER BY id").fetchall()
            except sqlite3.OperationalError:  # killed before the table was made
                found = []
        connection.close()
        return found

    return read


@pytest.fixture
def skeletons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: one with the files of docs/adding.md."""
    write_skeletons(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
