"""Every row of docs/errors.md: one mistake, one line that says what was found, expected and to be done."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intake_competitions import frames, toy, write

from podium.competition import intake
from podium.errors import IntakeError

DOCS = Path(__file__).parents[1] / "docs" / "errors.md"
CASES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {}


def case(*words: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Registers a mistake: the function spoils a folder (and may return overrides); `words` must be in the line."""

    def register(spoil: Callable[[Path], object]) -> Callable[[Path], object]:
        CASES[spoil.__name__] = (spoil, words)
        return spoil

    return register


def config(folder: Path, **keys: object) -> None:
    (folder / "config.json").write_text(json.dumps(keys), "utf-8")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def rewrite(folder: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    change(pl.read_csv(folder / name)).write_csv(folder / name)


# ---------------------------------------------------------------- files


@case("no such folder", "check the path")
def no_such_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@case("is empty", "unpack the data")
def empty_folder(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


@case("no train table", "train_file")
def no_train_table(folder: Path) -> None:
    (folder / "train.csv").unlink()


@case("no test table", "test_file")
def no_test_table(folder: Path) -> None:
    (folder / "test.csv").unlink()


@case("several train tables", "train_file")
def several_train_tables(folder: Path) -> None:
    for name in ("train_a.csv", "train_b.csv"):
        (folder / name).write_bytes((folder / "train.csv").read_bytes())
    (folder / "train.csv").unlink()


@case("no file other.csv", "train_file")
def train_file_missing(folder: Path) -> dict[str, str]:
    return {"train_file": "other.csv"}


@case("train.csv is empty", "download")
def empty_file(folder: Path) -> None:
    (folder / "train.csv").write_bytes(b"")


@case("header and no rows")
def header_only(folder: Path) -> None:
    (folder / "train.csv").write_text("id,x,y\n")


@case("train.csv is truncated", "5 fields", "2 in its last line")
def truncated_line(folder: Path) -> None:
    path = folder / "train.csv"
    lines = path.read_text().rstrip("\n").split("\n")
    path.write_text("\n".join([*lines[:-1], ",".join(lines[-1].split(",")[:2])]))


@case("train.csv is truncated", "quote")
def truncated_quote(folder: Path) -> None:
    path = folder / "train.csv"
    path.write_text(path.read_text() + '5000,1.0,1.0,"red')


@case("damaged, truncated or locked")
def truncated_gz(folder: Path) -> None:
    data = gzip.compress((folder / "train.csv").read_bytes())
    (folder / "train.csv").unlink()
    (folder / "train.csv.gz").write_bytes(data[: len(data) // 2])


@case("damaged", "zip")
def truncated_zip(folder: Path) -> None:
    (folder / "all.zip").write_bytes(b"PK\x03\x04 cut off")


@case("cannot read train.parquet", "parquet")
def broken_parquet(folder: Path) -> None:
    (folder / "train.csv").unlink()
    (folder / "train.parquet").write_bytes(b"PAR1 no parquet at all PAR1")


@case("cannot read train.json", "json")
def broken_json_table(folder: Path) -> None:
    (folder / "train.csv").unlink()
    (folder / "train.json").write_text('[{"id": 1, "x": ')


@case("is not text", "UTF-8")
def binary_garbage(folder: Path) -> None:
    (folder / "train.csv").write_bytes(np.random.default_rng(0).bytes(4000))


@case("is a web page", "log in")
def web_page(folder: Path) -> None:
    (folder / "train.csv").write_text("<!DOCTYPE html><html><body>Please log in</body></html>")


@case("train.csv is broken", "5 fields", "6 in line 4")
def too_many_fields(folder: Path) -> None:
    path = folder / "train.csv"
    lines = path.read_text().split("\n")
    lines[3] += ",surplus"
    path.write_text("\n".join(lines))


@case("names column 'x' 2 times")
def duplicate_header(folder: Path) -> None:
    edit(folder, "train.csv", "id,x,z", "id,x,x")


# ---------------------------------------------------------------- config.json and flags


@case("config.json is not JSON", "line 1")
def bad_json(folder: Path) -> None:
    (folder / "config.json").write_text('{"metric": "auc",,}')


@case("holds no object")
def json_list(folder: Path) -> None:
    (folder / "config.json").write_text("[1, 2]")


@case("target_column", "<TARGET>", "placeholder")
def placeholder(folder: Path) -> None:
    config(folder, target_column="<TARGET>")


@case("unknown key 'metric_directon'", "metric_direction")
def misspelled_key(folder: Path) -> None:
    config(folder, metric_directon="lower")


@case("unknown option 'colour'")
def unknown_option(folder: Path) -> dict[str, str]:
    return {"colour": "red"}


@case("cv_folds has the wrong type", "integer")
def wrong_type(folder: Path) -> None:
    config(folder, cv_folds="five")


@case("cv_folds", "2 to 20", "1")
def one_fold(folder: Path) -> None:
    config(folder, cv_folds=1)


@case("cv_strategy", "stratified")
def unknown_strategy(folder: Path) -> None:
    config(folder, cv_strategy="magic")


@case("no such folder", "data_dir")
def data_dir_missing(folder: Path) -> None:
    config(folder, data_dir="./competition/data")


@case("no knowledge file notes.md")
def knowledge_missing(folder: Path) -> None:
    config(folder, knowledge_files=["notes.md"])


@case("oof", "no such folder", "existing_oof_dir")
def oof_folder_missing(folder: Path) -> None:
    config(folder, existing_oof_dir="oof")


@case("best.py", "no such file", "best_pipeline_script")
def script_missing(folder: Path) -> None:
    config(folder, best_pipeline_script="best.py")


@case("knowledge file notes.md is not text", "NUL")
def knowledge_is_binary(folder: Path) -> None:
    (folder / "notes.md").write_bytes(b"PK\0\1")
    config(folder, knowledge_files=["notes.md"])


@case("knowledge file notes.md is too long", "262,144")
def knowledge_too_long(folder: Path) -> None:
    (folder / "notes.md").write_bytes(b"word " * 60_000)
    config(folder, knowledge_files=["notes.md"])


@case("deadline", "2026-04-30", "'end of April'")
def deadline_is_no_day(folder: Path) -> None:
    config(folder, deadline="end of April")


@case("deadline", "2026-02-30")
def deadline_not_in_the_calendar(folder: Path) -> None:
    config(folder, deadline="2026-02-30")


@case("placeholder <SEAT>", "team")
def placeholder_inside(folder: Path) -> None:
    config(folder, team={"builder": "<SEAT>"})


@case("task_type 'sorting' is not known", "object_detection")
def unknown_task_type(folder: Path) -> None:
    config(folder, task_type="sorting")


@case("task_type 'object_detection' does not fit these files")
def task_type_without_its_files(folder: Path) -> None:
    config(folder, task_type="object_detection")


# ---------------------------------------------------------------- metric


@case("the metric is unknown", "no description", "--metric")
def no_metric(folder: Path) -> None:
    (folder / "description.md").unlink()


@case("the metric is unknown", "names no metric", "--metric")
def metric_not_named(folder: Path) -> None:
    (folder / "description.md").write_text("# Toy\n\n## Evaluation\n\nBy a secret formula.\n")


@case("'glorp' is not known")
def metric_unknown(folder: Path) -> dict[str, str]:
    return {"metric": "glorp"}


@case("several metrics", "rmse", "mae", "--metric")
def several_metrics(folder: Path) -> None:
    (folder / "description.md").write_text("# Toy\n\n## Evaluation\n\nWe look at RMSE and at MAE.\n")


METRIC_FILE = """
DIRECTION = "lower"
NAME = "my points"
def score(truth, prediction):
    return float(abs(truth - prediction.ravel()).mean())
"""


def metric_file(folder: Path, source: str, **keys: object) -> None:
    (folder / "metric.py").write_text(source)
    config(folder, metric="metric.py", **keys)


@case("metric metric.py cannot be read", "a Python file with `score`")
def metric_file_missing(folder: Path) -> None:
    config(folder, metric="metric.py")


@case("metric metric.py does not run", "SyntaxError in line 2")
def metric_file_broken(folder: Path) -> None:
    metric_file(folder, 'DIRECTION = "lower"\ndef score(:\n')


@case("perfect predictions score 0", "correct DIRECTION")
def metric_file_turned_round(folder: Path) -> None:
    metric_file(folder, METRIC_FILE.replace('"lower"', '"higher"'))


@case("'higher' contradicts my points")
def metric_file_contradicted(folder: Path) -> None:
    metric_file(folder, METRIC_FILE, metric_direction="higher")


@case("metric 'points' is not known", "metric_proxy")
def unknown_score(folder: Path) -> None:
    config(folder, metric="points", metric_direction="higher")


@case("which way 'points' is better is unknown", "metric_direction")
def proxy_without_direction(folder: Path) -> None:
    config(folder, metric="points", metric_proxy="auc")


@case("RMSE is known", "drop metric_proxy")
def proxy_for_a_known_metric(folder: Path) -> None:
    config(folder, metric="rmse", metric_direction="lower", metric_proxy="mae")


@case("'lower' contradicts", "higher")
def contradicted_direction(folder: Path) -> None:
    config(folder, metric="auc", metric_direction="lower")


@case("does not score binary classification")
def metric_against_task(folder: Path) -> dict[str, str]:
    return {"metric": "rmse", "task_type": "binary_classification"}


@case("scores classes", "fractions")
def labels_with_fractions(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.with_columns(y=pl.col("x") * 1.5))


# ---------------------------------------------------------------- target


@case("no target", "train alone")
def no_target(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.drop("y"))


@case("no target column 'z9'", "--target")
def target_not_there(folder: Path) -> dict[str, str]:
    return {"target_column": "z9"}


@case("target 'x' is also in test")
def target_in_test(folder: Path) -> dict[str, str]:
    return {"target_column": "x"}


@case("ambiguous", "y, w", "--target")
def ambiguous_target(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.with_columns(w=1 - pl.col("y")))
    rewrite(folder, "sample_submission.csv", lambda f: f.rename({"y": "prediction"}))


@case("missing in 1 of 120 rows", "row 3")
def missing_target(folder: Path) -> None:
    rewrite(
        folder, "train.csv", lambda f: f.with_columns(y=pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise("y"))
    )


@case("not finite", "inf", "row 5")
def infinite_target(folder: Path) -> dict[str, str]:
    rewrite(
        folder,
        "train.csv",
        lambda f: f.with_columns(y=pl.when(pl.int_range(pl.len()) == 4).then(np.inf).otherwise("x")),
    )
    return {"metric": "rmse"}


@case("not finite and numeric", "'many'")
def text_in_numbers(folder: Path) -> dict[str, str]:
    frame = pl.read_csv(folder / "train.csv", infer_schema_length=0)
    spoiled = frame.with_columns(y=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("many")).otherwise("x"))
    spoiled.write_csv(folder / "train.csv")
    return {"metric": "rmse"}


@case("target 'y' is constant")
def one_class(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.with_columns(y=pl.lit(1)))


@case("target 'y' is constant")
def constant_target(folder: Path) -> dict[str, str]:
    rewrite(folder, "train.csv", lambda f: f.with_columns(y=pl.lit(3.5)))
    return {"metric": "rmse"}


@case("too many for classes")
def unique_labels(folder: Path) -> dict[str, str]:
    train, test = frames(3000, 40)
    write(folder, train.with_columns(y=pl.int_range(3000)), test)
    return {"metric": "accuracy"}


@case("of which class", "positive_class", "cat, dog")
def positive_class_unknown(folder: Path) -> None:
    rewrite(
        folder,
        "train.csv",
        lambda f: f.with_columns(y=pl.when(pl.col("y") == 1).then(pl.lit("cat")).otherwise(pl.lit("dog"))),
    )


@case("positive_class 'bird' is no label")
def positive_class_wrong(folder: Path) -> dict[str, str]:
    return {"positive_class": "bird"}


# ---------------------------------------------------------------- rows and columns


@case("duplicate ids in train", "more than once")
def duplicate_train_ids(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: pl.concat([f, f.head(1)]))


@case("duplicate ids in test")
def duplicate_test_ids(folder: Path) -> None:
    rewrite(folder, "test.csv", lambda f: pl.concat([f, f.head(1)]))


@case("'id' is empty in 1 rows of test")
def empty_ids(folder: Path) -> None:
    rewrite(
        folder, "test.csv", lambda f: f.with_columns(id=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise("id"))
    )


@case("sample submission disagrees with test", "different versions")
def mismatched_sample_ids(folder: Path) -> None:
    rewrite(folder, "sample_submission.csv", lambda f: f.with_columns(id=pl.col("id") + 50_000))


@case("sample submission disagrees with test", "40 test rows, 30 in the sample")
def short_sample(folder: Path) -> None:
    rewrite(folder, "sample_submission.csv", lambda f: f.head(30))


@case("sample submission disagrees with test", "40 rows", "39")
def sample_by_position_too_short(folder: Path) -> None:
    rewrite(folder, "sample_submission.csv", lambda f: f.head(39).rename({"id": "row"}))


@case("sample submission disagrees with the labels", "a, b, c")
def sample_classes_disagree(folder: Path) -> dict[str, str]:
    rewrite(folder, "train.csv", lambda f: f.with_columns(y=pl.Series(["a", "b", "c"] * 40)))
    rewrite(folder, "sample_submission.csv", lambda f: f.select("id", p=pl.lit(0.5), q=pl.lit(0.5)))
    return {"metric": "log_loss"}


@case("no id column 'key'", "--id")
def id_not_there(folder: Path) -> dict[str, str]:
    return {"id_column": "key"}


@case("train has 1 row", "10 at least")
def one_row(folder: Path) -> dict[str, str]:
    rewrite(folder, "train.csv", lambda f: f.head(1))
    return {}


@case("train has 6 rows", "10 at least")
def fewer_rows_than_folds_need(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: pl.concat([f.filter(pl.col("y") == v).head(3) for v in (0, 1)]))


@case("test has column 'w' that train lacks")
def alien_column(folder: Path) -> None:
    rewrite(folder, "test.csv", lambda f: f.with_columns(w=pl.lit(1)))


@case("share no feature", "beside the id")
def ids_alone(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.select("id", "y"))
    rewrite(folder, "test.csv", lambda f: f.select("id"))


@case("share no feature")
def no_feature(folder: Path) -> None:
    rewrite(folder, "train.csv", lambda f: f.select("y"))
    rewrite(folder, "test.csv", lambda f: f.select("id"))


@case("calls test's 'id' 'row'", "another order")
def id_under_another_name(folder: Path) -> None:
    rewrite(folder, "sample_submission.csv", lambda f: f.rename({"id": "row"}).reverse())


@case("no group_column 'team'")
def group_not_there(folder: Path) -> None:
    config(folder, group_column="team")


@case("forward folds need a time", "time_column")
def forward_without_time(folder: Path) -> None:
    config(folder, cv_strategy="forward")


@case("grouped folds need a group", "group_column")
def grouped_without_group(folder: Path) -> None:
    config(folder, cv_strategy="grouped")


@case("time_column 'colour' holds no times")
def time_is_text(folder: Path) -> None:
    config(folder, time_column="colour")


# ---------------------------------------------------------------- other kinds


@case("ROC AUC does not score object detection", "coco_map")
def metric_of_another_kind(folder: Path) -> None:
    rewrite(
        folder,
        "sample_submission.csv",
        lambda f: f.select("id", *(pl.lit(1).alias(c) for c in ("xmin", "ymin", "xmax", "ymax"))),
    )


@case("the metric of this segmentation is unknown", "dice", "--metric")
def metric_of_a_kind_unknown(folder: Path) -> None:
    runs = " ".join(f"{7 * at + 1} 3" for at in range(9))
    rewrite(folder, "train.csv", lambda f: f.select("id", rle_mask=pl.lit(runs)))
    rewrite(folder, "test.csv", lambda f: f.select("id"))
    rewrite(folder, "sample_submission.csv", lambda f: f.select("id", rle_mask=pl.lit("1 1")))
    (folder / "description.md").write_text("# Toy\n\nSegment it.\n\n## Evaluation\n\nBy mean IoU.\n")


@case("in another form than ROC AUC scores", "'3 5 7 9'")
def cells_of_another_form(folder: Path) -> None:
    rewrite(folder, "sample_submission.csv", lambda f: f.select("id", y=pl.lit("3 5 7 9")))


@case("no labels for train's files", "train_file")
def images_without_labels(folder: Path) -> None:
    for name in ("train.csv", "test.csv", "sample_submission.csv"):
        (folder / name).unlink()
    (folder / "train").mkdir()
    for key in range(30):
        (folder / "train" / f"{key}.jpg").write_bytes(b"jpg")


# ---------------------------------------------------------------- the tests


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    spoil, words = CASES[name]
    folder = toy(tmp_path / "toy")
    overrides = spoil(folder)
    before = sorted(p.as_posix() for p in tmp_path.rglob("*"))
    with pytest.raises(IntakeError) as caught:
        intake(folder, overrides if isinstance(overrides, dict) else {})
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600
    for word in words:
        assert word in line, line
    assert caught.value.exit_code == 2
    assert sorted(p.as_posix() for p in tmp_path.rglob("*")) == before, "intake wrote something"


def test_the_documented_table_is_the_tested_one() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", DOCS.read_text("utf-8"), re.M))
    assert documented == set(CASES)
