"""MLE-bench: prepared folders in, submissions and grading reports out; answers opened by the grader alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import crash_records
from hypothesis import given
from hypothesis import strategies as st

from podium.arena.making import create
from podium.campaign import apart
from podium.cli import main
from podium.errors import UserError
from podium.execution import confine, sandbox
from podium.execution.program import parts
from podium.platforms import mlebench
from podium.platforms.mlebench import medals
from podium.platforms.mlebench.grading import by_metric
from podium.records import Competition
from podium.testing import chaos

AGENT = Path(__file__).parents[1] / "agents" / "mlebench"
CANARY = "canary-5d1f"
# stands in for `podium run`: notes what it was given, then behaves as the competition's name says
RUN = """
import json, os, sys
from pathlib import Path
public, campaign = Path(sys.argv[2]), Path(sys.argv[4])
with open({log!r}, "a") as log:
    print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]), file=log)
if "stops" in public.parent.name and not Path({go!r}).exists():
    raise SystemExit(130)
if "fails" in public.parent.name:
    print("podium: no solutions of this kind are built in", file=sys.stderr)
    raise SystemExit(2)
campaign.mkdir(exist_ok=True)
(campaign / "submission.csv").write_text((public / "sample_submission.csv").read_text())
print(json.dumps(dict(score=0.5, stderr=0.1)))
"""


def prepared(data: Path, name: str, n: int = 60, seed: int = 0, answers_seed: int | None = None) -> Path:
    """`<data>/<name>/prepared/{public,private}` of a generated contest."""
    home = data / name / "prepared"
    public = create(
        data / ".made" / name, crash_records(n, seed), title="Crashes", target="died", metric="auc",
        task_type="binary_classification",
    )  # fmt: skip
    home.mkdir(parents=True)
    public.rename(home / "public")
    answers = pl.read_csv(public.parent / "private" / "answers.csv").drop("split")
    if answers_seed is not None:
        rng = np.random.default_rng(answers_seed)
        answers = answers.with_columns(pl.Series("died", rng.permutation(answers["died"].to_numpy())))
    (home / "private").mkdir()
    answers.with_columns(pl.lit(CANARY).alias("mark")).write_csv(home / "private" / "test.csv")
    shutil.rmtree(data / ".made")
    return data / name


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in of `podium run` notes its calls."""
    log, script = tmp_path / "calls.jsonl", tmp_path / "run.py"
    script.write_text(RUN.format(log=str(log), go=str(tmp_path / "go")))
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, str(script)))
    return log


def called(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def bench(*arguments: object) -> int:
    return main.main(["bench", *map(str, arguments)])


# ---------------------------------------------------------------- medals


@pytest.mark.parametrize(
    ("teams", "places"),
    [
        (1, (1, 1, 1)),
        (9, (1, 1, 3)),
        (99, (9, 19, 39)),
        (100, (10, 20, 40)),
        (249, (10, 49, 99)),
        (250, (10, 50, 100)),
        (999, (11, 50, 100)),
        (1000, (12, 50, 100)),
        (4500, (19, 225, 450)),
    ],
)
def test_the_places_that_earn_medals(teams: int, places: tuple[int, int, int]) -> None:
    assert medals.positions(teams) == places


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=400, unique=True), st.booleans(), st.floats(-1e3, 1e3))
def test_medals_follow_the_leaderboard(scores: list[float], lower: bool, score: float) -> None:
    board = sorted(scores, reverse=not lower)
    found = mlebench.of_leaderboard(board)
    assert found.lower_is_better == lower
    place = 1 + sum(one < score if lower else one > score for one in board)
    gold, silver, bronze = medals.positions(len(board))
    expected = "gold" if place <= gold else "silver" if place <= silver else "bronze" if place <= bronze else None
    assert found.medal(score) == expected


