"""Folders as people download them: what a first user of each met, and how Podium reads it now."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from intake_competitions import frames, toy, write
from test_audit_leaks import findings, of
from test_tables_joined import source_of

from podium import metrics
from podium.competition import intake
from podium.competition.aggregate import aggregates
from podium.competition.association import Truth
from podium.competition.columns import cast, learn_type
from podium.competition.drift import Drift
from podium.competition.noise import noise_floor
from podium.errors import Ambiguous, IntakeError
from podium.referee.alarm import alarms
from podium.referee.score import Scored

CENTURY = datetime.date(2024, 1, 1)


def refusal(folder: Path) -> str:
    with pytest.raises(IntakeError) as told:
        intake(folder)
    return str(told.value)


# ---------------------------------------------------------------- files


def test_a_git_lfs_pointer_is_named_as_one(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    (folder / "train.csv").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 132735\n", "utf-8"
    )
    assert "train.csv is a Git LFS pointer" in refusal(folder)


def test_a_text_that_is_not_named_like_a_description_is_named(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy", metric=None)
    (folder / "Beschreibung.txt").write_text("Bewertet wird mit ROC AUC.\n", "utf-8")
    with pytest.raises(Ambiguous, match=r"Beschreibung\.txt is not named like one.*rename it description\.txt") as told:
        intake(folder)
    assert told.value.key == "metric", "still answered at a terminal"
    (folder / "Beschreibung.txt").rename(folder / "instructions.txt")
    assert intake(folder).metric == "auc"


def test_train_and_test_mixed_up(tmp_path: Path) -> None:
    train, test = frames()
    asked = train.select("id", y=pl.lit(0.5))
    folder = write(tmp_path / "toy", train.drop("y"), test.with_columns(y=pl.lit(1)), sample=asked)
    assert "asks for train's rows, and for none of test's" in refusal(folder)
    assert "not mixed up" in refusal(folder)


def european(folder: Path, number: str = "{:.2f}") -> Path:
    """Semicolons, decimal commas and cp1252 in all three tables, the sample submission too."""
    folder.mkdir()
    rng = np.random.default_rng(0)

    def line(i: int, *, price: bool) -> str:
        x = rng.normal()
        cells = [f"{i:05d}", number.format(60 + 5 * x), ["München", "Köln"][i % 2]]
        return ";".join([*cells, number.format(1500 + 100 * x)] if price else cells).replace(".", ",")

    heads = {"train": "Kennung;Größe;Ort;Preis (€)", "test": "Kennung;Größe;Ort"}
    for name, rows in (("train", range(90)), ("test", range(90, 120))):
        body = [heads[name], *(line(i, price=name == "train") for i in rows), ""]
        (folder / f"{name}.csv").write_bytes("\r\n".join(body).encode("cp1252"))
    sample = ["Kennung;Preis (€)", *(f"{i:05d};0,0" for i in range(90, 120)), ""]
    (folder / "sample_submission.csv").write_bytes("\n".join(sample).encode("cp1252"))
    (folder / "description.txt").write_text("Evaluation metric: RMSE\n", "utf-8")
    return folder


def test_decimal_commas_in_target_and_sample(tmp_path: Path) -> None:
    competition = intake(european(tmp_path / "europe"))
    assert (competition.task_type, competition.target_columns) == ("regression", ("Preis (€)",))
    assert competition.id_column == "Kennung"
    notes = [e.why for key, e in competition.evidence.items() if key.startswith("notice")]
    assert "submission.csv will have commas between fields and points in numbers" in notes
    source = source_of(Path(competition.data_dir))
    assert source.train["Kennung"][0] == "00000", "ids keep their zeros"
    assert 1000 < source.train["Preis (€)"].cast(pl.Float64).mean() < 2000  # type: ignore[operator]


# ---------------------------------------------------------------- target and metric


def test_an_empty_target_in_test_without_a_sample_that_names_it(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(y=pl.when(pl.col("y") == 1).then(pl.lit("True")).otherwise(pl.lit("False")))
    folder = write(tmp_path / "toy", train, test.with_columns(y=pl.lit(None, pl.String)))
    (folder / "sample_submission.csv").unlink()
    competition = intake(folder)
    assert competition.target_columns == ("y",)
    assert competition.classes == ("False", "True"), "labels as spelled"
    assert any("'y' is empty in test.csv" in e.why for e in competition.evidence.values())


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("You are asked to predict `count`, the number of rides.", "count"),
        ("Please forecast **count** of an hour.", "count"),
        ("Predict `count` from the rest; `casual` is a part of it.", None),  # two are marked: asked
        ("The column `count` is the sum of both.", None),
    ],
)
def test_the_target_a_description_marks(tmp_path: Path, sentence: str, target: str | None) -> None:
    train, test = frames()
    train = train.rename({"y": "count"}).with_columns(casual=pl.int_range(pl.len()) % 7)
    folder = write(tmp_path / "toy", train, test, description=f"# Rides\n\n{sentence}\n\nEvaluation metric: AUC.\n")
    (folder / "sample_submission.csv").unlink()
    if target is None:
        assert "which column is the target is ambiguous" in refusal(folder)
    else:
        competition = intake(folder)
        assert competition.target_columns == (target,)
        assert sentence in competition.evidence["target_column"].why


@pytest.mark.parametrize("line", ["Evaluation metric: AUC.", "**Metric**: AUC", "Predict y.\nMetric: AUC\nGood luck!"])
def test_a_line_that_states_the_metric_is_trusted(tmp_path: Path, line: str) -> None:
    folder = toy(tmp_path / "toy", description=f"Some words on what this is about.\n\n{line}\n")
    assert intake(folder).evidence["metric"].confidence >= 0.85


def test_which_class_a_probability_is_of_is_shown(tmp_path: Path) -> None:
    train, test = frames()
    train = train.with_columns(y=pl.when(pl.col("y") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")))
    evidence = intake(write(tmp_path / "toy", train, test)).evidence
    assert evidence["classes"].why.endswith("a cell holds the probability of 'yes'")
    assert evidence["inputs"].why == "3 columns that train and test share"


# ---------------------------------------------------------------- side tables


def test_ids_of_events_are_counted_not_averaged() -> None:
    rows = pl.DataFrame(
        {
            "customer": np.repeat(np.arange(40), 4),
            "payment_id": np.arange(160) + 5000,  # names a row here
            "loan_id": np.repeat(np.arange(80) + 100_000, 2),  # names a row of another table
            "branch_code": np.arange(160) % 3,  # a kind of thing
            "amount": np.arange(160) * 1.5,
        }
    )
    made = aggregates(rows, ["customer"], "payments").columns
    assert not [c for c in made if "payment_id" in c]
    assert [c for c in made if "loan_id" in c] == ["payments.loan_id_n_unique"]
    assert "payments.branch_code_mean" in made
    assert "payments.amount_mean" in made


def dated(folder: Path, days: list[int]) -> Path:
    """Train on 120 days, test on the 40 after them, and a table of events on some `days`, two on each."""
    train, test = frames()
    every = [str(CENTURY + datetime.timedelta(days=d)) for d in range(160)]
    write(folder, train.with_columns(date=pl.Series(every[:120])), test.with_columns(date=pl.Series(every[120:])))
    when = [str(CENTURY + datetime.timedelta(days=d)) for d in days for _ in range(2)]
    pl.DataFrame({"date": when, "kind": [f"k{i % 3}" for i in range(len(when))]}).write_csv(folder / "holidays.csv")
    return folder


def test_a_calendar_of_few_days_is_joined(tmp_path: Path) -> None:
    source = source_of(dated(tmp_path / "toy", [3, 30, 60, 90, 130, 200]))
    assert source.train["holidays.count"].sum() == 8
    assert source.test["holidays.count"].sum() == 2


def test_events_that_end_with_train_are_no_calendar(tmp_path: Path) -> None:
    source = source_of(dated(tmp_path / "toy", [3, 30, 60, 90, 110]))
    assert "holidays.count" not in source.train.columns
    assert any("of train alone, no feature" in notice for notice in source.notices)


def test_why_a_table_is_not_joined_is_said_where_it_is_unused(tmp_path: Path) -> None:
    folder = dated(tmp_path / "toy", [3, 30, 60, 90, 110])
    pl.DataFrame({"column": ["x"], "means": ["a number"]}).write_csv(folder / "columns_description.csv")
    (told,) = [f.message for f in of(findings(folder), "unused")]
    assert told.startswith("holidays.csv is not used: it covers")


# ---------------------------------------------------------------- figures


def test_the_noise_of_rare_labels_is_not_that_of_certain_zeros() -> None:
    labels = (np.random.default_rng(0).random((400, 4)) < 0.14).astype(np.float64)
    floor = noise_floor(metrics.get("log_loss"), Truth(None, labels), 400)
    assert 0.002 < floor < 0.05


def test_an_auc_below_a_half_is_explained() -> None:
    why = Drift(0.35, 0.03, (), 700, 3).evidence().why
    assert "no drift in 3 features (below 0.5 is chance too" in why
    assert "below 0.5" not in Drift(0.47, 0.03, (), 700, 3).evidence().why


# ---------------------------------------------------------------- a metric of one's own


def test_a_naive_metric_gets_one_number_a_row(tmp_path: Path) -> None:
    """`truth - prediction` of (n,) and (n, 1) would be a matrix of all pairs, and a score of nothing."""
    file = tmp_path / "metric.py"
    file.write_text(
        'import numpy as np\nDIRECTION = "lower"\n'
        "def score(truth, prediction):\n    return np.mean(np.abs(truth - prediction))\n",
        "utf-8",
    )
    truth, prediction = np.arange(50.0), np.arange(50.0) + 0.25
    metric = metrics.get(str(file))
    assert metric.function(truth, prediction[:, None]) == pytest.approx(0.25)
    assert metric.function(truth[:, None], prediction[:, None]) == pytest.approx(0.25)
    both = np.column_stack([truth, truth])
    assert metric.function(both, both + 1) == pytest.approx(1.0), "several columns stay several"


def test_a_metric_without_bounds_is_never_perfect(tmp_path: Path) -> None:
    file = tmp_path / "metric.py"
    file.write_text('DIRECTION = "higher"\ndef score(truth, prediction):\n    return 0.0\n', "utf-8")
    metric = metrics.get(str(file))
    assert math.isinf(metric.optimum)
    scored = Scored(0.7, 0.02, (0.7, 0.72, 0.68, 0.69, 0.71), metric.name)
    assert not [f for f in alarms(scored) if f.check == "perfect"]
    assert not [f for f in alarms(scored, Scored(0.5, 0.02, (), metric.name)) if f.check == "perfect"]


def test_a_metric_that_states_no_task_scores_numbers(tmp_path: Path) -> None:
    train, test = frames()
    numbers = train.with_columns(y=(pl.col("x") * 3 + 0.125))
    source = 'import numpy as np\nDIRECTION = "lower"\ndef score(t, p):\n    return np.sqrt(np.mean((t - p) ** 2))\n'
    for name, table in (
        ("fractions", numbers),
        ("counts", numbers.with_columns(pl.int_range(pl.len()).alias("y") % 40)),
    ):
        folder = write(tmp_path / name, table, test, metric=None)
        (folder / "metric.py").write_text(source, "utf-8")
        assert intake(folder, {"metric": "metric.py"}).task_type == "regression"
    few = write(tmp_path / "few", train, test, metric=None)
    (few / "metric.py").write_text(source, "utf-8")
    assert intake(few, {"metric": "metric.py"}).task_type == "binary_classification", "0 and 1 stay labels"


# ---------------------------------------------------------------- ids, tables, paths


def test_ids_written_as_floats_meet_the_sample(tmp_path: Path) -> None:
    train, test = frames()
    floats = [frame.with_columns(pl.col("id").cast(pl.Float64)) for frame in (train, test)]
    folder = write(tmp_path / "toy", *floats, sample=test.select("id", y=pl.lit(0.5)))
    source = source_of(folder)
    assert source.test["id"].to_list() == [str(i) for i in test["id"]]
    assert source.train["id"].to_list() == [str(i) for i in train["id"]]
    assert intake(folder).id_column == "id"
    assert any("ids are written like" in notice for notice in source.notices)


def test_an_unlabelled_train_table_is_left_alone(tmp_path: Path) -> None:
    folder = toy(tmp_path / "toy")
    (folder / "train.csv").rename(folder / "labeledTrainData.csv")
    frames(seed=3)[0].drop("y").write_csv(folder / "unlabeledTrainData.csv")
    assert intake(folder).train_file == "labeledTrainData.csv"
    (folder / "sample_submission.csv").unlink()
    assert "several train tables" in refusal(folder), "without a sample nobody knows what is asked"


def test_a_sample_of_the_form_alone_is_told_apart(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train, test, sample=test.head(5).select("id", y=pl.lit(0.5)))
    assert "where the sample shows the form alone, move it away" in refusal(folder)
    (folder / "sample_submission.csv").unlink()
    assert intake(folder).submission_columns == ("id", "y")


def test_a_data_dir_as_written_on_windows(tmp_path: Path) -> None:
    toy(tmp_path / "home" / "competition" / "data")
    assert intake(tmp_path / "home", {"data_dir": ".\\competition\\data"}).target_columns == ("y",)


# ---------------------------------------------------------------- columns and cells


@pytest.mark.parametrize(
    ("values", "clean"),
    [
        (["$50,000", "$1,200"], [50000.0, 1200.0]),
        (["12.5%", "n/a"], [12.5, None]),
        (["1,5 €", "-2,5 €"], [1.5, -2.5]),
        (["1/31/21", "2/1/21"], [datetime.datetime(2021, 1, 31), datetime.datetime(2021, 2, 1)]),
        (["31.12.2023", "1.1.2024"], [datetime.datetime(2023, 12, 31), datetime.datetime(2024, 1, 1)]),
        (["31-12-2023 10:00", "01-01-2024 09:30"], [datetime.datetime(2023, 12, 31, 10), datetime.datetime(2024, 1, 1, 9, 30)]),
        (["1.2.3", "4.5.16"], ["1.2.3", "4.5.16"]),  # versions
        (["007", "011"], ["007", "011"]),  # codes
        (["5$ or 6$", "7$ or 8$"], ["5$ or 6$", "7$ or 8$"]),
    ],
)  # fmt: skip
def test_money_shares_and_dates_as_people_write_them(values: list[str], clean: list[object]) -> None:
    series = pl.Series("a", values)
    assert cast(series, learn_type(series)).to_list() == clean


def test_one_cell_cannot_hold_probabilities_of_three_classes(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train.with_columns(y=pl.int_range(pl.len()) % 3), test)
    assert "a column for each of 0, 1, 2; found y" in refusal(folder)
    assert intake(folder, {"metric": "accuracy"}).submission_kind == "label"


def test_a_column_in_another_case_is_named(tmp_path: Path) -> None:
    train, test = frames()
    folder = write(tmp_path / "toy", train.rename({"x": "X "}), test, sample=test.select("id", y=pl.lit(0.5)))
    assert "test has column 'x' that train lacks" in refusal(folder)
    assert "train spells it 'X ': rename one of them" in refusal(folder)
