"""The exported inference kernel: run in a clean world that holds its inputs alone, on rows the campaign never saw."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import crash_records
from engine_world import add_experiments, copy_of, engine_of

from podium import open_campaign
from podium.campaign import blending, solutions
from podium.campaign.engine import Engine
from podium.campaign.kernel import inference, kernel, kernel_check
from podium.campaign.kernel.inference import Member
from podium.campaign.submission import filing
from podium.cli import main
from podium.errors import CampaignError, InvalidPredictions, NoSubmission, UserError
from podium.execution import sandbox
from podium.execution.worker import load_solution
from podium.protocol import Rows
from podium.records import RunExit, from_json
from podium.registry.blends import BlendRow
from podium.registry.runs import RunRow
from podium.testing.fake_executor import FakeExecutor

boxed = pytest.mark.skipif(
    sandbox.measured_level() != "bubblewrap", reason="needs bubblewrap, to be sure of a clean world"
)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign whose submission holds labels: raw predictions, then a decision."""
    from podium.arena.making import create
    from podium.cli import compose, making

    home = tmp_path_factory.mktemp("labels")
    public = create(
        home / "survival", crash_records(400, seed=3), title="Survival", target="died", metric="accuracy",
        task_type="binary_classification",
    )  # fmt: skip
    folder = making.open_or_create(str(public), campaign=home / "campaign", experiments=2, threads=2)
    compose.run(folder)
    return folder


@pytest.fixture(scope="module")
def exported(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "kernel"
    assert main.main(["export", str(labelled), "--as", "kernel", "-o", str(folder), "--user", "ann"]) == 0
    return folder


@pytest.fixture
def engine(labelled: Path, tmp_path: Path) -> Iterator[Engine]:
    made = engine_of(copy_of(labelled, tmp_path / "campaign"), FakeExecutor())
    yield made
    made.registry.close()


def public_of(campaign: Path) -> Path:
    return Path(json.loads((campaign / "config.json").read_text())["data_dir"])


def hidden(campaign: Path, to: Path, n: int = 37) -> pl.DataFrame:
    """The competition's folder with another test set, as the platform mounts it when the kernel is scored."""
    public = public_of(campaign)
    shutil.copytree(public, to)
    frame = crash_records(n, seed=77).with_columns(pl.Series("id", np.arange(n) + 9000)).drop("died")
    test = frame.select(pl.read_csv(public / "test.csv").columns)
    test.write_csv(to / "test.csv")
    sample = pl.read_csv(public / "sample_submission.csv")
    value = sample[sample.columns[1]][0]
    test.select("id", pl.lit(value).alias(sample.columns[1])).write_csv(to / "sample_submission.csv")
    return test


def world(kernel_folder: Path, slug: str, data: Path, out: Path) -> list[str]:
    """A root with the system, Python, and the kernel's inputs where Kaggle mounts them. No network, no checkout."""
    words = [str(sandbox.bwrap()), "--unshare-all", "--die-with-parent", "--clearenv", "--setenv", "HOME", "/tmp"]
    words += ["--setenv", "PATH", "/usr/bin:/bin", "--setenv", "PYTHONDONTWRITEBYTECODE", "1"]
    for path in sandbox.SYSTEM:
        if Path(path).is_symlink():
            words += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).is_dir():
            words += ["--ro-bind", path, path]
    for path in sandbox.ETC:
        words += ["--ro-bind-try", path, path]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(prefix).resolve().is_relative_to("/usr"):
            words += ["--ro-bind", prefix, prefix]
    words += ["--ro-bind", str(kernel_folder / "kernel"), "/kaggle/kernel"]
    words += ["--ro-bind", str(kernel_folder / "dataset"), "/kaggle/input/models"]
    words += ["--ro-bind", str(data), f"/kaggle/input/{slug}", "--bind", str(out), "/kaggle/working"]
    return [*words, "--chdir", "/kaggle/working", "--", sys.executable, "-I", "/kaggle/kernel/infer.py"]


@boxed
def test_on_other_rows_it_decides_as_the_campaign_does(labelled: Path, exported: Path, tmp_path: Path) -> None:
    test = hidden(labelled, tmp_path / "hidden")
    out = tmp_path / "out"
    out.mkdir()
    command = world(exported, "survival", tmp_path / "hidden", out)
    done = subprocess.run(command, capture_output=True, text=True, env={}, check=False)
    assert done.returncode == 0, done.stderr
    written = pl.read_csv(out / "submission.csv")
    assert written["id"].to_list() == test["id"].to_list()
    decided = open_campaign(copy_of(labelled, tmp_path / "campaign")).predict(test)
    assert written["died"].to_list() == decided["died"].to_list()
    assert written["died"].n_unique() == 2


