"""What the user brings: predictions as an untrusted pool, notes, a script, a scraper; deadline and quota."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from engine_world import engine_of, telling
from intake_competitions import toy
from typer.testing import CliRunner

from podium.campaign import briefs, knowledge, loop, untrusted
from podium.campaign.engine import Engine
from podium.campaign.imports import pairs
from podium.campaign.submission import allowance, waiting
from podium.campaign.submission.filing import submission_frame
from podium.cli import making
from podium.cli.main import app
from podium.competition import intake
from podium.competition.brought import apart
from podium.competition.folder import look
from podium.errors import IntakeError, InvalidPredictions, UserError
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.report.page import write_report
from podium.report.snapshot import snapshot

N_TRAIN, N_TEST = 200, 40
SCRIPT = '"""Mine."""\n\n\ndef fit(train, ctx):\n    return None\n\n\ndef predict(model, rows, ctx):\n    return None\n'


def competition(folder: Path, **keys: Any) -> Path:
    toy(folder, n=N_TRAIN, n_test=N_TEST)
    (folder / "config.json").write_text(json.dumps({"cv_folds": 3, **keys}))
    return folder


def begin(folder: Path, campaign: Path, experiments: int | None = 3, time_s: float | None = None) -> Path:
    return making.open_or_create(str(folder), campaign=campaign, experiments=experiments, time_s=time_s, threads=2)


def play(campaign: Path) -> Engine:
    engine = engine_of(campaign)
    engine.executor.predictions = telling(engine)  # type: ignore[attr-defined]
    assert loop.play(engine) == campaign / "submission.csv"
    return engine


def guesses(folder: Path, seed: int = 0, skill: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """OOF in the order of train.csv that know the labels a little, and test predictions that are their row's number."""
    rng = np.random.default_rng(seed)
    truth = pl.read_csv(folder / "train.csv")["y"].to_numpy()
    return (1 - skill) * rng.random(N_TRAIN) + skill * truth * rng.random(N_TRAIN), np.arange(N_TEST) / 100


def bring(folder: Path, **files: np.ndarray) -> Path:
    (folder / "oof").mkdir(exist_ok=True)
    for name, values in files.items():
        np.save(folder / "oof" / f"{name}.npy", values)
    return folder


# ---------------------------------------------------------------- predictions


def test_pairs_are_found_by_name(tmp_path: Path) -> None:
    for name in ("R03_oof.npy", "R03_test.npy", "oof_lgb.csv", "test_lgb.csv", "oof.npy", "x-oof.parquet", "notes.md",
                 "a_test.npy", "proof.npy", "latest.csv"):  # fmt: skip
        (tmp_path / name).write_bytes(b"")
    assert [(p.name, p.oof is not None, p.test is not None) for p in pairs(tmp_path)] == [
        ("R03", True, True), ("a", False, True), ("lgb", True, True), ("predictions", True, False), ("x", True, False),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["npy", "csv by id", "csv by row", "parquet", "two columns"])
def test_rows_are_matched(tmp_path: Path, form: str) -> None:
    """Whatever the form, a row's prediction comes out at that row: the engine deals rows in an order of its own."""
    folder = bring(competition(tmp_path / "toy", existing_oof_dir="oof"))
    oof, test = guesses(folder)
    for name, values, table in (("oof", oof, "train"), ("test", test, "test")):
        frame = pl.read_csv(folder / f"{table}.csv").select("id").with_columns(pl.Series("pred", values))
        to = folder / "oof" / f"m_{name}"
        if form == "npy":
            np.save(to.with_suffix(".npy"), values)
        elif form == "two columns":
            np.save(to.with_suffix(".npy"), np.column_stack([1 - values, values]))
        elif form == "csv by id":
            frame.sample(fraction=1.0, shuffle=True, seed=3).write_csv(to.with_suffix(".csv"))
        elif form == "csv by row":
            frame.select("pred").write_csv(to.with_suffix(".csv"))
        else:
            frame.sample(fraction=1.0, shuffle=True, seed=3).write_parquet(to.with_suffix(".parquet"))
    engine = engine_of(begin(folder, tmp_path / "c"))
    (member,) = engine.registry.imported.all()
    assert (member.id, member.state) == ("X001", "pooled"), member.message
    ids = engine.dataset.ids(engine.dataset.train[engine.store.scored])
    by_id = dict(zip(pl.read_csv(folder / "train.csv")["id"].cast(pl.String), oof, strict=True))
    assert ids is not None
    assert engine.store.oof("X001")[:, 0] == pytest.approx([by_id[id_] for id_ in ids])
    assert engine.store.holdout("X001")[:N_TEST, 0] == pytest.approx(test)
    assert member.score == pytest.approx(engine.task.score_raw(engine.truth, engine.store.oof("X001"), engine.fold_of))
    engine.registry.close()


