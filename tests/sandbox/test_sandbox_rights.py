"""Which rights code has, and which system calls it can make."""

from __future__ import annotations

import os

from passel.sandbox import Limits

SEVERAL = Limits(processes=4)

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
