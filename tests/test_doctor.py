"""What doctor finds: parts, limits of cgroups, network file systems, and what it shows."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from podium.errors import UserError
from podium.execution import boot, doctor, sandbox
from podium.execution.attack import suite
from podium.execution.attack.record import Probe

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:5 - nfs4 server:/home rw
31 30 254:1 / /home/local\\040disk rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/ssh rw - fuse.sshfs me@there: rw
33 22 0:42 / /mnt/ssh rw - tmpfs tmpfs rw
"""


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A sandbox that is measured already: landlock, one attack open."""
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path))
    monkeypatch.setattr(sandbox, "measure", lambda: sandbox.Measured("landlock", {"bubblewrap": "no user namespaces"}))
    monkeypatch.setattr(sandbox, "bwrap", lambda: "/usr/bin/bwrap")
    found = tuple(Probe(name, name != "TCP out", "because") for name in suite.NAMES)
    monkeypatch.setattr(suite, "run", lambda level: found)


def test_every_part_is_json(stubbed: None) -> None:
    found = doctor.examine(None)
    assert set(found) == {*doctor.PARTS, "weaker"}
    assert json.loads(json.dumps(found)) == found
    assert found["sandbox"]["blocked"] == 17
    weak = {weakness["what"] for weakness in found["weaker"]}
    assert {"sandbox level bubblewrap does not work", "an attack is not stopped: TCP out"} <= weak


def test_one_part_alone(stubbed: None) -> None:
    assert set(doctor.examine("libraries")) == {"libraries", "weaker"}


def test_an_unknown_part_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="expected sandbox, machine, libraries, storage, agents; found 'gpu'"):
        doctor.examine("gpu")


def test_rendered_for_people(stubbed: None) -> None:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115 — closed with the test
    with console.file:
        console.print(doctor.render(doctor.examine()))
    text = console.export_text()
    assert "landlock, 17 of 18 attacks blocked" in text
    assert all(name in text for name in suite.NAMES)
    assert "no user namespaces" in text
    assert "allow user namespaces" in text


# ---------------------------------------------------------------- hardware


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None)])
def test_cores_are_cut_to_the_cgroups_quota(tmp_path: Path, quota: str, cores: int | None) -> None:
    write(tmp_path, cpu__max=quota)
    assert doctor.cores(tmp_path) == (cores or doctor.cores(tmp_path / "none"))


def test_an_older_cgroup_has_its_own_folder_for_each_limit(tmp_path: Path) -> None:
    write(tmp_path / "cpu", cpu__cfs_quota_us="100000", cpu__cfs_period_us="100000")
    write(tmp_path / "memory", memory__limit_in_bytes=str(64 << 20))
    assert (doctor.cores(tmp_path), doctor.memory_mb(tmp_path)) == (1, 64)


@pytest.mark.parametrize(("limit", "megabytes"), [(str(512 << 20), 512), ("max", None), ("9223372036854771712", None)])
def test_memory_is_cut_to_the_cgroups_limit(tmp_path: Path, limit: str, megabytes: int | None) -> None:
    write(tmp_path, memory__max=limit)
    assert doctor.memory_mb(tmp_path) == (megabytes or doctor.memory_mb(tmp_path / "none"))


def test_the_hardware_as_a_record(stubbed: None) -> None:
    found = doctor.hardware()
    assert found.cores >= 1 and found.memory_mb > 0 and found.sandbox_level == "landlock"


# ---------------------------------------------------------------- storage and libraries


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/campaign", "nfs4"),
        ("/home/local disk/campaign", None),
        ("/srv/campaign", None),
        ("/mnt/ssh/campaign", None),
        ("/homestead", None),
    ],
)
def test_network_file_systems_are_named(
    tmp_path: Path, path: str, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(MOUNTS)
    monkeypatch.setattr(Path, "exists", lambda self: True)  # none of these folders is there
    assert doctor.network_filesystem(Path(path), mountinfo) == kind


def test_a_folder_that_is_not_there_yet_lies_where_its_parent_lies(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(
        f"22 1 254:0 / / rw - ext4 /dev/vda rw\n30 22 0:1 / {tmp_path.resolve()} rw - nfs a:/ rw\n"
    )
    assert doctor.network_filesystem(tmp_path / "not" / "yet", tmp_path / "mountinfo") == "nfs"


def test_a_home_that_cannot_be_written_is_told(stubbed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> str | None:
        return "Read-only file system" if folder == boot.home() else None

    monkeypatch.setattr(doctor, "_write_problem", refuse)
    found = doctor.examine("storage")
    assert found["storage"]["podium_home_problem"] == "Read-only file system"
    assert any("set PODIUM_HOME" in weakness["remedy"] for weakness in found["weaker"])


def test_a_missing_libgomp_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    if doctor.lightgbm_problem() == "lightgbm is not installed":
        pytest.skip("lightgbm is not installed")

    def refuse(name: str) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    found = doctor.examine("libraries")
    assert "libgomp.so.1" in found["libraries"]["lightgbm_problem"]
    assert any("libgomp1" in weakness["remedy"] for weakness in found["weaker"])


@pytest.mark.skipif(sys.platform != "linux", reason="nvidia-smi is looked for on Linux")
def test_gpus_are_what_nvidia_smi_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert doctor.gpus() == ("NVIDIA H100, 81559 MiB",)
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert doctor.gpus() == ()


def test_agents_are_told(stubbed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from podium.testing import fake_clis

    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CODEX_API_KEY", "key")
    for key in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"):
        monkeypatch.delenv(key, raising=False)
    for kind in ("claude-code", "codex"):
        fake_clis.install(tmp_path / "bin", kind)
    found = doctor.examine("agents")
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115 — closed with the test
    with console.file:
        console.print(doctor.render(found))
    text = console.export_text()
    assert "2.1.92, not logged in" in text and "0.142.4, logged in" in text and "not installed" in text
    (weakness,) = found["weaker"]
    assert weakness["what"] == "claude-code cannot take a seat" and "ANTHROPIC_API_KEY" in weakness["remedy"]