def test_what_does_not_fit_is_told_in_one_line_each(tmp_path: Path) -> None:
    folder = competition(tmp_path / "toy", existing_oof_dir="oof")
    oof, test = guesses(folder)
    hole = oof.copy()
    hole[7] = np.nan
    truth = pl.read_csv(folder / "train.csv")["y"].to_numpy().astype(float)
    bring(folder, a_oof=oof[1:], a_test=test, b_oof=hole, b_test=test, c_oof=np.tile(oof, (3, 1)).T, c_test=test,
          d_oof=oof, e_oof=5 * oof, e_test=test, f_oof=truth, f_test=test, g_oof=oof, g_test=test[2:],
          h_oof=np.array(["x"] * N_TRAIN), h_test=test)  # fmt: skip
    frame = pl.read_csv(folder / "train.csv").select("id").with_columns(p=pl.Series(oof))
    frame.head(150).write_csv(folder / "oof" / "i_oof.csv")
    frame.with_columns(id=pl.lit(5)).write_csv(folder / "oof" / "j_oof.csv")
    for name in ("i", "j"):
        np.save(folder / "oof" / f"{name}_test.npy", test)
    (folder / "oof" / "k_oof.npy").write_bytes(b"no array at all")
    np.save(folder / "oof" / "k_test.npy", test)
    now = snapshot(begin(folder, tmp_path / "c"))
    told = {member["name"]: member["message"] for member in now["imported"]["members"]}
    for name, words in {
        "a": "expected 200 training rows; found 199", "b": "1 rows without, the first is row 8", "c": "(200, 1)",
        "d": "found no test file", "e": "probabilities in [0, 1]", "f": "holds the labels, or saw them",
        "g": "expected 40 test rows; found 38", "h": "expected numbers", "i": "50 missing", "j": "'5' twice",
        "k": "expected a NumPy array",
    }.items():  # fmt: skip
        assert words in told[name], (name, told[name])
        assert "\n" not in told[name] and sum(f"imported {name} is not used" in n for n in now["notices"]) == 1
    assert not any(member["state"] == "pooled" for member in now["imported"]["members"])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Engine]:
    """A finished campaign with strong predictions brought along: left out of submissions, and blended into them."""
    made: dict[bool, Path] = {}

    def engine(use: bool) -> Engine:
        if use not in made:
            root = tmp_path_factory.mktemp("pool")
            folder = competition(root / "toy", existing_oof_dir="oof", use_imported=use)
            oof, test = guesses(folder, skill=0.8)
            bring(folder, strong_oof=oof, strong_test=test)
            played = play(begin(folder, root / "c"))
            played.registry.close()
            made[use] = root / "c"
        return engine_of(made[use])

    return engine


