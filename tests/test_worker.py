"""The parts of a run that need no process of their own: messages, log, checks of outputs, what a solution is dealt."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.errors import InvalidPredictions
from podium.execution import sandbox, wire
from podium.execution.dealt import Deal
from podium.execution.executor import RunRequest
from podium.execution.local import LocalExecutor
from podium.execution.publish import BadOutput, check_predictions, write_exit
from podium.execution.request import read_exit, read_request, write_run
from podium.execution.runlog import HEAD, TAIL, RunLog
from podium.execution.supervisor import _parse
from podium.execution.worker import check_predictions as checked
from podium.execution.worker import load_solution
from podium.protocol import Dense, Layout
from podium.records import Limits, RunExit, to_json
from podium.testing.executor_conformance import RunBench

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=50, database=None)
@given(message=st.dictionaries(st.text(), JSON, max_size=4), n_fds=st.sampled_from([0, 1, 3, 201]))
def test_a_message_arrives_as_sent_with_its_descriptors(message: dict[str, Any], n_fds: int) -> None:
    ours, theirs = socket.socketpair()
    source = os.open(os.devnull, os.O_RDONLY)
    with ours, theirs:
        wire.send(ours, message, [source] * n_fds)
        wire.send(ours, {"next": 1})
        found, fds = wire.receive(theirs)
        assert wire.receive(theirs)[0] == {"next": 1}
    assert (found, len(fds)) == (message, n_fds)
    for fd in (*fds, source):
        assert os.fstat(fd).st_rdev == Path(os.devnull).stat().st_rdev
        os.close(fd)


@pytest.mark.parametrize(
    "sent", [b"", b"\x00\x00", b"\xff\xff\xff\xff\x00\x00", b"\x00\x00\x00\x02\x00\x00[]", b"\x00\x00\x00\x01\x00\x00{"]
)
def test_a_broken_message_is_a_hangup(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(sent)
        with pytest.raises(wire.Hangup):
            wire.receive(theirs)


@pytest.mark.parametrize("size", [10, HEAD - 1, HEAD, HEAD + TAIL, HEAD + TAIL + 1, 3_000_000])
def test_log_keeps_the_head_and_the_tail(tmp_path: Path, size: int) -> None:
    log = RunLog(tmp_path / "log.txt")
    written = bytes(range(256)) * (size // 256 + 1)
    for start in range(0, size, 50_000):
        os.write(log.write_end, written[start : min(size, start + 50_000)])
        log.drain()
    os.close(log.write_end)
    assert not log.drain()
    log.close()
    found, whole = (tmp_path / "log.txt").read_bytes(), written[:size]
    if size <= HEAD + TAIL:
        assert found == whole
    else:
        assert found.startswith(whole[:HEAD]) and found.endswith(whole[-TAIL:]) and len(found) < HEAD + TAIL + 100
        assert f"{size - HEAD - TAIL} bytes".encode() in found


def _npy(path: Path, array: np.ndarray[Any, Any]) -> int:
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version=(1, 0))
    return os.open(path, os.O_RDWR)


def test_whole_predictions_pass(tmp_path: Path) -> None:
    check_predictions(_npy(tmp_path / "p.npy", np.zeros((7, 2))), (7, 2))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((6, 2)),
        np.zeros((7, 2), dtype=np.float32),
        np.zeros(14),
        np.asfortranarray(np.zeros((7, 2))),
        np.array([[object()]]),
    ],
    ids=["rows", "type", "flat", "order", "pickle"],
)
def test_other_predictions_are_refused(tmp_path: Path, array: np.ndarray[Any, Any]) -> None:
    fd = _npy(tmp_path / "p.npy", np.zeros((7, 2)) if array.dtype == object else array)
    if array.dtype == object:
        os.pwrite(fd, b"'|O' ", os.pread(fd, 200, 0).index(b"'<f8'"))
    with pytest.raises(BadOutput):
        check_predictions(fd, (7, 2))
    os.close(fd)


@settings(deadline=None, database=None)
@given(junk=st.binary(max_size=300), cut=st.integers(0, 250))
def test_no_junk_passes_for_predictions(tmp_path_factory: pytest.TempPathFactory, junk: bytes, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.npy"
    fd = _npy(path, np.zeros((7, 2)))
    os.ftruncate(fd, cut)
    os.pwrite(fd, junk, cut)
    with pytest.raises(BadOutput):
        check_predictions(fd, (7, 3))
    os.close(fd)


@pytest.mark.parametrize(
    "found", [[1.0, 2.0], np.array([1, 2]), Dense(np.array([[1.0], [2.0]])), np.array([[True], [False]])]
)
def test_predictions_of_any_plain_shape_become_float_columns(found: Any) -> None:
    values = checked(found, 2, Layout("dense", (1,)))
    assert values.shape == (2, 1) and values.dtype == np.float64


@pytest.mark.parametrize(
    "found", [None, "text", np.zeros(3), np.zeros((2, 2)), np.zeros((2, 1, 1)), np.array(["a", "b"])]
)
def test_predictions_of_another_shape_are_refused(found: Any) -> None:
    with pytest.raises(InvalidPredictions, match="expected"):
        checked(found, 2, Layout("dense", (1,)))


def test_solution_is_a_module_whose_classes_pickle_by_name() -> None:
    module = load_solution("class Model: pass\n")
    assert module.Model.__module__ == "solution"


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"outcome": "timeout"}', '{"outcome": "done", "message": 3}', '{"outcome": "done", "notes": []}',
     "[" * 9999, '{"outcome": "done", "notes": {"a": NaN}}'],
)  # fmt: skip
def test_words_of_a_run_that_are_none(said: str) -> None:
    assert _parse(said) is None


def test_notes_are_bounded() -> None:
    assert _parse('{"outcome": "done", "notes": {"a": 1}}') == ("done", "", {"a": 1})
    assert _parse(json.dumps({"outcome": "done", "notes": {"a": "x" * 20_000}})) == ("done", "", {})


def _request(folder: Path, **fields: Any) -> RunRequest:
    context = {"task_type": "regression", "metric": "rmse", "n_outputs": 1, "timed": False, "schema": []}
    return RunRequest(
        "k", "fit", str(folder / "s.py"), str(folder / "f.arrow"), Limits(1, 100), 1, 0, context, **fields
    )


def test_request_and_exit_survive_their_files(tmp_path: Path) -> None:
    request = _request(tmp_path, parents={"E1": "/a.npy"})
    write_run(tmp_path / "run", request, train=np.arange(3))
    assert read_request(tmp_path / "run") == request
    assert read_exit(tmp_path / "run") is None
    ended = RunExit("done", wall_s=1.5, files={"model.pkl": "ab"}, notes={"best_iteration": 3})
    write_exit(tmp_path / "run", to_json(ended))
    assert read_exit(tmp_path / "run") == ended


def _deal(tmp_path: Path, labels: pl.DataFrame, train: list[int], **beside: np.ndarray[Any, Any]) -> Deal:
    pl.DataFrame({"x": np.arange(10.0)}).write_ipc(tmp_path / "f.arrow")
    write_run(tmp_path / "run", _request(tmp_path), train=np.array(train), predict=np.array([7, 5]), labels=labels)
    paths = {
        "features": tmp_path / "f.arrow",
        "rows": tmp_path / "run/rows.npz",
        "labels": tmp_path / "run/labels.arrow",
    }
    for name, array in beside.items():
        paths[name] = tmp_path / f"{name}.npy"
        np.save(paths[name], array)
    job = {"seed": 1, "threads": 1, "deadline": None, "files": None, "context": _request(tmp_path).context}
    return Deal(job, {name: os.open(path, os.O_RDONLY) for name, path in paths.items()}, tmp_path)


def test_deal_aligns_everything_with_its_rows(tmp_path: Path) -> None:
    labels = pl.DataFrame({"y0": [1, 0, 2], "weight": [1.0, 0.5, 2.0], "side:casual": [9, 8, 7]})
    deal = _deal(tmp_path, labels, [8, 2, 4], groups=np.arange(10) * 10, times=np.arange(10) / 2)
    train, predict = deal.train(), deal.predict()
    assert train.frame()["x"].to_list() == [8, 2, 4] and predict.frame()["x"].to_list() == [7, 5]
    assert train.y is not None and train.y.dtype == np.int64 and train.y.tolist() == [1, 0, 2]
    assert train.weight.tolist() == [1.0, 0.5, 2.0]
    assert train.labels().columns == ["casual"]
    assert train.groups is not None and train.groups.tolist() == [80, 20, 40]
    assert predict.times is not None and predict.times.tolist() == [3.5, 2.5]
    assert predict.y is None
    assert deal.unlabelled().ids.tolist() == [0, 1, 3, 5, 6, 7, 9]


def test_deal_of_several_targets(tmp_path: Path) -> None:
    train = _deal(tmp_path, pl.DataFrame({"y0": [1, 2], "y1": [0.5, 0.5]}), [0, 1]).train()
    assert train.y is not None and train.y.shape == (2, 2) and train.y.dtype == np.float64


def test_deal_refuses_labels_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 1 rows"):
        _deal(tmp_path, pl.DataFrame({"y0": [1]}), [0, 1]).train()


FILES_AND_TABLES = """
    import os
    import numpy as np
    import polars as pl
    def fit(train, ctx):
        path = train.paths("word")[0]
        table = pl.read_ipc(ctx.tables["extra"])
        assert ctx.parents["E1"].shape == (60,)
        try:
            open(path, "w")
        except OSError:
            return float(path.read_text()) + table["z"].sum() + float((ctx.weights["folder:mine"] / "w.bin").read_text())
    def predict(model, rows, ctx): return np.full(len(rows), model)
"""


def test_files_tables_and_parents_are_there_to_read(tmp_path: Path) -> None:
    level = sandbox.measured_level()
    if level == "process":
        pytest.skip("level process does not protect files")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "w0").write_text("40")
    pl.DataFrame({"z": [1, 1]}).write_ipc(tmp_path / "extra.arrow")
    np.save(tmp_path / "oof.npy", np.zeros(60))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "w.bin").write_text("1")
    executor = LocalExecutor(
        1, tmp_path / "home", level=level, files=tmp_path / "files", preload=("numpy", "polars"),
        weights=[tmp_path / "mine"],
    )  # fmt: skip
    beside: dict[str, Any] = {
        "weights": {"folder:mine": str(tmp_path / "mine")},
        "tables": {"extra": str(tmp_path / "extra.arrow")},
        "parents": {"E1": str(tmp_path / "oof.npy")},
    }
    ended, folder = RunBench(executor, tmp_path).run(FILES_AND_TABLES, files=str(tmp_path / "files"), **beside)
    executor.close()
    assert ended.outcome == "done", (ended, (folder / "log.txt").read_text())
    assert (np.load(folder / "predictions.npy") == 43).all()
