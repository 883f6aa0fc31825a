"""Shut a forked process in: its own namespaces, then no privileges, no files, no network, bounded resources.

For each run the warm parent (single-threaded, inside what `sandbox.command` started) forks, and calls, in this order:

    child = os.fork()              # 1st fork, in the warm parent
    if child == 0:
        lockdown.isolate(level)                      # new session; new mount, pid, ipc, net namespaces at bubblewrap
        inner = os.fork()          # 2nd fork: pid 1 of the new pid namespace
        if inner == 0:
            scratch = lockdown.mount_private(level, limits.tmp_mb, fallback)   # fresh /proc, private /tmp and /dev/shm
            ...                    # open what the run may read; still ONE thread: no polars query, no OpenMP region
            lockdown.confine(level, limits, scratch, read_only=[...])
            ...                    # the solution's code may be imported and called from here on
        os.waitpid(inner, 0)       # the 1st fork waits, and passes on the exit status

The whole tree dies when `inner` is killed (bubblewrap: it is pid 1 of its namespace), or, at `landlock` and `process`,
by `os.killpg(child, SIGKILL)`: `isolate` makes `child` a session leader, and `confine` forbids setsid and setpgid.
The warm parent must never import or run a solution itself: it still holds the capabilities to make namespaces.

What this does not cover: faults of the kernel, side channels (timing, caches), use of the CPU within the run's share,
and memory as it grows (RLIMIT_AS is a generous backstop; the supervisor measures PSS and ends the run).
"""

from __future__ import annotations

import ctypes
import errno
import multiprocessing.context
import multiprocessing.pool
import os
import resource
import sys
import tempfile
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from podium.execution import gpu, landlock, sandbox, seccomp
from podium.records import Limits

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x08000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
CAPABILITY_VERSION_3 = 0x20080522
MIB = 1 << 20
MAX_FILES = 200_000  # in a private tmpfs: empty files take kernel memory that its size does not count
ADDRESS_SPACE_SPARE_MB = 16 * 1024  # numpy, polars and torch reserve far more addresses than they touch
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
# What libraries look at to count cores and size their pools; the rest of /proc tells about other processes.
COUNTING = (
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory", "/sys/fs/cgroup/cpu.max"),
    *("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)


class LockdownError(Exception):
    """The process could not be shut in; it must end at once, before any solution's code runs."""


def isolate(level: str) -> None:
    """Leave the warm parent's session, and at `bubblewrap` its mount, pid, ipc and net namespaces.

    The caller's NEXT fork is pid 1 of the new pid namespace. Raises LockdownError.
    """
    if os.getsid(0) != os.getpid():
        os.setsid()  # at the weaker levels the whole tree is killed by its process group
    if level != "bubblewrap":
        return
    if _libc().unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET):
        raise LockdownError(f"new namespaces refused: {_last_error()}")


def mount_private(level: str, tmp_mb: int, fallback: Path | None = None) -> Path:
    """The run's own scratch folder, empty; the caller is pid 1 of its namespace at `bubblewrap`.

    `bubblewrap`: mounts a fresh read-only /proc, and one tmpfs of `tmp_mb` MiB that holds the scratch, /tmp and
    /dev/shm, so that nothing a sibling wrote is visible. Elsewhere: makes and returns `fallback` (a folder of the
    run's own that the supervisor removes). HOME, TMPDIR and the working directory become the scratch.
    Raises LockdownError.
    """
    if level == "bubblewrap":
        scratch = _mount_all(tmp_mb)
    elif fallback is None:
        raise LockdownError(f"level {level} has no private file system: give mount_private a fallback folder")
    else:
        scratch = fallback.resolve()
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chdir(scratch)
    os.environ.update(HOME=str(scratch), TMPDIR=str(scratch), JOBLIB_TEMP_FOLDER=str(scratch))
    tempfile.tempdir = None  # decided before the fork, perhaps: decide again
    return scratch


def close_descriptors(keep: Collection[int] = ()) -> None:
    """Close every descriptor but 0, 1, 2 and `keep`: a fork inherits its parent's control sockets."""
    low = 3
    for descriptor in sorted({fd for fd in keep if fd >= low}):
        os.closerange(low, descriptor)
        low = descriptor + 1
    highest = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], MIB)
    os.closerange(low, max(low, highest))