def test_the_pool_stays_outside_the_honest_estimate(two: Callable[[bool], Engine]) -> None:
    without, using = two(False), two(True)
    rows = [engine.registry.blends.newest() for engine in (without, using)]
    assert [r.score for r in rows[0]] == [r.score for r in rows[1]], "the estimate is of trusted members, asked or not"
    assert all(not name.startswith("X") for blends in rows for row in blends for name in row.weights)
    beside = without.registry.imported.blend(rows[0][-1].round)
    assert beside is not None and "X001" in beside.weights
    assert without.task.gain(beside.score, rows[0][-1].score) > 0, "a strong pool adds, and it is shown beside"
    sent = [engine.registry.submissions.all()[-1] for engine in (without, using)]
    assert sent[0].expected == sent[1].expected == rows[0][-1].score
    files = [(engine.campaign / "submission.csv").read_text() for engine in (without, using)]
    assert files[0] != files[1], "submissions hold the pool only where it was asked for"
    assert untrusted.to_send(without, rows[0][-1]) is rows[0][-1]
    for engine in (without, using):
        engine.registry.close()


def test_the_pool_is_shown(two: Callable[[bool], Engine]) -> None:
    engine = two(False)
    engine.registry.close()
    now = snapshot(engine.campaign)
    assert now["imported"]["members"][0]["name"] == "strong" and now["imported"]["blend"]["weights"]["X001"] > 0
    assert any("untrusted" in notice and "leave them out" in notice for notice in now["notices"])
    assert "nobody can vouch for" in write_report(engine.campaign).read_text()


def test_an_edited_import_is_refused(two: Callable[[bool], Engine], tmp_path: Path) -> None:
    engine = two(True)
    row: BlendRow = engine.registry.blends.newest()[-1]
    path = engine.campaign / "imported" / "X001_holdout.npy"
    data = path.read_bytes()
    try:
        path.write_bytes(data[:-8] + b"\0" * 8)
        with pytest.raises(InvalidPredictions, match="is not the file that was imported"):
            submission_frame(engine, row)
    finally:
        path.write_bytes(data)
        engine.registry.close()


def test_what_is_brought_is_no_data(tmp_path: Path) -> None:
    """Predictions with the ids of train and test beside the data would else be a table to join: a leak of their own."""
    keys = {"existing_oof_dir": "oof", "knowledge_files": "notes.md"}
    folder = bring(competition(tmp_path / "toy", **keys), a_oof=np.zeros(3))
    (folder / "oof" / "all.csv").write_text("id,p\n1,0.5\n")
    (folder / "notes.md").write_text("# Evaluation\n\nScored by RMSE.\n")
    found, left = look(folder), apart(look(folder), folder, keys)
    assert set(found.tables) - set(left.tables) == {"oof/all.csv"}
    assert set(found.texts) - set(left.texts) == {"notes.md"} and "oof" not in left.attached
    assert intake(folder).metric == "auc"


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    folder = bring(competition(tmp_path / "toy", existing_oof_dir="oof"))
    assert any("holds no pair" in notice for notice in snapshot(begin(folder, tmp_path / "c"))["notices"])


# ---------------------------------------------------------------- notes, script, scraper


def test_notes_are_copied_and_named_in_briefs(tmp_path: Path) -> None:
    folder = competition(
        tmp_path / "toy", knowledge_files=["notes.md", "more/notes.md"], best_pipeline_script="best.py"
    )
    (folder / "more").mkdir()
    (folder / "notes.md").write_text("# One\n")
    (folder / "more" / "notes.md").write_text("two words\n")
    (folder / "best.py").write_text("print('not a solution')\n")
    engine = engine_of(begin(folder, tmp_path / "c"))
    assert (engine.campaign / "knowledge" / "2_notes.md").read_text() == "two words\n"
    for phase, role in (("research", "researcher"), ("plan", "builder"), ("review", "reviewer")):
        reads = briefs.brief(engine, 1, phase, role).reads  # type: ignore[arg-type]
        assert {"knowledge/notes.md", "knowledge/2_notes.md"} <= set(reads), role
    assert "knowledge/best_pipeline.py" in briefs.brief(engine, 1, "build", "builder").reads
    engine.registry.close()
    told = " ".join(snapshot(engine.campaign)["notices"])
    assert "2 notes (4 words)" in told and "the built-in team does not" in told and "for the builder to read" in told


