"""What every executor must do. Subclass `ExecutorConformance`, give it an `executor` fixture, and pytest runs it all.

@pytest.fixture(scope="module")
def executor(tmp_path_factory): ...
@pytest.fixture
def another(tmp_path): ...          # a function that makes one more executor beside it
class TestMine(ExecutorConformance): pass
"""

from __future__ import annotations

import hashlib
import itertools
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from podium.execution.executor import Executor, RunRequest
from podium.execution.request import read_exit, write_run
from podium.records import Limits, RunExit, RunKind

N, N_TRAIN = 60, 40
SECRET = 987654.0  # added to the labels of rows that are never trained on
WAIT_S = 30.0

MEAN = """
    import numpy as np
    class Mean:
        def __init__(self, y):
            self.mean = float(y.mean())
            self.notes = {"best_iteration": 3}
    def fit(train, ctx):
        print("fitting", len(train))
        return Mean(train.y)
    def predict(model, rows, ctx):
        return rows.frame()["x"].to_numpy() + model.mean
"""


class RunBench:
    """Makes runs of small solutions in a folder of the test's own, and waits for them."""

    def __init__(self, executor: Executor, base: Path) -> None:
        self.executor, self.base, self._count = executor, base, itertools.count()
        self.x = np.random.default_rng(7).normal(size=N)
        self.y = 2 * self.x + 1
        self.y[N_TRAIN:] += SECRET
        pl.DataFrame({"x": self.x, "word": [f"w{i % 5}" for i in range(N)]}).write_ipc(
            base / "features.arrow", compression="uncompressed"
        )
        (base / "answers.txt").write_text(str(SECRET))

    def folder(self, solution: str, kind: RunKind = "fit", *, model: Path | None = None, **changes: Any) -> Path:
        """A run's folder, ready to start. `changes`: fields of Limits, of RunRequest, or of its context."""
        folder = self.base / f"run{next(self._count)}"
        folder.mkdir()
        (folder / "solution.py").write_text(textwrap.dedent(solution))
        limits = {"wall_s": 20.0, "memory_mb": 2048, "tmp_mb": 64, "disk_mb": 64, "processes": 24}
        context = {"task_type": "regression", "metric": "rmse", "n_outputs": 1, "timed": False, "schema": []}
        fields: dict[str, Any] = {"seed": 5, "threads": 1, "min_level": "process"}
        for part in (limits, context, fields):
            part |= {name: changes.pop(name) for name in list(changes) if name in part}
        request = RunRequest(
            key=folder.name,
            kind=kind,
            solution=str(folder / "solution.py"),
            features=str(self.base / "features.arrow"),
            limits=Limits(**limits),  # type: ignore[arg-type]
            context=context,
            model=str(model) if model else None,
            **(fields | changes),
        )
        train, predict = np.arange(N_TRAIN), np.arange(N_TRAIN, N)
        labels = pl.DataFrame({"y0": self.y[:N_TRAIN]}) if kind == "fit" else None
        write_run(folder, request, train=train if kind == "fit" else None, predict=predict, labels=labels)
        return folder

    def run(self, solution: str, kind: RunKind = "fit", **changes: Any) -> tuple[RunExit, Path]:
        """Start one run and wait for its end."""
        folder = self.folder(solution, kind, **changes)
        self.executor.start(folder)
        return self.wait(folder), folder

    def wait(self, folder: Path, executor: Executor | None = None) -> RunExit:
        ended = (executor or self.executor).finished([folder], WAIT_S)
        assert folder in ended, f"not over after {WAIT_S} s: {_log(folder)}"
        return ended[folder]

    def until_logged(self, folder: Path, word: str) -> str:
        """The log, as soon as it holds `word`."""
        give_up = time.monotonic() + WAIT_S
        while word not in _log(folder):
            assert time.monotonic() < give_up and not (folder / "exit.json").exists(), _log(folder)
            time.sleep(0.01)
        return _log(folder)


def _log(folder: Path) -> str:
    path = folder / "log.txt"
    return path.read_text(errors="replace") if path.exists() else ""


def predictions(folder: Path) -> NDArray[np.float64]:
    """The published predictions of a run."""
    values: NDArray[np.float64] = np.load(folder / "predictions.npy", allow_pickle=False)
    return values