def confine(level: str, limits: Limits, scratch: Path, read_only: Sequence[Path] = (), *, on_gpu: bool = False) -> None:
    """Give up every privilege, for good: no_new_privs, capabilities, rlimits, Landlock, seccomp.

    Afterwards the process reads the system, Python and `read_only` (files or folders the solution opens by path), and
    writes `scratch` alone (and its own /tmp and /dev/shm at `bubblewrap`). Descriptors that are open already stay usable.
    `on_gpu`: it may open the GPUs' nodes too, and reserve addresses without bound, as CUDA does.
    Raises LockdownError: where a layer that `level` promises fails, or where the process has more than one thread
    (Landlock, seccomp and capabilities are a thread's own).
    """
    if sys.platform != "linux":
        _set_limits(level, limits, on_gpu=on_gpu)
        return
    if threads() > 1:
        raise LockdownError(f"expected one thread before confine, found {threads()}: the others would stay free")
    try:
        _set_limits(level, limits, on_gpu=on_gpu)
        drop_capabilities()
        if _libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(f"no_new_privs refused: {_last_error()}")
        if level == "landlock":
            _threads_without_semaphores()
        if level == "landlock" or (level == "bubblewrap" and landlock.abi()):
            landlock.restrict(*_paths(level, scratch, read_only, on_gpu=on_gpu))
        if level == "landlock" or seccomp.supported():
            seccomp.install(shared=level != "bubblewrap")
    except (OSError, ValueError) as problem:
        raise LockdownError(str(problem)) from problem


def threads() -> int:
    """Threads of this process."""
    return _entries(Path("/proc/self/task"))


def drop_capabilities() -> None:
    """Empty the bounding, ambient, effective, permitted and inheritable sets. Raises OSError."""
    libc = _libc()
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # none on kernels without ambient sets
    for capability in range(64):
        # EINVAL: past the kernel's last. EPERM: an ordinary user has none to drop, and no_new_privs keeps it so.
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) and ctypes.get_errno() == errno.EINVAL:
            break
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capset(header, data):
        raise OSError(f"capabilities could not be dropped: {_last_error()}")


def rehearse(level: str, fallback: Path | None = None, *, on_gpu: bool = False) -> None:
    """Shut a fork in as a run is, and end this process with 0 when every step worked: the measurement of a level, and of
    whether a run there can open the GPUs."""
    child = os.fork()
    if child == 0:
        os._exit(_rehearse_child(level, fallback, on_gpu=on_gpu))
    _, status = os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))


def _rehearse_child(level: str, fallback: Path | None, *, on_gpu: bool) -> int:
    try:
        isolate(level)
        inner = os.fork()
        if inner:
            _, status = os.waitpid(inner, 0)
            return os.waitstatus_to_exitcode(status)
        scratch = mount_private(level, 16, fallback)
        confine(level, Limits(wall_s=10, memory_mb=512, disk_mb=16, tmp_mb=16), scratch, on_gpu=on_gpu)
        if on_gpu:
            gpu.opened()
        (scratch / "written").write_text("yes")
        if level == "bubblewrap" and os.getpid() != 1:
            raise LockdownError("expected to be pid 1 of a new namespace")
    except (LockdownError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _set_limits(level: str, limits: Limits, *, on_gpu: bool = False) -> None:
    """Backstops, in case the supervisor looks too late. RLIMIT_NPROC does nothing for root: the supervisor counts.

    CUDA maps the memory of host and cards into one space of addresses, far beyond what it touches: no bound there."""
    memory = (limits.memory_mb * 3 + ADDRESS_SPACE_SPARE_MB) * MIB
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.disk_mb * MIB)
    _lower(resource.RLIMIT_NOFILE, 1024)
    if sys.platform == "linux":  # elsewhere RLIMIT_AS is not honoured, and shared by what the user runs beside
        if not on_gpu:
            _lower(resource.RLIMIT_AS, memory)
        others = 0 if level == "bubblewrap" else _tasks_of_user()
        threads_each = os.cpu_count() or 1
        _lower(resource.RLIMIT_NPROC, others + limits.processes * 4 + 32 * threads_each)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _tasks_of_user() -> int:
    """Threads this user runs already: RLIMIT_NPROC counts them all."""
    count, me = 0, os.getuid()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                count += _entries(entry / "task") if entry.stat().st_uid == me else 0
            except OSError:
                continue  # it ended meanwhile
    return count