@pytest.mark.parametrize(
    ("source", "is_one"),
    [(SCRIPT, True), (SCRIPT.replace("(train, ctx)", "(X)"), False), ("def fit(", False), ("", False),
     (SCRIPT.replace("def predict", "def infer"), False)],
)  # fmt: skip
def test_what_is_a_solution(source: str, is_one: bool) -> None:
    assert knowledge.is_solution(source) is is_one


def test_the_users_script_is_an_experiment_of_round_1(tmp_path: Path) -> None:
    folder = competition(tmp_path / "toy", best_pipeline_script="best.py")
    (folder / "best.py").write_text(SCRIPT)
    engine = play(begin(folder, tmp_path / "c"))
    own = [e for e in engine.registry.experiments.of_round(1) if e.spec.family == knowledge.FAMILY]
    assert [(e.status, e.builtin) for e in own] == [("done", False)], "in the sandbox, as foreign code"
    assert (engine.campaign / "runs" / own[0].id / "solution.py").read_text() == SCRIPT
    engine.registry.close()


def test_a_scraper_is_run_with_leave_alone(tmp_path: Path) -> None:
    script = "from pathlib import Path\nPath('found.md').write_text('an idea')\nPath('x.bin').write_text('1')\n"
    for leave in (False, True):
        folder = competition(tmp_path / f"toy{leave}", scraper_path="scraper.py", run_scraper=leave)
        (folder / "scraper.py").write_text(script)
        campaign = begin(folder, tmp_path / f"c{leave}")
        found = campaign / "knowledge" / "scraped_found.md"
        assert found.is_file() is leave
        assert any("was not executed" in notice for notice in snapshot(campaign)["notices"]) is not leave
    assert not (tmp_path / "toyTrue" / "found.md").exists(), "it runs in a folder of its own"
    (tmp_path / "toyTrue" / "scraper.py").write_text("raise ValueError('blocked')")
    with pytest.raises(UserError, match=r"scraper.py failed; found ValueError: blocked"):
        begin(tmp_path / "toyTrue", tmp_path / "again")


@pytest.mark.parametrize(
    ("keys", "files", "says"),
    [
        ({"existing_oof_dir": "nowhere"}, {}, "no such folder"),
        ({"best_pipeline_script": "nowhere.py"}, {}, "no such file"),
        ({"scraper_path": "nowhere.py"}, {}, "no such file"),
        ({"knowledge_files": ["n.md"]}, {"n.md": b"\0\1"}, "is not text"),
        ({"knowledge_files": ["n.md"]}, {"n.md": b"\xff\xfe\xfa"}, "cannot read"),
        ({"knowledge_files": ["n.md"]}, {"n.md": b"x" * 300_000}, "too long"),
        ({"knowledge_files": ["n.md"] * 40}, {"n.md": b"x"}, "too many"),
        ({"knowledge_files": ["n.md"] * 6}, {"n.md": b"x" * 200_000}, "too long together"),
        ({"team": {"*": "nobody"}}, {}, "nobody"),
    ],
)
def test_what_cannot_be_brought_is_refused(
    tmp_path: Path, keys: dict[str, Any], files: dict[str, bytes], says: str
) -> None:
    folder = competition(tmp_path / "toy", **keys)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with pytest.raises(UserError, match=says):
        begin(folder, tmp_path / "c")
    assert not (tmp_path / "c" / "podium.db").exists()


def test_the_configs_team_is_the_campaigns(tmp_path: Path) -> None:
    registry = Registry.open(begin(competition(tmp_path / "toy", team={"*": "builtin"}), tmp_path / "c"))
    assert (registry.setting("options") or {})["team"] == {"*": "builtin"}
    registry.close()


