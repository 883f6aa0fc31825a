"""What config.json brings, copied into a campaign as it is made: predictions, notes, a script.

Predictions are an untrusted pool. `NAME_oof` and `NAME_test` (or `oof_NAME`, `test_NAME`; .npy, .csv, .parquet) make a
member. Tables with the competition's id are matched by it; what has no ids is taken in the order of the train file and
of the sample submission, its length checked. The referee scores each on the campaign's own folds; what predicts the
labels perfectly is not pooled. A pair that does not fit is refused in one line, and the campaign goes on without it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import referee
from podium.campaign.store import PredictionStore, imported_path
from podium.errors import InvalidPredictions
from podium.registry.imported import Imported

if TYPE_CHECKING:
    import polars as pl

    from podium.competition.dataset import Dataset
    from podium.registry import Registry
    from podium.tasks.task import Floats, Task

SUFFIXES = (".npy", ".csv", ".parquet")
MOST = 200  # pairs
_NAME = re.compile(r"^(?:(?P<a>.+?)[_.-])?(?P<kind>oof|test)(?:[_.-](?P<b>.+))?$", re.I)
_PREDICTED = re.compile(r"oof|pred|prob", re.I)


@dataclass(frozen=True)
class Pair:
    """Two files of one model; None where a twin is missing."""

    name: str
    oof: Path | None
    test: Path | None


def pairs(folder: Path) -> list[Pair]:
    """The pairs in a folder, by name; other files are somebody else's."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.match(path.stem) if path.is_file() and path.suffix.lower() in SUFFIXES else None
        if match is not None:
            name = "_".join(part for part in (match["a"], match["b"]) if part) or "predictions"
            found.setdefault(name, {}).setdefault(match["kind"].lower(), path)
    return [Pair(name, kinds.get("oof"), kinds.get("test")) for name, kinds in sorted(found.items())][:MOST]


def import_predictions(campaign: Path, registry: Registry, dataset: Dataset, task: Task) -> list[Imported]:
    """Score and copy every pair of `existing_oof_dir` into `imported/`; one record each, refused ones too."""
    folder = dataset.competition.brought.existing_oof_dir
    if folder is None:
        return []
    store = PredictionStore(campaign, registry, dataset, task)
    members = []
    for number, pair in enumerate(pairs(Path(folder)), 1):
        try:
            member = _member(campaign, f"X{number:03d}", pair, store, dataset, task)
        except InvalidPredictions as problem:
            member = Imported(f"X{number:03d}", pair.name, "refused", message=str(problem))
        registry.imported.add(member)
        members.append(member)
    return members


def _member(campaign: Path, id_: str, pair: Pair, store: PredictionStore, dataset: Dataset, task: Task) -> Imported:
    for kind, path in (("oof", pair.oof), ("test", pair.test)):
        if path is None:
            raise InvalidPredictions(
                f"{pair.name}: expected {pair.name}_oof and {pair.name}_test; found no {kind} file"
            )
    assert pair.oof is not None and pair.test is not None, "both were just looked for"
    labelled = np.concatenate([dataset.train, dataset.vault])
    given = _aligned(pair.oof, dataset, task, labelled, dataset.positions(labelled), "training rows")
    test = _aligned(pair.test, dataset, task, dataset.test, np.arange(len(dataset.test)), "test rows")
    oof, vault = given[: len(dataset.train)], given[len(dataset.train) :]
    truth = task.encode(dataset.labels(dataset.train[store.scored]))
    plain = referee.rescore(task, truth, task.baseline(truth, len(truth)), store.fold_of)
    scored = referee.rescore(task, truth, oof[store.scored], store.fold_of, groups=store.groups)
    perfect = next((a.message for a in referee.alarms(scored, plain) if a.check == "perfect"), "")
    shas = [
        _save(campaign, id_, what, values) for what, values in (("oof", oof), ("holdout", np.vstack([test, vault])))
    ]
    why = f"{perfect}; it holds the labels, or saw them" if perfect else ""
    return Imported(id_, pair.name, "suspicious" if perfect else "pooled", shas[0], shas[1], scored.score, scored.stderr,
                    scored.fold_scores, why)  # fmt: skip


