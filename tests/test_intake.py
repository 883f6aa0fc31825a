"""What intake understands of competitions as their hosts ship them."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_competitions import frames, toy, write

from podium.competition import build, intake
from podium.competition.config import schema
from podium.competition.description import deadline, quota, read_description
from podium.errors import UserError
from podium.records import Competition, dumps, from_json, to_json


def test_binary_with_probabilities(tmp_path: Path) -> None:
    c = intake(toy(tmp_path / "toy"))
    assert (c.task_type, c.metric, c.metric_direction) == ("binary_classification", "auc", "higher")
    assert (c.target_columns, c.id_column, c.classes) == (("y",), "id", ("0", "1"))
    assert (c.submission_columns, c.submission_kind) == (("id", "y"), "probability")
    assert (c.train_file, c.test_file, c.sample_file) == ("train.csv", "test.csv", "sample_submission.csv")
    assert (c.cv_strategy, c.cv_folds, c.group_column, c.time_column) == ("stratified", 5, None, None)
    assert c.competition == "toy" and "ROC" in c.description


def test_every_value_has_evidence(tmp_path: Path) -> None:
    c = intake(toy(tmp_path / "toy"))
    for key in ("target_column", "id_column", "metric", "metric_direction", "task_type", "cv_strategy", "train_file"):
        assert c.evidence[key].why and 0 < c.evidence[key].confidence <= 1, key
    assert from_json(Competition, json.loads(dumps(c))) == from_json(Competition, to_json(c))


@pytest.mark.parametrize(
    ("labels", "sample", "classes"),
    [
        (["C", "CL", "D"], ["Status_C", "Status_CL", "Status_D"], ("C", "CL", "D")),
        (["Class_1", "Class_2", "Class_10"], ["Class_1", "Class_2", "Class_10"], ("Class_1", "Class_2", "Class_10")),
        (["MWS", "EAP", "HPL"], ["HPL", "EAP", "MWS"], ("HPL", "EAP", "MWS")),
        (["0", "1", "2"], ["class_2", "class_1", "class_0"], ("2", "1", "0")),
        (
            ["Iris setosa", "Iris virginica", "x"],
            ["Iris_setosa", "Iris_virginica", "x"],
            ("Iris setosa", "Iris virginica", "x"),
        ),
    ],
)
def test_classes_in_submission_order_as_spelled_in_train(
    tmp_path: Path, labels: list[str], sample: list[str], classes: tuple[str, ...]
) -> None:
    train, test = frames()
    train = train.with_columns(y=pl.Series(labels * 40))
    asked = test.select("id", *(pl.lit(0.3).alias(c) for c in sample))
    c = intake(write(tmp_path / "toy", train, test, sample=asked, metric="multi-class logarithmic loss"))
    assert (c.task_type, c.metric, c.target_columns) == ("multiclass_classification", "log_loss", ("y",))
    assert c.classes == classes and c.submission_columns == ("id", *sample)


def test_labels_keep_their_spelling(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(y=pl.when(pl.col("y") == 1).then(pl.lit("True")).otherwise(pl.lit("False")))
    c = intake(write(tmp_path / "toy", train, test, metric="classification accuracy"))
    assert c.classes == ("False", "True") and c.submission_kind == "label"


@pytest.mark.parametrize(
    ("metric", "task_type"),
    [("RMSLE", "regression"), ("quadratic weighted kappa", "ordinal_regression"), ("accuracy", "multiclass_classification"),
     ("Pearson correlation coefficient", "regression")],
)  # fmt: skip
def test_the_metric_tells_the_task(tmp_path: Path, metric: str, task_type: str) -> None:
    train, test = frames()
    train = train.with_columns(y=pl.Series(np.arange(120) % 6 + 3))
    c = intake(write(tmp_path / "toy", train, test, metric=metric))
    assert c.task_type == task_type
    assert c.classes == (() if task_type == "regression" else ("3", "4", "5", "6", "7", "8"))


def test_several_targets(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(b=pl.Series([0, 1] * 60))
    sample = test.select("id", b=pl.lit(0.5), y=pl.lit(0.5))
    folder = write(tmp_path / "toy", train, test, sample=sample)
    c = intake(folder)
    assert (c.task_type, c.target_columns) == ("multilabel_classification", ("b", "y"))
    assert intake(folder, {"metric": "rmse"}).task_type == "regression"


def test_label_side_columns(tmp_path: Path) -> None:
    train, test = frames()
    c = intake(write(tmp_path / "toy", train.with_columns(casual=pl.col("y") * 2), test))
    assert c.label_side_columns == ("casual",)


def test_config_as_autokaggle_writes_it(tmp_path: Path) -> None:
    toy(tmp_path / "competition" / "data")
    (tmp_path / "notes.md").write_text("a note")
    keys = {
        "competition": "playground-series-s6e4", "data_dir": "./competition/data", "task_type": "binary_classification",
        "metric": "auc_roc", "metric_direction": "higher", "target_column": "y", "cv_folds": 4, "deadline": "2026-04-30",
        "max_submissions_per_day": 10, "knowledge_files": ["notes.md"], "kaggle_username": "", "scraper_path": None,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(keys))
    c = intake(tmp_path)
    assert (c.competition, c.metric, c.cv_folds, c.deadline) == ("playground-series-s6e4", "auc", 4, "2026-04-30")
    assert c.max_submissions_per_day == 10 and Path(c.knowledge_files[0]).read_text() == "a note"
    assert intake(tmp_path / "config.json") == c
    assert intake(tmp_path, {"cv_folds": "3"}).cv_folds == 3, "a flag stands above the config"


def test_the_schema_knows_every_key_of_autokaggle() -> None:
    keys = (
        "competition competition_dir data_dir task_type metric metric_direction target_column id_column cv_strategy cv_folds "
        "deadline max_submissions_per_day knowledge_files existing_oof_dir best_pipeline_script scraper_path kaggle_username"
    )
    assert set(keys.split()) <= set(schema()["properties"])


@pytest.mark.parametrize(
    "form",
    ["tsv", "semicolon", "gz", "zip", "archive", "parquet", "feather", "jsonl", "json", "utf-16", "cp1252", "bom"],
)
def test_tables_in_other_forms(tmp_path: Path, form: str) -> None:
    train, test = frames()
    train = train.with_columns(colour=pl.col("colour").str.replace("red", "röt"))
    folder = write(tmp_path / "toy", train, test)
    plain, path = folder / "train.csv", folder / "train"
    data = plain.read_bytes()
    plain.unlink()
    if form == "tsv":
        train.write_csv(path.with_suffix(".tsv"), separator="\t")
    elif form == "semicolon":
        text = train.write_csv(separator=";").replace(".", ",")
        plain.write_text(text, "utf-8")
    elif form == "gz":
        path.with_suffix(".csv.gz").write_bytes(gzip.compress(data))
    elif form in ("zip", "archive"):
        with zipfile.ZipFile(folder / ("train.csv.zip" if form == "zip" else "everything.zip"), "w") as archive:
            archive.writestr("train.csv", data)
    elif form == "parquet":
        train.write_parquet(path.with_suffix(".parquet"))
    elif form == "feather":
        train.write_ipc(path.with_suffix(".feather"))
    elif form == "jsonl":
        train.write_ndjson(path.with_suffix(".jsonl"))
    elif form == "json":
        train.write_json(path.with_suffix(".json"))
    else:
        encoded = b"\xef\xbb\xbf" + data if form == "bom" else data.decode().encode(form)
        plain.write_bytes(encoded)
    c = intake(folder)
    assert (c.target_columns, c.id_column, c.task_type) == (("y",), "id", "binary_classification")
    if form in ("utf-16", "cp1252"):
        assert any(form in e.why for k, e in c.evidence.items() if k.startswith("notice"))
    data_set = build(c, tmp_path / "data", 1)
    read = data_set.frame()
    assert set(read["colour"].unique()) == {"röt", "red", "green", "blue"}
    assert (
        read["x"].dtype == pl.Float64 and abs(float(read["x"].sum()) - float(train["x"].sum() + test["x"].sum())) < 1e-6
    )


def test_html_description(tmp_path: Path) -> None:
    (tmp_path / "d.html").write_text(
        "<html><head><script>var rmse=1</script></head><body><h2>Evaluation</h2><p>scored by &quot;MAE&quot;</p></body></html>"
    )
    text = read_description(tmp_path, "d.html")
    assert "## Evaluation" in text and 'scored by "MAE"' in text and "rmse" not in text


def test_dates_and_quota_of_a_description() -> None:
    assert deadline("- June 20, 2022 - Final submission deadline.\n") == "2022-06-20"
    assert deadline("The competition will conclude **July 8, 2019** at 11:59 PM UTC.") == "2019-07-08"
    assert deadline("It was a nice day.") is None
    assert quota("You may submit a maximum of 5 entries per day.") == 5


def test_groups_that_travel_together(tmp_path: Path) -> None:
    """Ids like 0013_01: a group where test has other groups, a mere feature where groups are split between both."""
    train, test = frames(300, 100)
    both = pl.concat([train.drop("y"), test])
    apart = both.with_columns(id=pl.Series([f"{r // 4:04d}_{r % 4:02d}" for r in range(400)]))
    folder = write(tmp_path / "apart", apart.head(300).with_columns(train["y"]), apart.tail(100))
    c = intake(folder)
    assert (c.group_column, c.cv_strategy) == ("id", "stratified_grouped")
    mixed = apart.sample(fraction=1.0, shuffle=True, seed=3)
    folder = write(tmp_path / "mixed", mixed.head(300).with_columns(train["y"]), mixed.tail(100))
    c = intake(folder)
    assert (c.group_column, c.cv_strategy) == (None, "stratified")


def test_a_user_column_that_stays_apart(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    users = pl.Series("user", [f"u{r // 10}" for r in range(400)])
    c = intake(write(tmp_path / "t", train.with_columns(user=users[:300]), test.with_columns(user=users[300:])))
    assert (c.group_column, c.cv_strategy) == ("user", "stratified_grouped")
    assert "chance" in c.evidence["group_column"].why


def dated(total: int) -> pl.Series:
    return (
        pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2023, 1, 1), "1h", eager=True)
        .head(total)
        .dt.to_string("%Y-%m-%d %H:%M:%S")
    )


def test_test_after_train_is_forward(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    dates = dated(400)
    c = intake(write(tmp_path / "t", train.with_columns(when=dates[:300]), test.with_columns(when=dates[300:])))
    assert (c.cv_strategy, c.time_column) == ("forward", "when")


def test_test_in_runs_between_train_is_blocks(tmp_path: Path) -> None:
    train, test = frames(900, 300)
    dates = dated(1200)
    held = pl.Series((np.arange(1200) // 25) % 4 == 3)
    c = intake(
        write(tmp_path / "t", train.with_columns(when=dates.filter(~held)), test.with_columns(when=dates.filter(held)))
    )
    assert (c.cv_strategy, c.group_column, c.time_column) == ("interleaved_block", None, "when")


def test_what_the_config_asks_of_the_split(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    users = pl.Series("user", [f"u{r % 40}" for r in range(400)])
    folder = write(tmp_path / "t", train.with_columns(user=users[:300]), test.with_columns(user=users[300:]))
    assert intake(folder).cv_strategy == "stratified"
    for asked, strategy in (("group_kfold", "grouped"), ("", "stratified_grouped")):
        c = intake(folder, {"group_column": "user", "cv_strategy": asked} if asked else {"group_column": "user"})
        assert (c.group_column, c.cv_strategy) == ("user", strategy)
    c = intake(folder, {"cv_strategy": "time_series", "time_column": "z"})
    assert (c.cv_strategy, c.time_column) == ("forward", "z")
    assert intake(folder, {"cv_strategy": "kfold"}).cv_strategy == "random"


def test_test_scattered_in_time_is_random(tmp_path: Path) -> None:
    train, test = frames(900, 300)
    dates = dated(1200).shuffle(1)
    c = intake(write(tmp_path / "t", train.with_columns(when=dates[:900]), test.with_columns(when=dates[900:])))
    assert (c.cv_strategy, c.group_column) == ("stratified", None)


def test_running_ids_alone_are_no_time(tmp_path: Path) -> None:
    train, test = frames(300, 100)
    ids = pl.Series("id", range(400))
    c = intake(write(tmp_path / "a", train.with_columns(ids[:300]), test.with_columns(ids[300:])))
    assert c.cv_strategy == "stratified"
    day = pl.Series("day", [r % 365 + 1 for r in range(400)])
    train, test = train.with_columns(ids[:300], day[:300]), test.with_columns(ids[300:], day[300:])
    c = intake(write(tmp_path / "b", train, test))
    assert (c.cv_strategy, c.time_column) == ("forward", "id")


def test_copies_that_never_cross_stay_in_one_fold(tmp_path: Path) -> None:
    train, test = frames(300, 150)
    once = train.head(100)
    train = pl.concat([once, once, once]).with_columns(id=pl.int_range(300))
    test = pl.concat([test.head(50)] * 3).with_columns(id=pl.int_range(1000, 1150))
    c = intake(write(tmp_path / "t", train, test))
    assert c.cv_strategy == "stratified_grouped" and c.group_column is None
    d = build(c, tmp_path / "data", 1)
    fold = dict(zip(d.train.tolist(), d.fold_of.tolist(), strict=True))
    x = d.frame()["x"].to_list()
    seen: dict[float, set[int]] = {}
    for row, k in fold.items():
        seen.setdefault(x[row], set()).add(k)
    assert all(len(k) == 1 for k in seen.values())


def test_no_sample_submission(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    (folder / "sample_submission.csv").unlink()
    c = intake(folder)
    assert (c.id_column, c.target_columns, c.submission_columns) == ("id", ("y",), ("id", "y"))
    assert c.evidence["id_column"].confidence < 0.9


def test_the_class_asked_for_comes_second(tmp_path: Path) -> None:
    train, test = frames()
    words = train.with_columns(y=pl.when(pl.col("y") == 1).then(pl.lit("cat")).otherwise(pl.lit("dog")))
    folder = write(tmp_path / "toy", words, test)
    assert intake(folder, {"positive_class": "cat"}).classes == ("dog", "cat")
    (folder / "description.md").write_text("Predict the probability of a cat.\n\n## Evaluation\n\nROC AUC.\n")
    assert intake(folder).classes == ("dog", "cat")


@pytest.mark.parametrize("asked", ["bad", "good"])
def test_the_sample_submissions_one_value_says_which_class_is_asked_for(tmp_path: Path, asked: str) -> None:
    """A host's baseline is the share of the class that cells are the probability of, whatever the words usually mean."""
    train, test = frames()
    words = train.with_columns(
        y=pl.when(pl.int_range(pl.len()) % 20 == 0).then(pl.lit("bad")).otherwise(pl.lit("good"))
    )
    folder = write(tmp_path / "toy", words, test)
    (folder / "description.md").write_text("Who pays back?\n\n## Evaluation\n\nLog loss.\n")
    share = (words["y"] == asked).mean()
    test.select("id").with_columns(y=pl.lit(share)).write_csv(folder / "sample_submission.csv")
    assert intake(folder).classes[1] == asked
    test.select("id").with_columns(y=pl.lit(0.5)).write_csv(folder / "sample_submission.csv")
    assert intake(folder).classes[1] == "bad", "the usual word, where the sample says nothing"


