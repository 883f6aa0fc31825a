"""Landlock by ctypes: an ordinary process gives up files, TCP, abstract sockets and signals outside, for good.

Every ABI the kernel has is used, up to 6 (Linux 6.12); rights it does not know are left out, so an older kernel covers
less: see docs/sandbox.md. Source: the kernel's Documentation/userspace-api/landlock.rst and uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import stat
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same number on every architecture
RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
ABI_1 = (1 << 13) - 1  # the four above, remove, make_*
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15  # ABI 2, 3, 5
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # rights a rule on a plain file may name
READ = EXECUTE | READ_FILE | READ_DIR
NET_BIND_TCP, NET_CONNECT_TCP = 1, 2  # ABI 4
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1, 2  # ABI 6


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The kernel's Landlock ABI, 1 and up; 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    return max(0, int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(RULESET_VERSION))))


def rights(version: int) -> int:
    """Every file right that ABI `version` knows."""
    later = (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0) | (IOCTL_DEV if version >= 5 else 0)
    return ABI_1 | later


def restrict(read_only: Iterable[Path], read_write: Iterable[Path]) -> int:
    """Confine the calling thread and what it starts to these files and folders; returns the ABI used.

    Paths that do not exist are left out. Needs no_new_privs. Also denies TCP, abstract unix sockets and signals to
    processes outside where the ABI knows them. Raises OSError.
    """
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock (5.13 and up, enabled by lsm=landlock,…)")
    known = rights(version)
    ruleset = _create(version, known)
    try:
        for path in read_only:
            _allow(ruleset, path, known & READ)
        for path in read_write:
            _allow(ruleset, path, known)
        _check(_libc().syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return version


def scope() -> bool:
    """Shut the calling thread, and what it starts, off from abstract unix sockets and processes outside; files and TCP
    stay as they are. False where the kernel cannot (below ABI 6). Needs no_new_privs. Raises OSError."""
    if abi() < 6:
        return False
    ruleset = _made(_RulesetAttr(0, 0, SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL), ctypes.sizeof(_RulesetAttr))
    try:
        _check(_libc().syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return True


def _create(version: int, known: int) -> int:
    net = NET_BIND_TCP | NET_CONNECT_TCP if version >= 4 else 0
    scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL if version >= 6 else 0
    attr = _RulesetAttr(known, net, scoped)
    size = 8 if version < 4 else 16 if version < 6 else 24  # an older kernel refuses fields it does not know
    return _made(attr, size)


def _made(attr: _RulesetAttr, size: int) -> int:
    done = _libc().syscall(CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0))
    return _check(done, "landlock_create_ruleset")


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return  # nothing there for us to allow
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            access &= ON_FILES
        rule = _PathBeneathAttr(access, parent)
        call = _libc().syscall(
            ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
        )
        _check(call, f"landlock rule for {path}")
    finally:
        os.close(parent)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