class ExecutorConformance:
    """The suite. Needs fixtures `executor` and `another` (a function that makes a second executor beside it)."""

    @pytest.fixture()
    def bench(self, executor: Executor, tmp_path: Path) -> Iterator[RunBench]:
        yield RunBench(executor, tmp_path)

    # ------------------------------------------------------------ what a run hands back

    def test_fit_predicts_and_keeps_its_model(self, bench: RunBench) -> None:
        ended, folder = bench.run(MEAN)
        assert ended.outcome == "done", (ended, _log(folder))
        values = predictions(folder)
        assert values.dtype == np.float64
        np.testing.assert_allclose(values[:, 0], bench.x[N_TRAIN:] + bench.y[:N_TRAIN].mean())
        for name in ("predictions.npy", "model.pkl"):
            assert ended.files[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert set(ended.files) == {"predictions.npy", "model.pkl"}
        assert ended.notes == {"best_iteration": 3}
        assert "fitting 40" in _log(folder)
        assert 0 < ended.start_s <= ended.wall_s
        assert ended.sandbox_level == bench.executor.level
        assert not list(folder.glob("*.part"))

    def test_predict_from_the_model_of_a_fit(self, bench: RunBench) -> None:
        _, fitted = bench.run(MEAN)
        ended, folder = bench.run(MEAN, "predict", model=fitted / "model.pkl")
        assert ended.outcome == "done", ended
        assert predictions(folder).tobytes() == predictions(fitted).tobytes()
        assert set(ended.files) == {"predictions.npy"}

    def test_prepare_sees_all_rows_and_no_label(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            """
            import polars as pl
            def prepare(rows, ctx):
                assert rows.y is None
                return rows.frame().select(double=pl.col("x") * 2)
            """,
            "prepare",
        )
        assert ended.outcome == "done", ended
        prepared = pl.read_ipc(folder / "prepared.arrow")
        np.testing.assert_allclose(prepared["double"].to_numpy(), 2 * bench.x)

    def test_dense_and_several_outputs(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            """
            import numpy as np
            from podium.protocol import Dense
            def fit(train, ctx): return None
            def predict(model, rows, ctx): return Dense(np.full((len(rows), ctx.n_outputs), 0.25))
            """,
            n_outputs=3,
        )
        assert ended.outcome == "done", ended
        assert predictions(folder).shape == (N - N_TRAIN, 3)

    def test_same_seed_same_bytes(self, bench: RunBench) -> None:
        solution = """
            import random
            import numpy as np
            def fit(train, ctx): return np.random.default_rng(ctx.seed).normal() + random.random() + hash("word") % 97
            def predict(model, rows, ctx): return np.random.normal(size=len(rows)) + model
        """
        folders = [bench.folder(solution, seed=seed) for seed in (5, 5, 6)]
        for folder in folders:
            bench.executor.start(folder)
        assert [bench.wait(folder).outcome for folder in folders] == ["done"] * 3
        same, again, other = (predictions(folder).tobytes() for folder in folders)
        assert same == again
        assert same != other

    def test_pools_have_as_many_threads_as_the_run_may_use(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            """
            import numpy as np
            import polars as pl
            import threadpoolctl
            def fit(train, ctx):
                np.ones((64, 64)) @ np.ones((64, 64))
                pools = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
                assert ctx.cores == 2 and pools <= {2} and pl.thread_pool_size() == 2, (pools, pl.thread_pool_size())
                return None
            def predict(model, rows, ctx): return np.zeros(len(rows))
            """,
            threads=2,
        )
        assert ended.outcome == "done", (ended, _log(folder))

    def test_deadline_is_told_only_where_time_may_decide(self, bench: RunBench) -> None:
        solution = """
            import numpy as np
            def fit(train, ctx): return ctx.time_left()
            def predict(model, rows, ctx): return np.full(len(rows), model)
        """
        _, untimed = bench.run(solution)
        _, timed = bench.run(solution, timed=True, wall_s=15.0)
        assert np.isinf(predictions(untimed)).all()
        assert ((predictions(timed) > 0) & (predictions(timed) < 15)).all()

    # ------------------------------------------------------------ what a solution may see

    def test_rows_and_labels_are_those_dealt(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            f"""
            import numpy as np
            def fit(train, ctx):
                assert train.ids.dtype == np.int64 and train.ids.tolist() == list(range({N_TRAIN}))
                assert train.y.shape == ({N_TRAIN},) and train.y.max() < 1000, train.y
                assert (train.weight == 1).all() and ctx.unlabelled is None and ctx.cores == 1
                return None
            def predict(model, rows, ctx):
                assert rows.y is None and rows.ids.tolist() == list(range({N_TRAIN}, {N}))
                try:
                    rows.labels()
                except ValueError:
                    return np.zeros(len(rows))
            """
        )
        assert ended.outcome == "done", (ended, _log(folder))

    def test_no_descriptor_leads_to_a_file_of_the_engine(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            """
            import os
            import numpy as np
            links = {os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                     if os.path.lexists(f"/proc/self/fd/{n}")}
            print(sorted(links))
            files = {os.path.basename(link) for link in links if link.endswith((".arrow", ".npz", ".npy", ".py", ".json"))}
            assert not files, files
            assert not any(link.endswith("/lock") for link in links), links
            def fit(train, ctx): return None
            def predict(model, rows, ctx): return np.zeros(len(rows))
            """
        )
        assert ended.outcome == "done", (ended, _log(folder))

    def test_answers_outside_cannot_be_read(self, bench: RunBench) -> None:
        if bench.executor.level == "process":
            pytest.skip("level process does not hide files")
        ended, _ = bench.run(
            f"""
            from pathlib import Path
            def fit(train, ctx): return Path({str(bench.base / "answers.txt")!r}).read_text()
            """
        )
        assert ended.outcome == "error"
        assert "Error" in ended.message and "answers" in ended.message

    def test_unlabelled_rows_only_where_declared(self, bench: RunBench) -> None:
        solution = '''
            """Uses the rows to predict.

            reads: unlabelled
            """
            import numpy as np
            def fit(train, ctx):
                assert ctx.unlabelled.y is None
                return len(ctx.unlabelled)
            def predict(model, rows, ctx): return np.full(len(rows), float(model))
        '''
        ended, folder = bench.run(solution)
        assert ended.outcome == "done", ended
        assert (predictions(folder) == N - N_TRAIN).all()

    # ------------------------------------------------------------ a solution at fault

    def test_error_has_its_last_line_and_a_traceback(self, bench: RunBench) -> None:
        ended, folder = bench.run("def fit(train, ctx):\n    return 1 / 0  # here\n")
        assert (ended.outcome, ended.message) == ("error", "ZeroDivisionError: division by zero")
        assert "return 1 / 0  # here" in _log(folder)
        assert not ended.files and not (folder / "model.pkl").exists() and not list(folder.glob("*.part"))

    def test_syntax_error_and_missing_function(self, bench: RunBench) -> None:
        ended, _ = bench.run("def fit(:\n")
        assert ended.outcome == "error" and ended.message.startswith("SyntaxError")
        ended, _ = bench.run("x = 1\n")
        assert ended.outcome == "error" and "no function fit" in ended.message

    def test_model_that_does_not_pickle_is_named(self, bench: RunBench) -> None:
        ended, _ = bench.run(
            """
            import threading
            class Model: pass
            def fit(train, ctx):
                model = Model()
                model.fine, model.guard = 1, threading.Lock()
                return model
            """
        )
        assert ended.outcome == "error"
        assert "Model.guard is a lock" in ended.message

    @pytest.mark.parametrize("size", ["len(rows) - 1", "(len(rows), 2)"])
    def test_wrong_shape_is_an_error(self, bench: RunBench, size: str) -> None:
        ended, folder = bench.run(
            f"""
            import numpy as np
            def fit(train, ctx): return None
            def predict(model, rows, ctx): return np.zeros({size})
            """
        )
        assert ended.outcome == "error" and "expected shape (20, 1)" in ended.message
        assert not (folder / "predictions.npy").exists()

    def test_nan_is_left_to_the_task(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            "import numpy as np\ndef fit(t, c): return 0\ndef predict(m, rows, c): return np.full(len(rows), np.nan)\n"
        )
        assert ended.outcome == "done" and np.isnan(predictions(folder)).all()

    def test_exit_without_a_word(self, bench: RunBench) -> None:
        ended, _ = bench.run("import os\ndef fit(train, ctx): os._exit(0)\n")
        assert ended.outcome == "error" and "without a result" in ended.message

    def test_forged_outcome_is_not_believed(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            """
            import os, json
            def fit(train, ctx):
                for fd in range(3, 64):
                    try:
                        os.write(fd, json.dumps({"outcome": "done"}).encode() + b"\\n")
                    except OSError:
                        pass
                os._exit(0)
            """
        )
        assert ended.outcome == "error", ended
        assert not (folder / "predictions.npy").exists()

    # ------------------------------------------------------------ limits

    def test_timeout(self, bench: RunBench) -> None:
        ended, _ = bench.run("import time\ndef fit(train, ctx): time.sleep(60)\n", wall_s=0.8)
        assert ended.outcome == "timeout", ended
        assert 0.8 <= ended.wall_s < 8

    def test_memory(self, bench: RunBench) -> None:
        ended, _ = bench.run(
            """
            import time
            def fit(train, ctx):
                kept = []
                while True:
                    kept.append(b"x" * (20 << 20))
                    time.sleep(0.005)
            """,
            memory_mb=300,
        )
        assert ended.outcome == "memory", ended
        assert ended.peak_mb > 200

    def test_many_processes(self, bench: RunBench) -> None:
        ended, _ = bench.run(
            """
            import os, time
            def fit(train, ctx):
                for _ in range(300):
                    try:
                        if os.fork() == 0:
                            time.sleep(60)
                    except OSError:
                        time.sleep(60)
                time.sleep(60)
            """,
            processes=16,
        )
        assert ended.outcome == "processes", ended

    def test_scratch_is_bounded(self, bench: RunBench) -> None:
        ended, _ = bench.run(
            """
            import time
            def fit(train, ctx):
                for i in range(200):
                    (ctx.scratch / f"f{i}").write_bytes(b"x" * (1 << 20))
                time.sleep(60)
            """,
            tmp_mb=16,
        )
        assert ended.outcome == "disk", ended

    def test_output_is_bounded(self, bench: RunBench) -> None:
        ended, folder = bench.run(
            "import os\ndef fit(train, ctx): return os.urandom(40 << 20)\ndef predict(m, r, c): return None\n",
            disk_mb=8,
        )
        assert ended.outcome == "disk", ended
        assert not (folder / "model.pkl").exists()

    def test_log_is_cut(self, bench: RunBench) -> None:
        solution = MEAN.replace('print("fitting", len(train))', 'print("first"); print("y" * 5_000_000); print("last")')
        ended, folder = bench.run(solution)
        assert ended.outcome == "done", ended
        assert (folder / "log.txt").stat().st_size < 1_001_000
        assert _log(folder).startswith("first") and _log(folder).rstrip().endswith("last")

    def test_weaker_sandbox_than_asked_is_refused(self, bench: RunBench) -> None:
        if bench.executor.level == "bubblewrap":
            pytest.skip("there is no stronger level")
        ended, _ = bench.run(MEAN, min_level="bubblewrap")
        assert ended.outcome == "error" and "needs sandbox level bubblewrap" in ended.message

    # ------------------------------------------------------------ start, adopt, cancel

    def test_cancel(self, bench: RunBench) -> None:
        folder = bench.folder("import time\ndef fit(train, ctx):\n    print('there')\n    time.sleep(60)\n")
        bench.executor.start(folder)
        bench.until_logged(folder, "there")
        bench.executor.cancel(folder)
        assert bench.wait(folder).outcome == "cancelled"

    def test_cancel_leaves_a_finished_run_alone(self, bench: RunBench) -> None:
        ended, folder = bench.run(MEAN)
        before = sorted(path.name for path in folder.iterdir())
        bench.executor.cancel(folder)
        assert bench.wait(folder) == ended
        assert sorted(path.name for path in folder.iterdir()) == before

    def test_start_of_a_finished_run_does_nothing(self, bench: RunBench) -> None:
        ended, folder = bench.run(MEAN)
        before = (folder / "exit.json").stat().st_mtime_ns
        bench.executor.start(folder)
        assert bench.wait(folder) == ended
        assert (folder / "exit.json").stat().st_mtime_ns == before

    def test_finished_waits_no_longer_than_told(self, bench: RunBench) -> None:
        folder = bench.folder("import time\ndef fit(train, ctx): time.sleep(60)\n")
        bench.executor.start(folder)
        began = time.monotonic()
        assert bench.executor.finished([folder], 0.2) == {}
        assert time.monotonic() - began < 5
        bench.executor.cancel(folder)
        bench.wait(folder)

    def test_two_starts_are_one_execution(self, bench: RunBench, another: Callable[[], Executor]) -> None:
        folder = bench.folder(ONCE)
        other = another()
        bench.executor.start(folder)
        other.start(folder)
        bench.executor.start(folder)
        token = bench.until_logged(folder, "token=").split("token=")[1].split()[0]
        assert bench.wait(folder, other) == bench.wait(folder)
        ended = read_exit(folder)
        assert ended is not None and ended.notes == {"token": token}
        other.close()

    def test_run_outlives_its_executor_and_is_adopted(self, bench: RunBench, another: Callable[[], Executor]) -> None:
        folder = bench.folder(ONCE)
        first = another()
        first.start(folder)
        token = bench.until_logged(folder, "token=").split("token=")[1].split()[0]
        first.close()
        del first
        bench.executor.start(folder)
        ended = bench.wait(folder)
        assert (ended.outcome, ended.notes) == ("done", {"token": token})

    def test_folder_that_was_never_started_is_lost(self, bench: RunBench) -> None:
        assert bench.wait(bench.folder(MEAN)).outcome == "lost"


ONCE = """
    import os, time
    import numpy as np
    token = os.urandom(8).hex()
    class Model: pass
    def fit(train, ctx):
        print(f"token={token} ")
        time.sleep(0.5)
        model = Model()
        model.notes = {"token": token}
        return model
    def predict(model, rows, ctx): return np.zeros(len(rows))
"""