def test_an_empty_target_in_test_is_no_feature(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train, test)
    test.with_columns(y=pl.lit(None)).write_csv(folder / "test.csv")
    assert intake(folder).target_columns == ("y",)


def test_a_task_type_asked_for_overrules_the_guess_of_a_kind(tmp_path: Path) -> None:
    train, test = frames()
    texts = pl.Series([f"it is {word} and round" for word in train["colour"]])
    train = train.with_columns(text=texts, y=train["colour"])
    folder = write(
        tmp_path / "toy", train, test.with_columns(text=texts[:40]), sample=test.select("id", y=pl.lit("red"))
    )
    asked = {"metric": "levenshtein"}
    assert intake(folder, asked).task_type == "span_extraction"
    assert intake(folder, {**asked, "task_type": "text_generation"}).task_type == "text_generation"
    assert intake(folder, {"metric": "accuracy", "task_type": "multiclass"}).classes == ("blue", "green", "red")


def test_one_hot_targets_are_seen_and_doubted(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(a=1 - pl.col("y"))
    c = intake(
        write(tmp_path / "toy", train, test, sample=test.select("id", a=pl.lit(0.5), y=pl.lit(0.5)), metric="log loss")
    )
    assert c.task_type == "multilabel_classification" and c.evidence["task_type"].confidence < 0.75


@pytest.mark.parametrize("which", ["train.csv", "test.csv", "sample_submission.csv"])
def test_a_lone_carriage_return_in_a_header_is_told_in_one_line(tmp_path: Path, which: str) -> None:
    folder = toy(tmp_path / "toy", 40, 12)
    path = folder / which
    path.write_bytes(path.read_bytes()[:1] + b"\r" + path.read_bytes()[1:])
    with pytest.raises(UserError, match=f"the header of {which} is broken"):
        intake(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from(["train.csv", "test.csv", "sample_submission.csv", "description.md", "config.json"]),
    data=st.data(),
)
def test_spoiled_bytes_end_in_one_line_or_a_competition(
    tmp_path_factory: pytest.TempPathFactory, which: str, data: st.DataObject
) -> None:
    folder = toy(tmp_path_factory.mktemp("fuzz"), 40, 12)
    (folder / "config.json").write_text('{"metric": "auc", "cv_folds": 3}')
    content = bytearray((folder / which).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        how = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        if how == "flip" and content:
            content[at] ^= data.draw(st.integers(1, 255))
        elif how == "cut":
            del content[at:]
        elif how == "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=6))
        else:
            del content[at : at + 3]
    (folder / which).write_bytes(bytes(content))
    try:
        build(intake(folder), folder / "campaign" / "data", 0)
    except UserError as error:
        assert "\n" not in str(error)