@boxed
def test_on_the_known_rows_it_writes_the_campaign_s_own_submission(
    labelled: Path, exported: Path, tmp_path: Path
) -> None:
    command = [*world(exported, "survival", public_of(labelled), tmp_path), "--raw", "raw.npy"]
    assert subprocess.run(command, capture_output=True, env={}, check=False).returncode == 0
    assert (tmp_path / "submission.csv").read_bytes() == (labelled / "submission.csv").read_bytes()
    made = engine_of(copy_of(labelled, tmp_path / "campaign"), FakeExecutor())
    row = blending.best_blend(made)
    assert row is not None
    raw, _ = filing.holdout_raw(made, row)
    made.registry.close()
    assert np.abs(np.load(tmp_path / "raw.npy") - raw[: len(made.dataset.test)]).max() <= 1e-9


def test_a_fit_is_the_same_where_the_test_set_is_absent(engine: Engine) -> None:
    """Every member fitted anew over a feature table whose test rows are empty predicts its first fold as it did."""
    data, row = engine.dataset, blending.best_blend(engine)
    assert row is not None
    plan = kernel._plan(engine, blending.blend_of(row), {}, [])
    absent = pl.Series(np.isin(np.arange(data.n_rows), data.test))
    frame = data.frame().with_columns(pl.when(~absent).then(pl.all()))
    assert frame.filter(absent).null_count().row(0) == (len(data.test),) * frame.width
    train, valid = engine.task.deal(data.fold_of, 0, data.barred)
    for id_ in row.weights:
        experiment = kernel._experiment(engine, id_)
        module = load_solution(solutions.ensure(engine, experiment))
        ctx = inference._context(plan, Member(id_, experiment.seed, ()), engine.campaign)
        truth = engine.task.encode(data.labels(data.train[train]))
        np.random.seed(ctx.seed % 2**32)
        model = module.fit(Rows(frame, data.train[train], y=truth), ctx)
        values = module.predict(model, Rows(frame, data.train[valid]), ctx).values.reshape(len(valid), -1)
        stored = engine.store.oof(id_)[engine.store.fold_rows(0)]
        assert np.abs(values - stored).max() <= 1e-6, "nets compute in float32, to the last bit only on some processors"


def test_a_sample_submission_of_other_rows_is_left_aside(labelled: Path, exported: Path, tmp_path: Path) -> None:
    """Some hosts put the hidden test file in place and leave the old sample, of as many rows or of fewer."""
    for n in (public_of(labelled) / "test.csv").read_text().count("\n") - 1, 5:
        folder = tmp_path / str(n)
        test = hidden(labelled, folder, n)
        shutil.copyfile(public_of(labelled) / "sample_submission.csv", folder / "sample_submission.csv")
        inference.run(exported / "dataset", folder, tmp_path / "submission.csv")
        written = pl.read_csv(tmp_path / "submission.csv")
        assert written["id"].to_list() == test["id"].to_list() and written["died"].null_count() == 0


def test_what_the_platform_is_told(exported: Path) -> None:
    about = json.loads((exported / "kernel" / "kernel-metadata.json").read_text())
    assert about["enable_internet"] is False and about["enable_gpu"] is False and about["is_private"] is True
    assert about["id"] == "ann/survival-podium-inference" and about["competition_sources"] == ["survival"]
    assert about["dataset_sources"] == [json.loads((exported / "dataset" / "dataset-metadata.json").read_text())["id"]]
    assert (exported / "kernel" / about["code_file"]).is_file()
    pins = (exported / "dataset" / "requirements.txt").read_text().splitlines()
    assert all("==" in pin for pin in pins) and any(pin.startswith("lightgbm==") for pin in pins)


def test_it_names_no_place_of_this_machine(labelled: Path, exported: Path) -> None:
    for file in exported.rglob("*"):
        if file.suffix in (".json", ".md", ".txt") or file.name in ("infer.py", "solution.py"):
            text = file.read_text()
            assert str(labelled) not in text and str(public_of(labelled)) not in text, file