def _save(campaign: Path, id_: str, what: str, values: Floats) -> str:
    path = imported_path(campaign, id_, what)
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}")
    with part.open("wb") as file:
        np.save(file, np.ascontiguousarray(values))
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---------------------------------------------------------------- matching rows


def _aligned(
    path: Path, dataset: Dataset, task: Task, rows: NDArray[np.int64], places: NDArray[np.int64], what: str
) -> Floats:
    """Checked predictions `(rows, k)` of a file, in the order of `rows`; `places` are theirs in the competition's file.
    Raises InvalidPredictions naming the file."""
    try:
        if path.suffix.lower() == ".npy":
            values = _by_place(_array(path), places, what)
        else:
            values = _of_table(path, dataset, task, rows, places, what)
        return task.check(values, len(rows))
    except InvalidPredictions as problem:
        raise InvalidPredictions(f"{path.name}: {problem}") from problem


def _array(path: Path) -> NDArray[Any]:
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, TypeError, OverflowError) as problem:
        raise InvalidPredictions(f"expected a NumPy array; found {problem}") from problem
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise InvalidPredictions("expected numbers (n,) or (n, k)")
    return values.astype(np.float64)


def _by_place(values: NDArray[Any], places: NDArray[np.int64], what: str) -> NDArray[Any]:
    if len(values) != len(places):
        raise InvalidPredictions(f"expected {len(places)} {what}; found {len(values)}")
    return _finite(values)[places]


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        raise InvalidPredictions(
            f"expected finite numbers; found {int(bad.sum())} rows without, the first is row {int(bad.argmax()) + 1}"
        )
    return values


def _of_table(
    path: Path, dataset: Dataset, task: Task, rows: NDArray[np.int64], places: NDArray[np.int64], what: str
) -> NDArray[Any]:
    import polars as pl

    try:
        csv = path.suffix.lower() == ".csv"
        frame = pl.read_csv(path, infer_schema_length=0) if csv else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError, ValueError) as problem:
        raise InvalidPredictions(f"cannot be read: {' '.join(str(problem).split())[:120]}") from problem
    key = dataset.competition.id_column
    ids = dataset.ids(rows)
    order = places
    if key is not None and key in frame.columns and ids is not None:
        order = _matched(frame[key].cast(pl.String), ids, what)
    elif frame.height != len(places):
        raise InvalidPredictions(
            f"expected {len(places)} {what}, or the ids in {key or 'a column'!r}; found {frame.height}"
        )
    chosen = frame.select(_columns(frame, dataset, task)).cast(pl.Float64, strict=False)
    return _finite(chosen.fill_null(np.nan).to_numpy())[order]


def _matched(given: pl.Series, wanted: pl.Series, what: str) -> NDArray[np.int64]:
    """Where each wanted id lies in the file."""
    if given.n_unique() < len(given):
        raise InvalidPredictions(
            f"expected one row for each id; found {given.filter(given.is_duplicated())[0]!r} twice"
        )
    place = {id_: at for at, id_ in enumerate(given.to_list())}
    found = [place.get(id_, -1) for id_ in wanted.to_list()]
    if -1 in found:
        lost = wanted[found.index(-1)]
        raise InvalidPredictions(
            f"expected the ids of all {len(wanted)} {what}; found {found.count(-1)} missing, like {lost!r}"
        )
    return np.array(found, dtype=np.int64)


def _columns(frame: pl.DataFrame, dataset: Dataset, task: Task) -> list[str]:
    """The columns of predictions: those named so, the submission's, the classes', the targets', else all but the id."""
    competition = dataset.competition
    rest = [name for name in frame.columns if name != competition.id_column and name.lower() not in ("", "index")]
    width = task.n_outputs()
    answers = [name for name in competition.submission_columns if name != competition.id_column]
    lists = [
        [name for name in rest if _PREDICTED.search(name)],
        answers,
        list(competition.classes),
        list(competition.target_columns),
        rest,
    ]
    for names in lists:
        if (
            names
            and set(names) <= set(rest)
            and len(names) in (width, 2 if width == 1 and competition.classes else width)
        ):
            return names
    raise InvalidPredictions(f"expected {width} columns of predictions; found {', '.join(rest[:8]) or 'none'}")