def _entries(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def _paths(
    level: str, scratch: Path, read_only: Sequence[Path], *, on_gpu: bool = False
) -> tuple[list[Path], list[Path]]:
    """(read-only, read-write) for Landlock. In bubblewrap the mounts have chosen already: everything there is readable."""
    devices = [Path(device) for device in (*DEVICES, *(gpu.nodes() if on_gpu else ()))]
    if level == "bubblewrap":
        return [Path("/")], [Path(sandbox.SCRATCH), Path("/dev/shm"), Path("/tmp"), *devices]
    system = [Path(path) for path in (*sandbox.SYSTEM, *sandbox.ETC, *sandbox.SYS, *COUNTING)]
    own = Path(f"/proc/{os.getpid()}")
    return [*system, *sandbox.python_paths(), own, *read_only], [scratch, *devices]


def _threads_without_semaphores() -> None:
    """Let thread pools (joblib's, scikit-learn's) work where named semaphores cannot: they need a writable /dev/shm,
    which without a mount namespace is everybody's. Pools of processes stay refused there."""

    class ThreadContext(multiprocessing.context.BaseContext):
        def Lock(self) -> threading.Lock:  # type: ignore[override]
            return threading.Lock()  # between threads of one process it is the same thing

    def init(self: Any, processes: Any = None, initializer: Any = None, initargs: Any = ()) -> None:
        multiprocessing.pool.Pool.__init__(self, processes, initializer, initargs, context=ThreadContext())

    multiprocessing.pool.ThreadPool.__init__ = init  # type: ignore[method-assign]
    if "joblib" in sys.modules:
        joblib = sys.modules["joblib"]
        joblib.parallel_config(backend="threading")  # stays in force for this thread
        joblib.cpu_count(only_physical_cores=True)  # asks lscpu, and keeps the answer: it cannot be asked afterwards


def _mount_all(tmp_mb: int) -> Path:
    base = Path(sandbox.SCRATCH)
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    # Read-only: root inside is root outside for /proc/sys (core_pattern), whatever its capabilities.
    _mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("tmpfs", str(base), "tmpfs", MS_NOSUID | MS_NODEV, f"size={tmp_mb}m,nr_inodes={MAX_FILES},mode=0755")
    for name, target in (("shm", Path("/dev/shm")), ("tmp", Path("/tmp"))):
        (base / name).mkdir()
        for entry in target.iterdir() if target == Path("/tmp") else ():  # Python or the data may lie below /tmp
            _mount_again(entry, base / name / entry.name)
        if target.is_dir():
            _mount(str(base / name), str(target), "", MS_BIND | MS_REC)
    return base / "work"


def _mount_again(path: Path, place: Path) -> None:
    """What lies at `path`, read-only as it is, at `place` too."""
    if path.is_dir():
        place.mkdir()
    else:
        place.touch()
    _mount(str(path), str(place), "", MS_BIND | MS_REC)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    if _libc().mount(source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode()):
        raise LockdownError(f"mount of {target} refused: {_last_error()}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _last_error() -> str:
    return os.strerror(ctypes.get_errno())
