"""A seccomp filter by ctypes: system calls a solution has no business with, refused before the kernel looks at them.

A list of refusals, not of permissions: numerical libraries need far too many calls for the latter to hold over versions.
What is let through still meets the namespaces, Landlock and the lack of capabilities. Method: classic BPF as in the
kernel's Documentation/userspace-api/seccomp_filter.rst; the list follows Docker's default profile.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass

# name → (x86_64, aarch64); None where the architecture has no such call
Number = tuple[int | None, int | None]

REFUSED: dict[str, Number] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # large, rarely needed kernel surface
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "personality": (135, 92),
    "shmget": (29, 194),  # memory that no limit counts until it is mapped
    "modify_ldt": (154, None),
    "uselib": (134, None),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "vhangup": (153, 58),
}
# Answered "no such call", so that libraries take their older way: clone3 hides its flags from a filter in memory;
# memfd holds memory that no limit counts until it is mapped.
MISSING: dict[str, Number] = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
}
# Refused besides where no namespaces are. A process must not leave the group it is killed by, nor use what no file rule
# of Landlock covers: SysV IPC, message queues, and the modes, owners, times and attributes of files outside.
REFUSED_SHARED: dict[str, Number] = {
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "file_setattr": (469, 469),
    "truncate": (76, 45),  # by path; Landlock knows it from ABI 3
}
SOCKET: Number = (41, 198)
CLONE: Number = (56, 220)
IOCTL: Number = (16, 29)
PRLIMIT: Number = (302, 261)

AF_UNIX = 1
NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # type into the terminal of whoever started us
X32_BIT = 0x40000000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF opcodes
RET_KILL_PROCESS, RET_ERRNO, RET_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
NR_AT, ARCH_AT, ARGS_AT = 0, 4, 16  # offsets in struct seccomp_data; both architectures are little-endian

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2


@dataclass(frozen=True)
class Instruction:
    code: int
    k: int
    if_true: int = 0
    if_false: int = 0


class _SockFilter(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _SockFprog(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_SockFilter)))


def supported() -> bool:
    """Whether there is a table for this machine (Linux on x86_64 or aarch64)."""
    return platform.system() == "Linux" and platform.machine() in AUDIT_ARCH


def program(machine: str, shared: bool) -> tuple[Instruction, ...]:
    """The filter for `machine` (x86_64, aarch64).

    `shared`: the process shares its network, pid and ipc namespaces with the machine (no bubblewrap), so unix sockets,
    sessions and SysV IPC are refused too. `socketpair` and pipes stay, for multiprocessing.
    """
    column = 0 if machine == "x86_64" else 1
    lines = [
        Instruction(LOAD, ARCH_AT),
        Instruction(JUMP_EQ, AUDIT_ARCH[machine], if_true=1),
        Instruction(RETURN, RET_KILL_PROCESS),  # a 32-bit call has other numbers: it would slip through
        Instruction(LOAD, NR_AT),
    ]
    if machine == "x86_64":
        lines += [Instruction(JUMP_GE, X32_BIT, if_false=1), _refuse(errno.ENOSYS)]
    for number in _numbers(REFUSED, column):
        lines += [Instruction(JUMP_EQ, number, if_false=1), _refuse(errno.EPERM)]
    for number in _numbers(MISSING, column):
        lines += [Instruction(JUMP_EQ, number, if_false=1), _refuse(errno.ENOSYS)]
    if shared:
        for number in _numbers(REFUSED_SHARED, column):
            lines += [Instruction(JUMP_EQ, number, if_false=1), _refuse(errno.EPERM)]
    lines += _on_clone(CLONE[column]) + _on_ioctl(IOCTL[column]) + _on_socket(SOCKET[column], shared)
    lines += _on_prlimit(PRLIMIT[column])
    return (*lines, Instruction(RETURN, RET_ALLOW))


def install(shared: bool) -> None:
    """Filter the calling thread and what it starts, for good; needs no_new_privs. Raises OSError."""
    lines = program(platform.machine(), shared)
    array = (_SockFilter * len(lines))(*(_SockFilter(i.code, i.if_true, i.if_false, i.k) for i in lines))
    code = _SockFprog(len(lines), ctypes.cast(array, ctypes.POINTER(_SockFilter)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(code), 0, 0):
        raise OSError(ctypes.get_errno(), f"seccomp filter refused: {os.strerror(ctypes.get_errno())}")


def _refuse(number: int) -> Instruction:
    return Instruction(RETURN, RET_ERRNO | number)


def _numbers(table: dict[str, Number], column: int) -> Iterator[int]:
    return (row[column] for row in table.values() if row[column] is not None)  # type: ignore[misc]


def _on_clone(number: int | None) -> list[Instruction]:
    """Threads and forks pass, new namespaces do not. The flags are the first argument on both architectures."""
    assert number is not None
    return [
        Instruction(JUMP_EQ, number, if_false=4),
        Instruction(LOAD, ARGS_AT),
        Instruction(JUMP_SET, NEW_NAMESPACES, if_false=1),
        _refuse(errno.EPERM),
        Instruction(LOAD, NR_AT),
    ]


def _on_ioctl(number: int | None) -> list[Instruction]:
    assert number is not None
    return [
        Instruction(JUMP_EQ, number, if_false=5),
        Instruction(LOAD, ARGS_AT + 8),
        Instruction(JUMP_EQ, TIOCSTI, if_true=1),
        Instruction(JUMP_EQ, TIOCLINUX, if_false=1),
        _refuse(errno.EPERM),
        Instruction(LOAD, NR_AT),
    ]


def _on_socket(number: int | None, shared: bool) -> list[Instruction]:
    """No family at all where the network is shared; unix sockets alone in a network namespace of our own."""
    assert number is not None
    if shared:
        return [Instruction(JUMP_EQ, number, if_false=1), _refuse(errno.EACCES)]
    return [
        Instruction(JUMP_EQ, number, if_false=4),
        Instruction(LOAD, ARGS_AT),
        Instruction(JUMP_EQ, AF_UNIX, if_true=1),
        _refuse(errno.EACCES),
        Instruction(LOAD, NR_AT),
    ]


def _on_prlimit(number: int | None) -> list[Instruction]:
    """A process may lower its own limits (pid 0), not those of another one of the same user: that could end it."""
    assert number is not None
    return [
        Instruction(JUMP_EQ, number, if_false=4),
        Instruction(LOAD, ARGS_AT),
        Instruction(JUMP_EQ, 0, if_true=1),
        _refuse(errno.EPERM),
        Instruction(LOAD, NR_AT),
    ]