def test_a_leaderboard_beside_comes_before_given_thresholds(tmp_path: Path) -> None:
    home = tmp_path / "crashes"
    (home / "public").mkdir(parents=True)
    (one,) = mlebench.find(home)
    assert mlebench.known(one) is None
    thresholds = {"gold": 0.9, "silver": 0.8, "bronze": None, "median": 0.5}
    (home / "meta.json").write_text(json.dumps({"higher_is_better": True, "thresholds": thresholds}))
    assert mlebench.known(one) == mlebench.Thresholds(0.9, 0.8, None, 0.5, False)
    (home / "leaderboard.csv").write_text("team,score\na,0.1\nb,0.2\nc,0.3\n")
    assert mlebench.known(one) == mlebench.Thresholds(0.1, 0.1, 0.1, 0.2, True)
    boards = tmp_path / "boards" / "crashes"
    boards.mkdir(parents=True)
    (boards / "leaderboard.csv").write_text("score\n3\n2\n1\n")
    assert mlebench.known(one, tmp_path / "boards") == mlebench.Thresholds(3, 3, 3, 2, False)
    (home / "leaderboard.csv").write_text("team,points\na,1\n")
    with pytest.raises(UserError, match="a column `score`"):
        mlebench.known(one)


# ---------------------------------------------------------------- folders


def test_a_competition_is_found_however_it_is_named(tmp_path: Path) -> None:
    home = prepared(tmp_path / "data", "crashes")
    named = [tmp_path / "data", home, home / "prepared", home / "prepared" / "public"]
    assert {mlebench.find(path)[0] for path in named} == {
        mlebench.Prepared("crashes", home, home / "prepared" / "public")
    }
    with pytest.raises(UserError, match="no prepared competition"):
        mlebench.find(home / "prepared" / "private")
    with pytest.raises(UserError, match="no such folder"):
        mlebench.find(tmp_path / "nowhere")


def test_a_prepared_folder_names_its_competition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = prepared(tmp_path, "crash-survival", n=200)
    monkeypatch.chdir(tmp_path)
    assert main.main(["init", str(home / "prepared" / "public")]) == 0
    config = json.loads((tmp_path / "campaigns" / "crash-survival" / "config.json").read_text())
    assert config["competition"] == "crash-survival"


def test_a_folder_with_answers_in_it_is_not_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = prepared(tmp_path, "crashes")
    for folder in (home, home / "prepared"):
        assert main.main(["run", str(folder), "--campaign", str(tmp_path / "campaign"), "--experiments", "1"]) == 2
        assert f"use {home / 'prepared' / 'public'}" in capsys.readouterr().err
    assert not (tmp_path / "campaign").exists()


# ---------------------------------------------------------------- the bench


def test_a_campaign_is_given_the_public_files_alone(tmp_path: Path, calls: Path) -> None:
    home = prepared(tmp_path / "data", "crashes")
    out = tmp_path / "out"
    assert bench("mle", home, "--out", out, "--time", "90s", "--run", "--threads 1") == 0
    ((argv, environment, _),) = called(calls)
    place = out.resolve() / "crashes"
    assert argv == ["run", str(place / "public"), "--campaign", str(place / "campaign"), "--time", "90s", "--threads", "1",
                    "--json"]  # fmt: skip
    assert environment["PODIUM_HOME"] == ""
    assert not any("private" in text or str(home) in text for text in [*argv, *environment.values()])
    assert {path.name for path in (place / "public").iterdir()} == {
        path.name for path in (home / "prepared/public").iterdir()
    }
    assert not any(CANARY in path.read_text() for path in out.rglob("*") if path.is_file())
    assert not any(path.is_symlink() for path in out.rglob("*"))