def test_the_parts_import_nothing_that_stayed_behind(exported: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import podium.campaign.kernel.inference; import podium.recipes.catalog; "
    code += "print([m.__file__ for n, m in sys.modules.items() if n.startswith('podium') and m.__file__])"
    source = str(exported / "dataset" / "source")
    done = subprocess.run([sys.executable, "-I", "-c", code, source], capture_output=True, text=True, check=True)
    assert all(path.startswith(source) for path in json.loads(done.stdout.replace("'", '"')))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('"""x\n\nreads: unlabelled\n"""\n', "without labels while fitting"),
        ("def fit(train, ctx):\n    return ctx.unlabelled.frame()\n", "without labels while fitting"),
        ("def prepare(rows, ctx):\n    return rows.frame()\n", "in `prepare`"),
        ("def fit(train, c):\n    return c.tables['people']\n", "side tables"),
        ("def fit(train, ctx):\n    return train._source\n", "was not dealt"),
        ("class M:\n    def fit(self):\n        self.tables = {}\n        return self.tables\n", ""),
        ("def fit(train, ctx):\n    return None\n", ""),
    ],
)
def test_what_cannot_be_part_of_it(source: str, why: str) -> None:
    found = kernel.objection(source)
    assert why in found and bool(found) == bool(why)


def test_a_member_that_reads_unlabelled_rows_is_refused_in_one_line(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solutions, "ensure", lambda engine, one: '"""x\n\nreads: unlabelled\n"""\n')
    with pytest.raises(
        UserError, match=r"^E00\d cannot be part of a kernel: it reads rows without labels .*; .*bundle$"
    ):
        kernel.write(engine, tmp_path / "kernel")
    assert not list(tmp_path.glob("*kernel*"))


def test_another_prediction_than_the_campaign_s_is_refused(labelled: Path, exported: Path) -> None:
    plan = from_json(inference.Plan, json.loads((exported / "dataset" / inference.FILE).read_text()))
    raw = inference.run(exported / "dataset", public_of(labelled), Path("/dev/null"))
    assert plan.members and "raw predictions 0 apart" in (exported / "README.md").read_text()
    with pytest.raises(UserError, match=r"otherwise than the campaign did.*1e-06 apart"):
        kernel_check.check(exported, "survival", public_of(labelled), raw + 1e-6, trusted=True)


def test_foreign_models_are_not_loaded_unconfined(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "measured_level", lambda: "landlock")
    found = kernel_check.check(exported, "survival", exported, np.zeros((1, 1)), trusted=False)
    assert found.max_abs_diff is None and "bubblewrap" in found.told


def test_before_there_is_a_blend(made: Path, tmp_path: Path) -> None:
    young = engine_of(copy_of(made, tmp_path / "campaign"), FakeExecutor())
    with pytest.raises(NoSubmission, match="no blend"):
        kernel.write(young, tmp_path / "kernel")
    young.registry.close()


def test_members_may_predict_when_the_campaign_s_time_is_over(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(engine: Engine, members: list[str], left_s: Callable[[], float]) -> None:
        raise InvalidPredictions(f"{left_s()} s are left")

    monkeypatch.setattr(filing, "predict_missing", predict)
    late = engine_of(copy_of(labelled, tmp_path / "campaign"), options={"time_s": 1.0, "experiments": None})
    late.clock.charge(100.0)
    assert late.purse.predicting_left_s() < 0
    with pytest.raises(InvalidPredictions, match="inf s are left"):
        kernel.write(late, tmp_path / "kernel")
    late.registry.close()


def test_a_refit_s_time_counts(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A campaign that looks forward predicts test by it, and has no other runs on those rows."""
    forward = engine_of(copy_of(made, tmp_path / "campaign"), FakeExecutor())
    (member,) = add_experiments(forward, 1)
    for part, wall_s in (("fold_1", 50.0), ("refit", 36_000.0)):
        forward.registry.runs.add(RunRow(part, member.id, "fit", part, f"runs/E001/{part}", RunExit("done", wall_s)))
    forward.registry.blends.add(BlendRow(1, {member.id: 1.0}, "raw", 0.8, 0.1, None, {}))
    monkeypatch.setattr(filing, "holdout_raw", lambda *_: (np.zeros((1, 1)), {}))
    with pytest.raises(UserError, match="known test rows took 10"):
        kernel.write(forward, tmp_path / "kernel")
    forward.registry.close()


def test_a_folder_that_is_there_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    with pytest.raises(CampaignError, match="there already"):
        kernel.write(engine, tmp_path / "kernel")


def test_mlflow_is_not_built_yet(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["export", str(labelled), "--as", "mlflow"]) == 2
    assert "not built yet" in capsys.readouterr().err
