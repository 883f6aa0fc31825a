"""Which sandbox this machine can give, and the command that starts a process inside it.

Levels, strongest first: `bubblewrap` (namespaces, then Landlock + seccomp on top), `landlock` (Landlock + seccomp on
the ordinary file system), `process` (limits alone). What each covers, and what it does not: docs/sandbox.md.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podium.execution import boot, gpu

LEVELS = ("bubblewrap", "landlock", "process")  # strongest first

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
# The loader's cache, the links that Debian's BLAS goes through, the clock. No passwd, hosts, resolv.conf.
ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
SYS = ("/sys/devices/system/cpu", "/sys/devices/system/node")  # how glibc, OpenMP and OpenBLAS count cores
PREFIX_PARTS = ("bin", "lib", "lib64", "libexec", "include", "share", "etc", "ssl", "pyvenv.cfg")  # of a Python
# Held by the warm parent inside its own user namespace: to make namespaces for each run, and to drop the bounding set.
CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETPCAP")
SCRATCH = "/podium-scratch"  # not /tmp: Python, the data or the checkout may lie below /tmp
MEASURE_TIMEOUT_S = 20


def at_least(level: str, wanted: str) -> bool:
    """Whether `level` is as strong as `wanted`."""
    return LEVELS.index(level) <= LEVELS.index(wanted)


def command(
    level: str,
    argv: Sequence[str],
    read_only: Sequence[tuple[str, str]] = (),
    pass_env: Mapping[str, str] | None = None,
) -> list[str]:
    """argv that starts `argv` at `level`; start it with `env=sandbox.environment(level, pass_env)`.

    `read_only` are (path outside, path inside) pairs, bound at `bubblewrap`, ignored elsewhere (no mounts there: use
    the outside paths, and name them to `lockdown.confine`). Inherited descriptors stay open in the child: pass
    sockets by `pass_fds`. `--die-with-parent` kills the sandbox when the THREAD that started it ends.
    """
    if level != "bubblewrap":
        return list(argv)
    words = [bwrap() or "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "podium"]
    words += ["--clearenv"]
    for name, value in _inner_environment(SCRATCH, pass_env).items():
        words += ["--setenv", name, value]
    words += ["--cap-drop", "ALL"]
    for capability in CAPABILITIES:
        words += ["--cap-add", capability]
    words += _mounts(read_only)
    return [*words, "--chdir", SCRATCH, "--", *argv]


def environment(level: str, pass_env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment to start `command` with.

    Empty at `bubblewrap`: `--clearenv` only clears what bwrap's child gets, while bwrap itself stays visible inside as
    pid 1, and /proc/1/environ would show the launcher's own environment.
    """
    return {} if level == "bubblewrap" else _inner_environment(tempfile.gettempdir(), pass_env)


def bwrap() -> str | None:
    """Path of bubblewrap, if installed."""
    return shutil.which("bwrap")


@functools.cache
def python_paths() -> tuple[Path, ...]:
    """Files and folders that hold Python, its packages and Podium's source, as named and as resolved, outermost only.

    Never a prefix as a whole, the working directory or a folder of PYTHONPATH as such: the data may lie there.
    """
    prefixes = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    named = [f"{prefix}/{part}" for prefix in prefixes for part in PREFIX_PARTS]
    named += [*_package_folders(), str(Path(__file__).parents[1])]
    existing = [name for name in named if Path(name).exists()]
    paths = {Path(name).absolute() for name in existing} | {Path(name).resolve() for name in existing}
    return tuple(sorted(path for path in paths if not any(other in path.parents for other in paths)))


def measured_level() -> str:
    """The strongest level that really works here: started once, cached a boot under PODIUM_HOME."""
    return measure().level


@dataclass(frozen=True)
class Measured:
    """`reasons`: for each stronger level that does not work, why."""

    level: str
    reasons: dict[str, str] = field(default_factory=dict)


@functools.cache
def measure() -> Measured:
    """The level and why it is no stronger. Each level is tried by shutting a process in as a run would be."""
    if sys.platform != "linux":
        reason = f"needs Linux, this is {platform.system()}"
        return Measured("process", {"bubblewrap": reason, "landlock": reason})
    cached = boot.read("sandbox")
    if cached is not None:
        return Measured(str(cached["level"]), dict(cached["reasons"]))
    reasons: dict[str, str] = {}
    for level in LEVELS[:-1]:
        problem = why_not(level)
        if problem is None:
            break
        reasons[level] = problem
    else:
        level = LEVELS[-1]
    boot.write("sandbox", {"level": level, "reasons": reasons})
    return Measured(level, reasons)


def why_not(level: str) -> str | None:
    """None when `level` works, found by starting it; else the reason in one line."""
    if level == "bubblewrap" and bwrap() is None:
        return "bubblewrap (bwrap) is not installed"
    with tempfile.TemporaryDirectory(prefix="podium-level-") as folder:
        code = "import sys; from pathlib import Path; from podium.execution import lockdown; "
        code += "lockdown.rehearse(sys.argv[1], Path(sys.argv[2]))"
        argv = command(level, [sys.executable, "-c", code, level, str(Path(folder) / "scratch")])
        try:
            done = _try(argv, environment(level), folder)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return str(problem)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"ended with status {done.returncode}"


def _try(argv: Sequence[str], env: Mapping[str, str], folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, check=False, env=dict(env), capture_output=True, text=True, timeout=MEASURE_TIMEOUT_S, cwd=folder
    )


# ---------------------------------------------------------------- parts of the command


def _inner_environment(home: str, pass_env: Mapping[str, str] | None) -> dict[str, str]:
    """What a solution may see of an environment: nothing of the launcher's but how to find Python's own files."""
    plain = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
    plain |= {"USER": "podium", "LOGNAME": "podium", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
    plain["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin while runs share cores cost a small fit up to 100 times
    if "PYTHONHOME" in os.environ:
        plain["PYTHONHOME"] = os.environ["PYTHONHOME"]
    beside = [entry for entry in _package_folders() if entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    source = str(Path(__file__).parents[2])
    if source not in beside:
        beside.append(source)  # a checkout that is not installed still runs
    return plain | {"PYTHONPATH": os.pathsep.join(beside)} | gpu.environment() | dict(pass_env or {})


def _package_folders() -> list[str]:
    """site-packages and their like: those of this Python, the user's where enabled, those PYTHONPATH names."""
    folders = [sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    folders += [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [folder for folder in dict.fromkeys(folders) if Path(folder).is_dir()]


def _mounts(read_only: Sequence[tuple[str, str]]) -> list[str]:
    """The file system inside: an empty read-only root, the system, Python, `read_only`, and nothing else."""
    words: list[str] = []
    for path in SYSTEM:
        if Path(path).is_symlink():
            words += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).is_dir():
            words += ["--ro-bind", path, path]
    for path in (*ETC, *SYS):
        words += ["--ro-bind-try", path, path]
    words += ["--proc", "/proc", "--dev", "/dev", *gpu.mounts(), "--tmpfs", "/dev/shm", "--dir", "/tmp"]
    words += ["--tmpfs", SCRATCH]  # the warm parent's; a run mounts a bounded one over it (--size needs bubblewrap 0.7)
    for folder in python_paths():
        if not any(folder.is_relative_to(path) for path in SYSTEM if not Path(path).is_symlink()):
            words += ["--ro-bind", str(folder), str(folder)]
    for outside, inside in read_only:
        words += ["--ro-bind", outside, inside]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]