def test_the_copy_may_not_lie_beside_the_answers(
    tmp_path: Path, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = prepared(tmp_path / "data", "crashes")
    assert bench("mle", home, "--out", home / "prepared") == 2
    assert "away from its answers" in capsys.readouterr().err and not calls.exists()


def test_what_has_ended_is_not_played_again(tmp_path: Path, calls: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    for name in ("a-first", "b-stops", "c-fails"):
        prepared(data, name)
    assert bench("mle", data, "--out", out) == 130
    assert [Path(argv[1]).parent.name for argv, *_ in called(calls)] == ["a-first", "b-stops"]
    assert not (out / "b-stops" / "ended.json").exists()
    (tmp_path / "go").touch()
    assert bench("mle", data, "--out", out) == 0
    assert [Path(argv[1]).parent.name for argv, *_ in called(calls)[2:]] == ["b-stops", "c-fails"]
    assert bench("mle", data, "--out", out) == 0
    assert [Path(argv[1]).parent.name for argv, *_ in called(calls)[4:]] == ["c-fails"]  # it might go well now
    lines = [json.loads(line) for line in (out / "submissions.jsonl").read_text().splitlines()]
    assert [line["competition_id"] for line in lines] == ["a-first", "b-stops", "c-fails"]
    assert lines[2]["submission_path"] is None and Path(lines[0]["submission_path"]).is_file()


def test_nobody_is_graded_before_all_have_ended(
    tmp_path: Path, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = prepared(tmp_path / "data", "crashes"), prepared(tmp_path / "data", "b-stops")
    assert bench("mle", first, second, "--out", tmp_path / "out") == 130
    assert bench("grade", first, second, "--out", tmp_path / "out") == 2
    assert "has not ended" in capsys.readouterr().err
    assert not (tmp_path / "out" / "grading_report.json").exists()


def test_grading_is_another_process_after_the_last_campaign(
    tmp_path: Path, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By `grade.py`, which notes who ran it; medals by the leaderboard beside it; the report has MLE-bench's fields."""
    home, other = prepared(tmp_path / "data", "crashes"), prepared(tmp_path / "data", "d-fails")
    grader = f"""
        import json, os, pathlib, sys
        pathlib.Path({str(tmp_path / "graded")!r}).write_text(f"{{os.getppid()}} {{len(open({str(calls)!r}).readlines())}}")
        print(json.dumps(dict(score=0.7123456, valid=pathlib.Path(sys.argv[1]).is_file(), medal=None)))
    """
    for folder in (home, other):
        (folder / "grade.py").write_text(textwrap.dedent(grader))
    (home / "leaderboard.csv").write_text("score\n" + "\n".join(f"{0.8 - 0.01 * i:.2f}" for i in range(50)) + "\n")
    assert bench("mle", tmp_path / "data", "--out", tmp_path / "out", "--grade", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    process, played = (tmp_path / "graded").read_text().split()
    assert int(process) != os.getpid() and int(played) == 2
    report = json.loads((tmp_path / "out" / "grading_report.json").read_text())
    assert report == {key: told["grading"][key] for key in report}
    assert (report["total_runs"], report["total_runs_with_submissions"], report["total_medals"]) == (2, 1, 1)
    first, second = report["competition_reports"]
    assert first["score"] == 0.71235 and first["silver_medal"] and not first["gold_medal"] and first["above_median"]
    assert first["gold_threshold"] == 0.76 and first["is_lower_better"] is False and first["valid_submission"]
    assert second["submission_path"] is None and second["score"] is None and second["graded_by"] == ""
    page = (tmp_path / "out" / "grading.html").read_text()
    assert "silver" in page and "<script" not in page


def test_a_grader_that_breaks_is_told_of(tmp_path: Path) -> None:
    home = prepared(tmp_path / "data", "crashes")
    (home / "grade.py").write_text("raise RuntimeError('no answers')\n")
    (one,) = mlebench.find(home)
    found = mlebench.grade(one, one.public / "sample_submission.csv", None)
    assert found.score is None and not found.valid_submission and "RuntimeError: no answers" in found.message


def competition(**changes: Any) -> Competition:
    values: dict[str, Any] = {
        "competition": "x", "data_dir": "", "task_type": "multiclass_classification", "metric": "log_loss",
        "metric_direction": "lower", "target_columns": ("author",), "id_column": "id",
        "submission_columns": ("id", "A", "B", "C"), "submission_kind": "probability", "classes": ("A", "B", "C"),
    }  # fmt: skip
    return Competition(**{**values, **changes})


def test_answers_may_have_the_submission_s_shape(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("id,A,B,C\nn1,0,1,0\nn2,1,0,0\n")
    (tmp_path / "sub.csv").write_text("id,A,B,C\nn2,0.8,0.1,0.1\nn1,0.25,0.5,0.25\n")
    expected = -(np.log(0.8) + np.log(0.5)) / 2
    assert by_metric(tmp_path, tmp_path / "sub.csv", competition()) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id,y\n1,2\n2,3\n", "another header"),
        ("id,value\n1,2\n3,3\n", "other ids"),
        ("id,value\n1,2\n2,many\n", "no finite number"),
    ],
)
def test_an_invalid_submission_has_no_score(tmp_path: Path, text: str, why: str) -> None:
    asked = competition(
        task_type="regression", metric="rmse", target_columns=("value",), submission_columns=("id", "value"),
        submission_kind="value", classes=(),
    )  # fmt: skip
    home = tmp_path / "x"
    (home / "private").mkdir(parents=True)
    (home / "public").mkdir()
    (home / "private" / "answers.csv").write_text("id,value,more\n1,2.0,a\n2,5.0,b\n")
    (tmp_path / "sub.csv").write_text(text)
    (one,) = mlebench.find(home)
    found = mlebench.grade(one, tmp_path / "sub.csv", asked)
    assert found.score is None and found.submission_exists and why in found.message
    (tmp_path / "sub.csv").write_text("id,value\n2,4\n1,2\n")
    assert mlebench.grade(one, tmp_path / "sub.csv", asked).score == pytest.approx(np.sqrt(0.5), abs=1e-5)


def test_neither_solutions_nor_confined_seats_can_open_the_answers(tmp_path: Path) -> None:
    """Not even by their path, which nobody tells them: neither world holds it."""
    if sandbox.measured_level() != "bubblewrap":
        pytest.skip("needs bubblewrap")
    file = prepared(tmp_path, "crashes") / "prepared" / "private" / "test.csv"
    code = f"print(open({str(file)!r}).read())"
    argv = sandbox.command("bubblewrap", [sys.executable, "-c", code])
    solution = subprocess.run(argv, env=sandbox.environment("bubblewrap"), capture_output=True, text=True, check=False)
    cell = confine.Cell(parts(Path(sys.executable)), ("-c", code), tmp_path / "work", tmp_path / "home")
    cell.work.mkdir()
    cell.home.mkdir()
    seat = confine.run(confine.command(cell), confine.environment(cell), cell.work, "", 20, 10_000)
    for out, err in ((solution.stdout, solution.stderr), (seat.out, seat.err)):
        assert "FileNotFoundError" in err and CANARY not in out + err


def test_a_campaign_that_outlived_its_bench_is_waited_for(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`podium run` says by exit code 4 that another engine is at work."""
    monkeypatch.setattr(apart, "POLL_S", 0.01)
    script = Path(apart.COMMAND[1])
    busy = f"""
import pathlib
busy = pathlib.Path({str(tmp_path / "busy")!r})
if busy.exists():
    busy.unlink()
    raise SystemExit(4)
"""
    script.write_text(busy + script.read_text())
    (tmp_path / "busy").touch()
    found = apart.play(prepared(tmp_path / "data", "crashes") / "prepared" / "public", tmp_path / "out", [])
    assert found.code == 0 and not (tmp_path / "busy").exists() and len(called(calls)) == 1


@pytest.mark.slow
def test_the_same_campaign_with_other_answers_exports_equally(tmp_path: Path) -> None:
    """And nothing that it wrote holds an answer, or the way to them."""
    exports, scores = [], []
    for name, seed in (("one", None), ("two", 5)):
        home = prepared(tmp_path / name / "data", "crashes", n=240, answers_seed=seed)
        out = tmp_path / name / "out"
        assert bench("mle", home, "--experiments", 1, "--run", "--threads 1", "--out", out, "--grade") == 0
        exports.append(chaos.export(out / "crashes" / "campaign"))
        scores.append(json.loads((out / "grading_report.json").read_text())["competition_reports"][0]["score"])
        texts = [file.read_bytes() for file in (out / "crashes").rglob("*") if file.is_file()]
        assert not any(CANARY.encode() in text or str(home).encode() in text for text in texts)
    assert exports[0] == exports[1]
    assert scores[0] != scores[1]


# ---------------------------------------------------------------- the agent's folder


def test_the_agent_s_folder_has_what_the_harness_asks_for() -> None:
    docker, start = (AGENT / "Dockerfile").read_text(), (AGENT / "start.sh").read_text()
    assert docker.startswith("FROM mlebench-env\n")
    for name in ("SUBMISSION_DIR", "LOGS_DIR", "CODE_DIR", "AGENT_DIR"):
        assert f"ARG {name}\nENV {name}=${{{name}}}\n" in docker and f"${{{name}:-" in start
    assert "USER " not in docker and "ENTRYPOINT" not in docker  # the harness starts it as root, and has its own
    assert "COMPETITION_ID" in start and "TIME_LIMIT_SECS" in start and "/private" not in start
    assert subprocess.run(["bash", "-n", str(AGENT / "start.sh")], check=False).returncode == 0


def test_the_agent_s_config_is_what_the_registry_reads() -> None:
    yaml = pytest.importorskip("yaml")
    held = yaml.safe_load((AGENT / "config.yaml").read_text())
    agents = {name: agent for name, agent in held.items() if name.startswith("podium")}
    assert "podium" in agents
    for agent in agents.values():
        assert (agent["start"], agent["dockerfile"]) == ("podium/start.sh", "podium/Dockerfile")
        assert agent.get("kwargs", {}) == {} or agent["kwargs_type"] == "argparse"
        keys = {k: v for k, v in agent["env_vars"].items() if "KEY" in k}
        assert all(value == f"${{{{ secrets.{key} }}}}" for key, value in keys.items())


def test_no_credential_lies_in_the_agent_s_folder() -> None:
    from podium.campaign.bundle import SECRET_LOOK

    for file in AGENT.rglob("*"):
        assert not file.is_file() or not SECRET_LOOK.search(file.read_text()), file


def test_the_start_script_plays_on_a_home_of_its_own(tmp_path: Path) -> None:
    """The harness's /home, with a stand-in of podium that hands in early, is too slow, and is interrupted."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data" / "sample_submission.csv").write_text("id,y\n1,0\n")
    (home / "validate_submission.sh").write_text(f'cat "$1" > {tmp_path}/validated\n')
    podium = tmp_path / "podium"
    podium.write_text(
        textwrap.dedent(f"""\
        #!/bin/bash
        if [ "$1" = doctor ]; then echo level; exit 0; fi
        printf '%s\\n' "$@" > {tmp_path}/argv
        mkdir -p "$4/runs/E001"; echo "import polars" > "$4/runs/E001/solution.py"
        cp "$2/sample_submission.csv" "$4/submission.csv"; echo "{{}}" > "$4/config.json"
        trap 'echo interrupted >&2; exit 130' INT
        for i in $(seq 100); do sleep 0.1; done
        """)
    )
    podium.chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"], "HOME_DIR": str(home), "PODIUM": str(podium), "COMPETITION_ID": "crashes",
        "TIME_LIMIT_SECS": "1", "MARGIN_SECS": "0", "POLL_SECS": "0.1",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", str(AGENT / "start.sh"), "--money", "3"], env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 130 and "interrupted" in done.stdout
    argv = (tmp_path / "argv").read_text().split()
    assert argv[:2] == ["run", str(home / "data")] and argv[-2:] == ["--money", "3"]
    assert "competition=crashes" in argv and argv[argv.index("--time") + 1] == "1s"
    assert (home / "submission" / "submission.csv").read_text() == "id,y\n1,0\n" == (tmp_path / "validated").read_text()
    assert (home / "code" / "E001.py").is_file() and (home / "logs" / "doctor.txt").read_text() == "level\n"
