"""System calls that the sandbox refuses, with their numbers on x86-64 and 64-bit ARM."""

from __future__ import annotations

__all__ = ["ABSENT", "CALLS", "FORBIDDEN"]

# name, number on x86-64, number on ARM; from Linux' arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h
_FORBIDDEN = """
    _sysctl 156 - ; acct 163 89 ; add_key 248 217 ; adjtimex 159 171 ; bpf 321 280 ; chroot 161 51 ;
    clock_adjtime 305 266 ; clock_settime 227 112 ; delete_module 176 106 ; fanotify_init 300 262 ;
    finit_module 313 273 ; fsconfig 431 431 ; fsmount 432 432 ; fsopen 430 430 ; fspick 433 433 ;
    get_mempolicy 239 236 ; init_module 175 105 ; ioperm 173 - ; iopl 172 - ; kcmp 312 272 ; kexec_file_load 320 294 ;
    kexec_load 246 104 ; keyctl 250 219 ; lookup_dcookie 212 18 ; mbind 237 235 ; migrate_pages 256 238 ;
    modify_ldt 154 - ; mount 165 40 ; mount_setattr 442 442 ; move_mount 429 429 ; move_pages 279 239 ;
    mq_getsetattr 245 185 ; mq_notify 244 184 ; mq_open 240 180 ; mq_timedreceive 243 183 ; mq_timedsend 242 182 ;
    mq_unlink 241 181 ; msgctl 71 187 ; msgget 68 186 ; msgrcv 70 188 ; msgsnd 69 189 ; name_to_handle_at 303 264 ;
    nfsservctl 180 42 ; open_by_handle_at 304 265 ; open_tree 428 428 ; perf_event_open 298 241 ; personality 135 92 ;
    pidfd_getfd 438 438 ; pivot_root 155 41 ; process_madvise 440 440 ; process_mrelease 448 448 ;
    process_vm_readv 310 270 ; process_vm_writev 311 271 ; ptrace 101 117 ; quotactl 179 60 ; quotactl_fd 443 443 ;
    reboot 169 142 ; request_key 249 218 ; semctl 66 191 ; semget 64 190 ; semop 65 193 ; semtimedop 220 192 ;
    set_mempolicy 238 237 ; setdomainname 171 162 ; sethostname 170 161 ; setns 308 268 ; settimeofday 164 170 ;
    shmat 30 196 ; shmctl 31 195 ; shmdt 67 197 ; shmget 29 194 ; swapoff 168 225 ; swapon 167 224 ; sysfs 139 - ;
    syslog 103 116 ; umount2 166 39 ; unshare 272 97 ; uselib 134 - ; ustat 136 - ; vhangup 153 58
"""
_ABSENT = """
    clone3 435 435 ; io_uring_enter 426 426 ; io_uring_register 427 427 ; io_uring_setup 425 425 ;
    memfd_create 319 279 ; memfd_secret 447 447 ; userfaultfd 323 282
"""
_BY_ARGUMENT = """
    clone 56 220 ; fork 57 - ; ioctl 16 29 ; socket 41 198 ; socketpair 53 199 ; vfork 58 -
"""


def _table(text: str) -> dict[str, tuple[int | None, int | None]]:
    rows = [row.split() for row in text.split(";")]
    return {name: (_number(x86), _number(arm)) for name, x86, arm in rows}


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


FORBIDDEN = frozenset(_table(_FORBIDDEN))
"""Refused with EPERM."""
ABSENT = frozenset(_table(_ABSENT))
"""Refused with ENOSYS."""
CALLS = {**_table(_FORBIDDEN), **_table(_ABSENT), **_table(_BY_ARGUMENT)}
"""The numbers of all of them by name; None where the machine has no such call."""
