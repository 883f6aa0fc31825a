"""GPUs, without one: which runs are given one, what the sandbox lets in for them, and that nothing changes without."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_world import add_experiments, engine_of

from podium.campaign import solutions
from podium.campaign.budget import Purse
from podium.campaign.device import device_for, device_of, free_gpu
from podium.campaign.engine import Engine
from podium.campaign.options import Options
from podium.campaign.request import context, run_key
from podium.campaign.runner import Runner
from podium.campaign.tracks import fold_part, fold_track
from podium.execution import doctor, gpu, lockdown, sandbox
from podium.records import Hardware, Limits
from podium.registry import Registry
from podium.registry.clock import Clock
from podium.testing.fake_executor import FakeExecutor

ON_TORCH = (
    '"""A net.\n\nrequires: torch\n"""\n\n\ndef fit(train, ctx):\n    return None\n\n\n'
    "def predict(model, rows, ctx):\n    return None\n"
)
ON_TREES = ON_TORCH.replace("torch", "lightgbm")


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A folder as /dev is where two cards are, numbered beyond nine."""
    folder = tmp_path / "dev"
    (folder / "nvidia-caps").mkdir(parents=True)
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "null", "nvidia-uvm-tools"):
        (folder / name).touch()
    return folder


# ---------------------------------------------------------------- the sandbox


def test_the_nodes_that_cuda_opens_are_found(dev: Path, tmp_path: Path) -> None:
    assert [Path(path).name for path in gpu.cards(dev)] == ["nvidia2", "nvidia10"]
    names = [Path(path).name for path in gpu.nodes(dev)]
    assert names == ["nvidia2", "nvidia10", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps"]
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "nvidiactl").touch()
    assert gpu.nodes(tmp_path / "bare") == ()  # a driver without a card


def test_bubblewrap_lets_them_in_and_nothing_where_there_is_none(dev: Path, tmp_path: Path) -> None:
    words = gpu.mounts(dev)
    bound = [words[at + 1] for at, word in enumerate(words) if word == "--dev-bind"]
    assert bound == list(gpu.nodes(dev))
    assert not any(word == "--bind" for word in words)
    assert gpu.mounts(tmp_path) == []


def test_only_what_cuda_needs_of_the_environment_goes_in(dev: Path, tmp_path: Path) -> None:
    driver, other = tmp_path / "driver", tmp_path / "other"
    driver.mkdir()
    other.mkdir()
    (driver / "libcuda.so.1").touch()
    around = {gpu.VISIBLE: "3", gpu.LIBRARIES: f"{other}:{driver}", "TOKEN": "secret"}
    assert gpu.environment(around, dev) == {gpu.VISIBLE: "3", gpu.LIBRARIES: str(driver)}
    assert gpu.environment(around, tmp_path) == {}


