"""The arena's commands, and a campaign that takes part over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from still_arena import labelled

from podium.cli.main import main
from podium.platforms import arena_tokens


def podium(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """(exit code, the JSON document, stderr)."""
    capsys.readouterr()
    code = main(["arena", *arguments, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else None, said.err


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with one contest."""
    table = tmp_path / "table.csv"
    labelled().write_csv(table)
    folder = tmp_path / "data"
    create = ["create", "sick", "--from", str(table), "--target", "sick", "--metric", "auc", "--data", str(folder)]
    assert podium(capsys, *create)[0] == 0
    return folder


@contextmanager
def serving(data: Path, *options: str) -> Iterator[str]:
    """`podium arena serve` as a process of its own; gives its address."""
    argv = [sys.executable, "-m", "podium", "arena", "serve", "--data", str(data), "--port", "0", *options]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"--from": "nowhere.csv"}, "no such file"), ({"--target": "nothing"}, "no usable target"),
        ({"--metric": "aucc"}, "not known"), ({"--metric": ""}, "--metric is missing"), ({"--target": ""}, "--target is missing"),
        ({"--deadline": "soon"}, "no such time"), ({"--deadline": "2020-01-01"}, "passed already"),
        ({"--task": "regression"}, "does not fit"), ({"--test-share": "2"}, "--test-share"), ({"--id": "colour"}, "--id"),
        ({"--description": "none.md"}, "cannot be read"), ({"--group": "x", "--time": "x"}, "exclude each other"),
        ({"--database": "mysql://x"}, "cannot use that database"), ({"--database": "nonsense"}, "no such kind"),
    ],
)  # fmt: skip
def test_a_hosts_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], what: str
) -> None:
    table = tmp_path / "table.csv"
    labelled().write_csv(table)
    options = {"--from": str(table), "--target": "sick", "--metric": "auc", "--data": str(tmp_path / "d")} | change
    code, _, said = podium(capsys, "create", "sick", *(part for pair in options.items() for part in pair))
    assert code == 2
    assert what in said and said.startswith("podium: ") and said.count("\n") == 1
    assert not (tmp_path / "d" / "contests" / "sick").exists()
    assert not list((tmp_path / "d").glob(".new-*"))


def test_a_host_lists_extends_bans_and_looks_into_the_log(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--data", str(data)]
    assert podium(capsys, "list", *at)[1]["contests"][0]["slug"] == "sick"
    assert podium(capsys, "extend", "sick", "2090-01-01", *at)[0] == 0
    assert podium(capsys, "list", *at)[1]["contests"][0]["deadline"].startswith("2090-01-01T23:59:59")
    assert podium(capsys, "extend", "nothing", "2090-01-01", *at)[0] == 2
    assert podium(capsys, "ban", "nobody", *at)[0] == 2
    assert [line["action"] for line in podium(capsys, "log", *at)[1]["lines"]] == ["create", "extend"]
    assert podium(capsys, "token", "Ann", *at)[0] == 2
    made = podium(capsys, "token", "Ann", "--new", *at)[1]["token"]
    assert made != podium(capsys, "token", "Ann", *at)[1]["token"]
    assert podium(capsys, "token", "Ann", "--new", *at)[0] == 3, "the name is taken"
    assert podium(capsys, "create", "Bad_Name", "--from", "x", *at)[0] == 2


@pytest.mark.slow
def test_a_contest_over_http_by_commands(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(arena_tokens.VARIABLE, raising=False)
    sample = data / "contests" / "sick" / "sample_submission.csv"
    with serving(data) as url:
        page = f"{url}/contests/sick"
        assert podium(capsys, "submit", page, str(sample))[0] == 2
        assert podium(capsys, "join", page)[0] == 2
        assert podium(capsys, "join", page, "--name", "Ann")[0] == 0
        first, again = podium(capsys, "submit", page, str(sample)), podium(capsys, "submit", page, str(sample))
        assert first[1]["status"] == "complete" and first[1]["public_score"] == 0.5
        assert again[1]["id"] == first[1]["id"], "the same file is one submission"
        assert [row["name"] for row in podium(capsys, "leaderboard", page)[1]["rows"]] == ["Ann"]
        assert main(["arena", "serve", "--data", str(data), "--port", "0"]) == 4, "one server a folder"
        assert podium(capsys, "ban", "Ann", "--data", str(data))[0] == 0
        assert podium(capsys, "submit", page, str(sample))[0] == 2
    told = podium(capsys, "export", "sick", "--data", str(data), "--out", str(tmp_path / "out"))[1]
    table = pl.read_csv(told["files"][0])
    assert table["account"].to_list() == ["Ann"] and table["private_score"].null_count() == 0
    assert podium(capsys, "export", "sick", "--data", str(data), "--out", str(tmp_path / "out"))[0] == 2


@pytest.mark.parametrize("missing", ["fastapi", "sqlalchemy", "uvicorn"])
def test_a_host_without_the_extra_is_told_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in [name for name in sys.modules if name.startswith(("podium.arena.", missing))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    code, _, said = podium(capsys, "list", "--data", str(tmp_path / "d"))
    assert code == 2 and said == f"podium: an arena needs {missing}; pip install 'podium[arena]'\n"


def test_what_a_contestant_wrote_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    from still_arena import SLUG, world

    from podium.arena.results import export

    arena = world(tmp_path / "arena")
    account = arena.joined("Ann")
    data = arena.file(1)
    import io

    arena.service.submit(account, SLUG, '=HYPERLINK("x")', io.BytesIO(data), "t", "@SUM(1)\n=1")
    files = export(arena.admin, SLUG, tmp_path / "out")
    arena.close()
    row = pl.read_csv(files[0], infer_schema=False).row(0, named=True)
    assert row["message"] == "'@SUM(1) =1" and row["file_name"] == '\'=HYPERLINK("x")'


@pytest.mark.slow
def test_a_campaign_takes_part_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from conftest import crash_records

    table, data, campaign = tmp_path / "table.csv", tmp_path / "data", tmp_path / "campaign"
    crash_records().write_csv(table)
    create = ["create", "crashes", "--from", str(table), "--target", "died", "--metric", "auc", "--data", str(data)]
    assert podium(capsys, *create)[0] == 0
    token = {"PODIUM_HOME": str(tmp_path / "home")}
    with serving(data) as url:
        page = f"{url}/contests/crashes"
        argv = [sys.executable, "-m", "podium"]
        environment = {**os.environ, **token}
        joined = subprocess.run([*argv, "arena", "join", page, "--name", "Podium"], env=environment, check=False)
        assert joined.returncode == 0
        run = [*argv, "run", page, "--campaign", str(campaign), "--experiments", "3", "--threads", "2"]
        done = subprocess.run(run, env=environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        board = subprocess.run(
            [*argv, "arena", "leaderboard", page, "--json"], env=environment, check=True, capture_output=True, text=True
        )
    rows = json.loads(board.stdout)["rows"]
    assert [row["name"] for row in rows] == ["Podium"] and rows[0]["score"] > 0.6
    assert sorted(path.name for path in (campaign / "competition" / "crashes").iterdir()) == [
        "description.md", "sample_submission.csv", "test.csv", "train.csv",
    ]  # fmt: skip
