"""What code can reach of the machine: nothing. Files, network, processes, system calls."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import passel
from passel.sandbox import Limits

SEVERAL = Limits(processes=4)


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


# name, number on x86-64, number on 64-bit ARM
CALLS = """
ptrace 101 117; mount 165 40; umount2 166 39; chroot 161 51; pivot_root 155 41; unshare 272 97;
setns 308 268; process_vm_readv 310 270; process_vm_writev 311 271; keyctl 250 219; add_key 248 217;
bpf 321 280; perf_event_open 298 241; userfaultfd 323 282; io_uring_setup 425 425; clone3 435 435;
init_module 175 105; kexec_load 246 104; reboot 169 142; swapon 167 224; acct 163 89; quotactl 179 60;
personality 135 92; open_by_handle_at 304 265; mq_open 240 180; syslog 103 116; sethostname 170 161;
settimeofday 164 170; open_tree 428 428; move_mount 429 429; fsopen 430 430; mount_setattr 442 442;
pidfd_getfd 438 438; kcmp 312 272
"""


def test_system_calls_are_refused(attack):
    column = 2 if os.uname().machine == "aarch64" else 1
    numbers = {row.split()[0]: int(row.split()[column]) for row in CALLS.split(";")}
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
result = {{name: [libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno()] for name, number in {numbers!r}.items()}}
"""
    found = attack(code).value
    assert found.keys() == numbers.keys()
    assert all(answer in ([-1, 1], [-1, 38]) for answer in found.values()), found  # EPERM, ENOSYS


def test_a_new_namespace_cannot_be_had_by_clone(attack):
    number = 220 if os.uname().machine == "aarch64" else 56
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
result = []
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    result.append([libc.syscall({number}, flag | 17, 0, 0, 0, 0), ctypes.get_errno()])
"""
    assert attack(code, SEVERAL).value == [[-1, 1]] * 7


def test_programs_with_special_rights_give_none(attack):
    code = """
import os, shutil, subprocess
found = [p for p in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp") if os.path.exists(p)]
result = [subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True).stdout.strip()]
result += [subprocess.run([p, "--bind", "/tmp", "/tmp"], capture_output=True).returncode for p in found if "mount" in p]
os.chmod(shutil.copy("/usr/bin/id", "/tmp/id"), 0o6755)
result.append(subprocess.run(["/tmp/id", "-u"], capture_output=True, text=True).stdout.strip())
"""
    found = attack(code, SEVERAL).value
    assert "0" not in (found[0], found[-1])
    assert all(code != 0 for code in found[1:-1])


def test_root_cannot_be_taken_on(attack):
    code = """
import os
result = 0
for take in (os.setuid, os.setgid, os.seteuid):
    try:
        take(0)
    except OSError:
        result += 1
"""
    assert attack(code).value == 3


def test_limits_cannot_be_raised(attack):
    code = """
import resource
result = []
for name in ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE", "MEMLOCK"):
    kind = getattr(resource, "RLIMIT_" + name)
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        result.append(name)
    except (ValueError, OSError):
        pass
"""
    assert attack(code).value == []


def test_devices_cannot_be_made(attack):
    ran = attack("import os, stat\nos.mknod('/tmp/d', 0o600 | stat.S_IFBLK, os.makedev(8, 0))")
    assert "PermissionError" in ran.stderr


def test_the_packages_are_read_only_and_without_the_repository(attack):
    ran = attack("import sys, os\nresult = [p for p in sys.path if os.access(p, os.W_OK)]")
    assert ran.value == []
    assert attack("import numpy\nopen(numpy.__file__, 'a')").status == "error"
    assert sys.prefix not in str(attack("import numpy\nresult = numpy.__file__").value)