def test_a_run_on_a_gpu_may_open_the_nodes_and_another_may_not(dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = gpu.nodes(dev)
    monkeypatch.setattr(gpu, "nodes", lambda: nodes)
    for level in ("bubblewrap", "landlock"):
        _, plain = lockdown._paths(level, Path("/scratch"), [])
        _, larger = lockdown._paths(level, Path("/scratch"), [], on_gpu=True)
        assert larger == [*plain, *map(Path, nodes)]


def test_cuda_may_reserve_addresses_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run touches is measured (PSS); what it reserves would be refused long before."""
    for on_gpu, bounded in ((False, True), (True, False)):
        lowered: list[int] = []
        monkeypatch.setattr(lockdown, "_lower", lambda kind, value, lowered=lowered: lowered.append(kind))
        lockdown._set_limits("bubblewrap", Limits(wall_s=1, memory_mb=100), on_gpu=on_gpu)
        assert (resource.RLIMIT_AS in lowered) is bounded
        assert {resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE} <= set(lowered)


def test_doctor_says_whether_runs_can_use_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "measured_level", lambda: "bubblewrap")
    assert doctor._machine()["gpus_for_runs"] == 0
    monkeypatch.setattr(doctor, "gpus", lambda: ("NVIDIA H100, 81559 MiB",))
    monkeypatch.setattr(gpu, "why_not", lambda level: "Permission denied: '/dev/nvidia0'")
    found = doctor._machine()
    assert found["gpus_for_runs"] == 0
    assert [weak["what"] for weak in found["weaker"]] == ["runs cannot use the GPU, and train on the CPU"]
    assert "/dev/nvidia0" in found["weaker"][0]["why"]
    monkeypatch.setattr(gpu, "why_not", lambda level: None)
    monkeypatch.setattr(gpu, "cards", lambda: ("/dev/nvidia0",))
    found = doctor._machine()
    assert (found["gpus_for_runs"], found["weaker"]) == (1, [])


# ---------------------------------------------------------------- the campaign


@pytest.fixture
def campaign(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "campaign"))


def with_gpus(campaign: Path, count: int, executor: FakeExecutor | None = None) -> Engine:
    engine = engine_of(campaign, executor or FakeExecutor(slots=4, gpus=count))
    engine.hardware = Hardware(8, 32_000, ("NVIDIA H100",) * count, "bubblewrap")
    engine.options = Options(experiments=8)
    engine.__post_init__()
    return engine


@pytest.fixture
def engine(campaign: Path) -> Iterator[Engine]:
    made = with_gpus(campaign, 1)
    yield made
    made.registry.close()


def planted(engine: Engine, monkeypatch: pytest.MonkeyPatch, *on_torch: str) -> None:
    """These experiments' solutions name torch, the others' do not."""
    monkeypatch.setattr(
        solutions, "ensure", lambda engine, experiment: ON_TORCH if experiment.id in on_torch else ON_TREES
    )


def test_solutions_that_name_torch_are_given_the_gpu(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    net, trees = add_experiments(engine, 2)
    planted(engine, monkeypatch, net.id)
    assert (device_of(engine, net), device_of(engine, trees)) == ("cuda", "cpu")
    assert (device_for(engine, ON_TORCH), device_for(engine, ON_TREES)) == ("cuda", "cpu")
    engine.purse.gpus = 0
    assert device_of(engine, net) == "cpu"


@pytest.mark.parametrize(("named", "let_through", "used"), [(1, 0, 0), (0, 1, 0), (2, 1, 1), (1, 1, 1)])
def test_a_gpu_counts_where_it_is_there_and_the_sandbox_lets_it_through(
    campaign: Path, named: int, let_through: int, used: int
) -> None:
    engine = with_gpus(campaign, named, FakeExecutor(gpus=let_through))
    assert engine.purse.gpus == used
    engine.registry.close()


def test_keys_and_requests_without_a_gpu_are_as_they_were(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key's device and threads are what they were before there were GPUs, with torch or without."""
    engine = with_gpus(campaign, 0)
    net = add_experiments(engine, 1)[0]
    addressed: list[dict[str, Any]] = []
    real = json.dumps

    def dumps(value: Any, **more: Any) -> str:
        if "experiment" in value:
            addressed.append(value)
        return real(value, **more)

    monkeypatch.setattr(json, "dumps", dumps)
    run_key(engine, net, fold_part(engine, 0))
    monkeypatch.undo()
    assert set(addressed[0]) == {
        *("experiment", "solution", "data", "features", "prepared", "kind", "rows", "seed", "allowance", "threads"),
        *("device", "environment", "model"),
    }
    assert (addressed[0]["device"], addressed[0]["threads"]) == ("cpu", engine.purse.threads)
    assert context(engine)["device"] == "cpu"
    assert "gpu" not in context(engine)
    engine.registry.close()


class Watched(FakeExecutor):
    """Remembers which devices ran beside each other."""

    def start(self, folder: Path) -> None:
        super().start(folder)
        beside = [json.loads((other / "request.json").read_text())["context"] for other in self.running]
        self.__dict__.setdefault("beside", []).append([(one["device"], one.get("gpu")) for one in beside])


def test_one_run_at_a_time_on_each_gpu_while_the_cpu_goes_on(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Watched(slots=4, gpus=1)
    engine = with_gpus(campaign, 1, executor)
    net, trees = add_experiments(engine, 2)
    planted(engine, monkeypatch, net.id)
    Runner(engine).play([fold_track(engine, net), fold_track(engine, trees)])
    devices = [[device for device, _ in beside] for beside in executor.__dict__["beside"]]
    assert max(beside.count("cuda") for beside in devices) == 1
    assert any({"cuda", "cpu"} <= set(beside) for beside in devices)
    assert sum(len(beside) > 2 for beside in devices) > 0
    assert (
        sorted(name.split("/")[0] for name in executor.started)
        == [net.id] * engine.n_folds + [trees.id] * engine.n_folds
    )
    engine.registry.close()


def test_several_gpus_are_dealt_one_each(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executor = Watched(slots=4, gpus=2)
    engine = with_gpus(campaign, 2, executor)
    net = add_experiments(engine, 1)[0]
    planted(engine, monkeypatch, net.id)
    Runner(engine).play([fold_track(engine, net)])
    for beside in executor.__dict__["beside"]:
        numbers = [number for _, number in beside]
        assert len(numbers) == len(set(numbers)) <= 2
    assert {number for beside in executor.__dict__["beside"] for _, number in beside} == {0, 1}
    assert free_gpu(engine, {0}) == 1
    assert free_gpu(engine, {0, 1}) is None
    engine.registry.close()


def test_a_run_on_a_gpu_has_threads_to_feed_it_and_waves_of_its_own(campaign: Path) -> None:
    registry = Registry.create(campaign)
    purse = Purse(Options(time_s=1000.0), Clock(registry.database), Hardware(16, 64_000, ("H100",)))
    assert (purse.threads_on("cpu"), purse.threads_on("cuda")) == (4, 8)
    assert (purse.at_a_time("cpu"), purse.at_a_time("cuda")) == (4, 1)
    alone, beside = purse.allowance_s(1000.0, 4, 1.0, "cuda"), purse.allowance_s(1000.0, 4, 1.0)
    assert alone is not None
    assert beside is not None
    assert alone == pytest.approx(beside / 4, rel=0.01)  # its folds come one after another
    registry.close()
