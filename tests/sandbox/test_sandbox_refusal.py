"""Where nothing confines, nothing is run; and which backend is chosen."""

from __future__ import annotations

import platform
import shutil
import sys

import pytest

from passel.core.errors import UsageError
from passel.sandbox import NoSandbox, Sandbox, available, backends, choose, sandbox


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """What was found out about this machine is found out again."""
    monkeypatch.setattr(choose, "_reasons", {})


@pytest.fixture
def started(monkeypatch) -> list[object]:
    """What would have been started."""
    seen: list[object] = []

    def refuse(*arguments, **settings):
        seen.append(arguments)
        raise OSError("no")

    monkeypatch.setattr("subprocess.Popen", refuse)
    return seen


def test_without_linux_nothing_runs(monkeypatch, started):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match=r"bubblewrap: it needs Linux; plain: it needs Linux; install bubblewrap"):
        Sandbox()
    assert not available()
    assert started == []


def test_an_unknown_processor_is_refused(monkeypatch, started):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(NoSandbox, match="riscv64"):
        Sandbox()
    assert started == []


def test_without_bubblewrap_and_without_namespaces_nothing_runs(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(backends, "LOADER", "import sys\nsys.exit('unshare: Operation not permitted')\n")
    with pytest.raises(
        NoSandbox,
        match=r"bwrap is not installed; plain: .*unshare: Operation not permitted; install bubblewrap",
    ):
        Sandbox()


def test_a_worker_that_is_not_confined_gets_no_code(monkeypatch):
    """The loader leaves the container out; the worker itself notices."""
    bare = backends.LOADER + "plain.enter = lambda *a, **k: None\n"
    monkeypatch.setattr(backends, "LOADER", bare)
    with pytest.raises(NoSandbox, match=r"does not hold|read-only|processes have a namespace"):
        Sandbox(backend="plain")


def test_a_container_that_shares_the_network_is_refused(monkeypatch):
    if backends.missing("bubblewrap"):
        pytest.skip("needs bubblewrap")
    line = backends._bubblewrap
    monkeypatch.setattr(
        backends, "_bubblewrap", lambda *a, **k: [word for word in line(*a, **k) if word != "--unshare-net"]
    )
    with pytest.raises(NoSandbox, match="sockets of the machine"):
        Sandbox(backend="bubblewrap")


def test_a_filter_that_is_not_taken_is_refused(monkeypatch):
    monkeypatch.setattr(backends, "program", lambda **_: b"\0" * 8)
    for backend in ("bubblewrap", "plain"):
        with pytest.raises(NoSandbox, match=r"Invalid argument|not installed"):
            Sandbox(backend=backend)


def test_the_first_that_works_is_taken(monkeypatch):
    monkeypatch.setattr(choose, "missing", lambda backend: None)
    monkeypatch.setattr(choose, "_reasons", {})
    monkeypatch.setattr(choose, "_try", lambda backend: "broken" if backend == "bubblewrap" else None)
    assert choose.choose(None) == "plain"
    with pytest.raises(NoSandbox, match="broken"):
        choose.choose("bubblewrap")


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(UsageError, match="did you mean plain"):
        Sandbox(backend="plan")


def test_the_tool_refuses_too(monkeypatch, started):
    import asyncio

    from passel.tools.python import python

    monkeypatch.setattr(sandbox, "_default", [])
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NoSandbox):
        asyncio.run(python(code="1"))
    assert started == []
