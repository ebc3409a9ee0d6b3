"""What code can reach of the machine: nothing. Files, network, processes, system calls."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import passel
from passel.sandbox import Limits


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/usr/x",
        "/usr/bin/python3",
        "/etc/x",
        "/etc/passwd",
        "/etc/ld.so.cache",
        "/bin/sh",
        "/dev/x",
        "/packages/x",
    ],
)
def test_nothing_outside_tmp_can_be_written(attack, path):
    code = f"""
result = [0, 0]
for index, how in enumerate("wa"):
    try:
        open({path!r}, how).write("x")
    except OSError as refused:
        result[index] = refused.errno
"""
    assert set(attack(code).value) <= {2, 13, 30}  # not found, no permission, read-only


def test_nothing_outside_tmp_can_be_made_or_removed(attack):
    code = """
import os
result = []
for call in (os.mkdir, os.rmdir, os.unlink, os.truncate):
    for path in ("/usr/lib", "/new", "/bin/sh", "/dev/null"):
        try:
            call(path, 0) if call is os.truncate else call(path)
            result.append([call.__name__, path])
        except OSError:
            pass
"""
    assert attack(code).value == []


def test_the_interpreter_cannot_be_changed(attack):
    code = "import os, sys\nfor f in (os.__file__, sys.executable):\n  try: open(f, 'a'); 1 / 0\n  except OSError: pass"
    assert attack(code).status == "ok"


def test_the_machines_files_are_not_there(attack, machine):
    paths = [
        str(machine.secret),
        str(machine.secret.parent),
        os.path.expanduser("~/.ssh"),
        os.path.expanduser("~/.profile"),
        os.getcwd(),
        str(Path(passel.__file__).parent),
        "/etc/shadow",
        "/etc/passwd",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/etc/ssh",
        "/var",
        "/run",
        "/home",
        "/mnt",
        "/sys",
        "/proc",
        "/boot",
        "/opt",
        "/srv",
        "/dev/kmsg",
        "/dev/mem",
        "/dev/vda",
        "/dev/tty",
        "/dev/shm/x",
    ]
    code = f"import os\nresult = [path for path in {paths!r} if os.path.lexists(path)]"
    assert attack(code).value == []


def test_the_root_holds_only_what_the_interpreter_needs(attack):
    code = """
import os, sys
found = []
for folder, folders, files in os.walk("/"):
    if folder == "/":
        known = ("usr", "lib", "lib32", "lib64", "libx32", "bin", "sbin", "packages")
        folders[:] = [one for one in folders if one not in known]
    folders[:] = [one for one in folders if os.path.join(folder, one) != sys.base_prefix]
    found += [os.path.join(folder, one) for one in files]
result = sorted(found)
"""
    shown = attack(code).value
    known = {"/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
    assert {path for path in shown if not path.startswith("/etc/alternatives/")} <= known


def test_the_environment_is_empty_of_the_users(attack, monkeypatch):
    monkeypatch.setenv("PASSEL_TEST_TOKEN", "sk-secret")
    ran = attack("import os\nresult = dict(os.environ)")
    assert "sk-secret" not in str(ran.value)
    assert set(ran.value) <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "LC_CTYPE",
        "TZ",
        "PWD",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
    }
    assert ran.value["HOME"] == "/tmp"


def test_the_command_line_and_the_loaded_modules_tell_nothing(attack):
    ran = attack("import sys\nresult = [sys.argv, sys.orig_argv, sys.path, [m for m in sys.modules if 'passel' in m]]")
    assert "secret" not in str(ran.value)
    assert str(Path(passel.__file__).parent) not in str(ran.value) or ran.value[3] == []


def test_there_are_no_sockets_of_a_network(attack):
    code = """
import errno, socket
result = {}
for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(getattr(socket, family, 40), kind)
            result[family] = "made"
        except OSError as refused:
            result.setdefault(family, errno.errorcode[refused.errno])
"""
    assert set(attack(code).value.values()) == {"EAFNOSUPPORT"}


def test_a_listener_on_the_loopback_device_is_not_reached(attack, machine):
    ran = attack(f"import socket\nsocket.create_connection(('127.0.0.1', {machine.port}), timeout=2)")
    assert ran.status == "error"
    assert not machine.visited()


def test_an_abstract_socket_of_the_machine_is_not_reached(attack, machine):
    ran = attack(f"import socket\nsocket.socket(socket.AF_UNIX).connect('\\0' + {machine.address!r})")
    assert "ConnectionRefusedError" in ran.stderr
    assert not machine.visited()


def test_no_name_is_resolved(attack):
    assert "gaierror" in attack("import socket\nsocket.getaddrinfo('example.org', 80)").stderr


def test_sockets_between_its_own_threads_work(attack):
    assert (
        attack(
            "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\nresult = asyncio.run(f())"
        ).value
        == 5
    )


def test_no_process_of_the_machine_can_be_signalled(attack, machine):
    code = f"""
import os, signal
result = []
for process in (os.getppid(), 1, {os.getpid()}, {machine.victim.pid}, *range(3, 3000)):
    if process == os.getpid():
        continue
    try:
        os.kill(process, signal.SIGKILL)
        result.append(process)
    except OSError:
        pass
"""
    ran = attack(code)
    assert ran.status in ("ok", "killed")
    assert machine.victim.poll() is None


@pytest.mark.parametrize("process", [1, 0, -1])
def test_the_first_process_and_all_processes_can_be_signalled_in_vain(attack, process):
    ran = attack(f"""
import os, signal
for sent in (signal.SIGHUP, signal.SIGSTOP, signal.SIGINT, signal.SIGKILL):
    try:
        os.kill({process}, sent)
    except OSError:
        pass
""", Limits(seconds=0.5))  # fmt: skip
    assert ran.status in ("ok", "killed", "error", "timeout")


def test_only_its_own_processes_exist(attack):
    assert attack("import os\nresult = [os.getpid() < 10, os.getppid() < 10, os.getuid() != 0]").value == [
        True,
        True,
        True,
    ]


def test_there_is_no_proc(attack):
    paths = [
        "self/mem",
        "1/mem",
        f"{os.getpid()}/mem",
        "1/root/etc/shadow",
        "sysrq-trigger",
        "sys/kernel/core_pattern",
        "1/environ",
    ]
    code = f"""
result = 0
for path in {paths!r}:
    try:
        open("/proc/" + path, "r+b")
    except FileNotFoundError:
        result += 1
"""
    assert attack(code).value == len(paths)


def test_links_lead_nowhere(attack, machine):
    code = f"""
import os
result = []
os.symlink({str(machine.secret)!r}, "/tmp/soft")
os.symlink("/etc/shadow", "/tmp/shadow")
os.symlink("../../../../..", "/tmp/up")
for path in ("/tmp/soft", "/tmp/shadow", "/tmp/up" + {str(machine.secret)!r}):
    try:
        result.append(open(path).read())
    except OSError:
        pass
for source in ("/usr/bin/env", "/etc/ld.so.cache"):
    try:
        os.link(source, "/tmp/hard")
        result.append(source)
    except OSError:
        pass
"""
    assert attack(code).value == []


def test_the_packages_are_read_only_and_without_the_repository(attack):
    ran = attack("import sys, os\nresult = [p for p in sys.path if os.access(p, os.W_OK)]")
    assert ran.value == []
    assert attack("import numpy\nopen(numpy.__file__, 'a')").status == "error"
    assert sys.prefix not in str(attack("import numpy\nresult = numpy.__file__").value)