def test_a_folder_and_its_config_are_one_competition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = competition(tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    made = making.open_or_create(str(folder / "config.json"), experiments=2, threads=2)
    assert made == tmp_path / "campaigns" / "toy"
    assert making.open_or_create(str(folder), threads=2) == made, "a resume, by the folder"
    assert making.open_or_create("toy/config.json", threads=2) == made


# ---------------------------------------------------------------- deadline and quota


def test_after_the_deadline_nothing_is_sent_and_the_file_is_there(tmp_path: Path) -> None:
    campaign = begin(competition(tmp_path / "toy", deadline="2020-02-29"), tmp_path / "c")
    assert snapshot(campaign)["notices"] == [
        "the deadline (2020-02-29 23:59 UTC) is over: nothing is sent any more, submission.csv is still written"
    ]
    engine = play(campaign)
    assert engine.registry.submissions.all() == [] and not list(campaign.glob("outbox/*"))
    assert pl.read_csv(campaign / "submission.csv").height == N_TEST
    engine.registry.close()
    shown = CliRunner().invoke(app, ["submit", str(campaign)])
    assert shown.exit_code == 0 and "waiting: the deadline (2020-02-29 23:59 UTC) is over" in shown.output
    assert sum("deadline" in notice for notice in snapshot(campaign)["notices"]) == 1, "said once"


def test_a_deadline_that_the_description_names_does_not_bind(tmp_path: Path) -> None:
    folder = competition(tmp_path / "toy")
    text = (folder / "description.md").read_text()
    (folder / "description.md").write_text(text + "\n## Timeline\n\nMarch 3, 2015 - Final submission deadline.\n")
    assert (intake(folder).deadline, intake(folder).brought.deadline) == ("2015-03-03", None)


def test_the_time_ends_before_the_deadline(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    campaign = begin(competition(tmp_path / "toy", deadline=soon), tmp_path / "c", None, 7200.0)
    registry = Registry.open(campaign)
    assert 1600 < (registry.setting("options") or {})["time_s"] <= 1740
    assert any("cut" in str(event.payload) for event in registry.events.newest(20))
    registry.close()
    again = begin(competition(tmp_path / "toy", deadline=soon), tmp_path / "c", None, 90_000.0)
    registry = Registry.open(again)
    assert (registry.setting("options") or {})["time_s"] <= 1740, "nor does an extension go beyond it"
    assert sum("cut from" in str(event.payload) for event in registry.events.newest(20)) == 2, "said each time"
    registry.close()


@pytest.mark.parametrize(("quota", "sent"), [(0, 0), (1, 1), (2, 2)])
def test_a_days_quota_is_kept_and_its_last_is_the_ends(tmp_path: Path, quota: int, sent: int) -> None:
    campaign = begin(competition(tmp_path / "toy", max_submissions_per_day=quota), tmp_path / "c", 8)
    engine = engine_of(campaign)
    skills = iter((0.2, 0.5, 0.8, 0.9, 0.95, 0.97))
    engine.executor.predictions = telling(engine, next(skills))  # type: ignore[attr-defined]
    enter = engine.enter

    def improving(round_: int, phase: Any) -> None:
        if phase == "build":
            engine.executor.predictions = telling(engine, next(skills, 0.97))  # type: ignore[attr-defined]
        enter(round_, phase)

    engine.enter = improving  # type: ignore[method-assign]
    assert loop.play(engine) == campaign / "submission.csv"
    rows = engine.registry.submissions.all()
    assert len(rows) <= sent and allowance.made_today(engine.registry, time.time()) <= quota
    best = engine.registry.blends.best(higher_is_better=True)
    assert best is not None
    if quota:
        assert rows[-1].expected == best.score and waiting.find(engine.registry) is None
    else:
        held = waiting.find(engine.registry)
        assert held is not None and held.expected == best.score and "quota of 0" in held.reason
    engine.registry.close()


def test_nothing_is_brought_where_nothing_was_asked(tmp_path: Path) -> None:
    now = snapshot(begin(competition(tmp_path / "toy"), tmp_path / "c"))
    assert (now["imported"], now["proxy"], now["notices"]) == (None, None, [])
    with pytest.raises(IntakeError, match="no knowledge file"):
        intake(competition(tmp_path / "other", knowledge_files="a.md"))
