"""Campaigns against each other: the statistics of who is better, and a race played by stand-ins of `podium run`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import typer
from conftest import crash_records
from engine_world import copy_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from podium.arena import duel, race
from podium.arena.duel import NO_DIFFERENCE, judge
from podium.arena.grading import grade
from podium.arena.making import create
from podium.arena.race_plot import race_plot
from podium.campaign import apart
from podium.cli import arena_race
from podium.errors import UserError

# Stands in for `podium run`: `--skill x` mixes a signal into noise of the seed. Its teams are called what they do.
RUN = """
import json, os, sys
from pathlib import Path
import numpy as np, polars as pl
asked = dict(zip(sys.argv[5::2], sys.argv[6::2]))
public, campaign = Path(sys.argv[2]), Path(sys.argv[4])
with open({log!r}, "a") as log:
    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=log)
if "--stops" in asked and not Path({go!r}).exists():
    raise SystemExit(130)
if "--fails" in asked:
    print("podium: finished without a valid submission", file=sys.stderr)
    raise SystemExit(5)
test, sample = pl.read_csv(public / "test.csv"), pl.read_csv(public / "sample_submission.csv")
signal = 0.03 * test["speed"].to_numpy() - 1.5 * (test["belt"] == "belted").to_numpy()
noise = np.random.default_rng(int(asked["--seed"])).normal(size=test.height)
skill = float(asked["--skill"])
campaign.mkdir(parents=True, exist_ok=True)
value = 1 / (1 + np.exp(-(skill * signal + (1 - skill) * noise)))
sample.with_columns(pl.Series(sample.columns[1], value)).write_csv(campaign / "submission.csv")
print(json.dumps(dict(score=0.5, stderr=0.1)))
"""


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("race") / "crashes"
    create(
        folder, crash_records(800, seed=5), title="Crashes", target="died", metric="auc",
        task_type="binary_classification", test_share=0.5,
    )  # fmt: skip
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    log, script = tmp_path / "calls.jsonl", tmp_path / "run.py"
    script.write_text(RUN.format(log=str(log), go=str(tmp_path / "go")))
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, str(script)))
    return log


def called(log: Path) -> list[list[str]]:
    return [json.loads(line)[0] for line in log.read_text().splitlines()]


def run(contest: Path, out: Path, *teams: str, **more: Any) -> dict[str, Any]:
    values = {"time": "60s", "seeds": 2, "threads": 1, "as_json": True, **more}
    arena_race.race(contest, list(teams), out=out, **values)
    return dict(json.loads((out / "result.json").read_text()))


# ---------------------------------------------------------------- statistics


def accuracy(decided: NDArray[Any], rows: NDArray[np.int64]) -> float:
    return float(decided[rows].mean())


def hits(rng: np.random.Generator, share: float, n: int = 400) -> NDArray[Any]:
    return (rng.random(n) < share).astype(np.float64)


def test_a_clear_winner() -> None:
    rng = np.random.default_rng(0)
    found = judge(
        {"weak": [hits(rng, 0.6) for _ in range(3)], "strong": [hits(rng, 0.8) for _ in range(3)]},
        accuracy, 400, higher=True,
    )  # fmt: skip
    assert found.verdict == "strong won"
    (one,) = found.duels
    assert (one.a, one.b, one.seeds) == ("strong", "weak", 3) and one.verdict == "strong is better"
    assert 0 < one.low < one.gain < one.high and one.p < 0.01
    first, second = found.standings
    assert first.mean_rank == 1 and second.mean_rank == 2 and first.win > 0.99


def test_where_lower_is_better_the_gain_still_is_the_winner_s() -> None:
    rng = np.random.default_rng(1)
    found = judge({"a": [hits(rng, 0.8)] * 2, "b": [hits(rng, 0.6)] * 2}, accuracy, 400, higher=False)
    assert found.verdict == "b won" and found.duels[0].gain > 0 and found.standings[0].team == "b"


def test_equal_teams_show_no_difference() -> None:
    same = [hits(np.random.default_rng(2), 0.7)] * 3
    found = judge({"a": same, "b": same}, accuracy, 400, higher=True)
    assert found.duels[0].verdict == NO_DIFFERENCE and found.duels[0].gain == 0 and found.duels[0].p >= 0.5
    assert [one.mean_rank for one in found.standings] == [1.5, 1.5]
    assert [one.win for one in found.standings] == [0.5, 0.5]
    assert found.verdict == f"a leads; {NO_DIFFERENCE} to b"


def test_seeds_that_disagree_show_no_difference() -> None:
    """One lucky seed of three: over rows alone it would look sure."""
    rng = np.random.default_rng(3)
    level, lucky = hits(rng, 0.7, 4000), hits(rng, 0.85, 4000)
    found = judge({"a": [lucky, level, level], "b": [level, level, level]}, accuracy, 4000, higher=True)
    assert found.duels[0].verdict == NO_DIFFERENCE and found.duels[0].low < 0 < found.duels[0].gain


def test_a_missing_submission_ranks_last_and_is_not_compared() -> None:
    rng = np.random.default_rng(4)
    found = judge(
        {"a": [hits(rng, 0.7), None], "b": [hits(rng, 0.7), hits(rng, 0.7)], "c": [None, None]},
        accuracy,
        400,
        higher=True,
    )
    by_name = {one.team: one for one in found.standings}
    assert by_name["a"].scores[1] is None and by_name["c"].score is None and by_name["c"].win == 0
    assert by_name["c"].mean_rank == pytest.approx((3 + 2.5) / 2)
    pairs = {(one.a, one.b): one for one in found.duels}
    assert next(one for names, one in pairs.items() if "c" in names).verdict == "not comparable"
    assert next(one for names, one in pairs.items() if "c" not in names).seeds == 1


@settings(max_examples=8, deadline=None)
@given(st.permutations(["a", "b", "c"]), st.integers(0, 3))
def test_the_order_of_the_teams_does_not_matter(order: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    teams = {name: [hits(rng, share, 60) for _ in range(2)] for name, share in (("a", 0.5), ("b", 0.7), ("c", 0.9))}
    one = judge(teams, accuracy, 60, higher=True, most_draws=50)
    other = judge({name: teams[name] for name in order}, accuracy, 60, higher=True, most_draws=50)
    assert {s.team: s.win for s in one.standings} == {s.team: s.win for s in other.standings}
    assert {(d.a, d.b): d.gain for d in one.duels} == {(d.a, d.b): d.gain for d in other.duels}


def test_pairs_are_corrected_for_their_number() -> None:
    plain = [duel.Duel("a", "b", 1, 0, 2, p, 3, "") for p in (0.01, 0.03, 0.04)]
    assert [one.p for one in duel._holm(plain)] == pytest.approx([0.03, 0.06, 0.06])
    assert [one.verdict for one in duel._holm(plain)] == ["a is better", NO_DIFFERENCE, NO_DIFFERENCE]


def test_it_is_seldom_fooled() -> None:
    """Two teams alike, each seed of each with a quality of its own: a difference is shown in about one case of 20."""
    rng, fooled, trials = np.random.default_rng(5), 0, 120
    for _ in range(trials):
        truth = rng.random(150)
        teams = {name: [(truth < 0.7 + 0.05 * rng.normal()) * 1.0 for _ in range(3)] for name in "ab"}
        teams = {name: [np.where(rng.random(150) < 0.1, 1 - one, one) for one in held] for name, held in teams.items()}
        fooled += judge(teams, accuracy, 150, higher=True, most_draws=150).duels[0].verdict != NO_DIFFERENCE
    assert fooled / trials <= 0.1


# ---------------------------------------------------------------- the race


def test_teams_play_in_turn_on_equal_terms_without_the_answers(crashes: Path, tmp_path: Path, calls: Path) -> None:
    out = tmp_path / "out"
    run(crashes, out, "low=--skill 0.1", "high=--skill 0.9 --time 20s")
    played = called(calls)
    assert [[*re.findall(r"(low|high)/seed_(\d)", argv[3])[0]] for argv in played] == [
        ["low", "0"], ["high", "0"], ["low", "1"], ["high", "1"],
    ]  # fmt: skip
    for argv in played:
        assert argv[1] == str((out / "crashes").resolve()) and argv[argv.index("--threads") + 1] == "1"
        assert argv[argv.index("--time") + 1] == ("20s" if "high" in argv[3] else "60s")
        assert not any(str(crashes) in word or "private" in word for word in argv)
    copied = {path.name for path in (out / "crashes").iterdir()}
    assert copied == {path.name for path in (crashes / "public").iterdir()} and "answers.csv" not in copied


def test_it_says_who_won_by_how_much(
    crashes: Path, tmp_path: Path, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    found = run(crashes, out, "low=--skill 0.1", "high=--skill 0.9")
    assert json.loads(capsys.readouterr().out)["outcome"] == found["outcome"]
    assert found["outcome"]["verdict"] == "high won" and found["rule"] == race.RULE
    (one,) = found["outcome"]["duels"]
    assert one["gain"] > 0.1 and one["low"] > 0
    first = found["outcome"]["standings"][0]
    file = out / "high" / "seed_0" / "campaign" / "submission.csv"
    assert first["scores"][0] == pytest.approx(grade(crashes, file, "private"))
    run(crashes, out, "low=--skill 0.1", "high=--skill 0.9", as_json=False)
    text = capsys.readouterr().out
    assert "high won" in text and "high over low" in text and "stands at each campaign's end" in text
    page = (out / "race.html").read_text()
    assert "high over low" in page and "<script" not in page
    ElementTree.fromstring((out / "race.svg").read_text())


def test_a_race_goes_on_where_it_was_stopped_and_takes_more_seeds(crashes: Path, tmp_path: Path, calls: Path) -> None:
    out, teams = tmp_path / "out", ("one=--skill 0.5", "two=--stops 1 --skill 0.6")
    with pytest.raises(KeyboardInterrupt):
        run(crashes, out, *teams, seeds=1)
    assert len(called(calls)) == 2 and not (out / "result.json").exists()
    (tmp_path / "go").touch()
    run(crashes, out, *teams, seeds=1)
    assert len(called(calls)) == 3  # `one` was not played again
    found = run(crashes, out, *teams, seeds=2)
    assert len(called(calls)) == 5 and len(found["entries"]) == 4


def test_a_team_without_a_submission_is_told_of(
    crashes: Path, tmp_path: Path, calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(crashes, tmp_path / "out", "good=--skill 0.5", "bad=--fails 1", seeds=1, as_json=False)
    text = capsys.readouterr().out
    assert "bad, seed 0: no score: podium: finished without a valid submission" in text and "not comparable" in text
    assert "good won: no other team has a valid submission" in text and "nan" not in text


@pytest.mark.parametrize(
    ("teams", "why"),
    [
        (("a=--skill 1",), "two teams at least"),
        (("a=--skill 1", "a=--skill 2"), "two teams at least"),
        (("a=--seed 3", "b="), "--seed is the race's to give"),
        (("a=--threads=3", "b="), "--threads is the race's to give"),
        (("a b=--skill 1", "b="), "cannot be understood"),
        (("a", "b="), "cannot be understood"),
        (("a='", "b="), "cannot be understood"),
    ],
)
def test_what_cannot_be_raced(crashes: Path, tmp_path: Path, calls: Path, teams: tuple[str, ...], why: str) -> None:
    with pytest.raises(UserError, match=why):
        run(crashes, tmp_path / "out", *teams)
    assert not calls.exists()


def test_another_race_s_folder_and_another_contest(crashes: Path, tmp_path: Path, calls: Path) -> None:
    run(crashes, tmp_path / "out", "a=--skill 0.2", "b=--skill 0.3", seeds=1)
    with pytest.raises(UserError, match="team a with other arguments"):
        run(crashes, tmp_path / "out", "a=--skill 0.9", "b=--skill 0.3", seeds=1)
    with pytest.raises(UserError, match="no contest with hidden answers"):
        run(tmp_path, tmp_path / "out2", "a=--skill 0.2", "b=--skill 0.3")
    with pytest.raises(UserError, match="away from its answers"):
        run(crashes, crashes / "out", "a=--skill 0.2", "b=--skill 0.3")


def test_an_arena_s_own_layout_is_read_too(crashes: Path, tmp_path: Path) -> None:
    copy_of(crashes / "public", tmp_path / "data" / "contests" / "crashes")
    copy_of(crashes / "private", tmp_path / "data" / "answers" / "crashes")
    found = race.sides(tmp_path / "data" / "contests" / "crashes")
    assert found.private == (tmp_path / "data" / "answers" / "crashes").resolve()


def test_every_submission_of_a_campaign_is_scored_by_its_time(contest: Path, played: Path, tmp_path: Path) -> None:
    from podium.arena.grading import Grader

    copy_of(played, tmp_path / apart.CAMPAIGN)
    points = race._history(Grader(contest / "private"), tmp_path)
    assert points and [one.alive_s for one in points] == sorted(one.alive_s for one in points)
    assert points[-1].private == pytest.approx(grade(contest, played / "submission.csv", "private"))


def test_the_picture_has_a_line_a_campaign() -> None:
    points = (race.Point(5.0, 0.7, 0.71), race.Point(9.0, 0.8, 0.79))
    ended = apart.Ended(0, 12.0, "campaign/submission.csv")
    entries = tuple(race.Entry(team, 0, ended, points) for team in ("a<b", "c"))
    outcome = duel.Outcome((), (), "there is nobody to compare")
    result = race.Result("x", "auc", "higher", 10, race.RULE, entries, outcome)
    tree = ElementTree.fromstring(race_plot(result))
    lines = tree.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2 and len({line.get("stroke") for line in lines}) == 2
    assert "a<b, seed 0" in "".join(tree.itertext())
    empty = race.Result("x", "auc", "higher", 10, race.RULE, (), outcome)
    assert not ElementTree.fromstring(race_plot(empty)).findall(".//{http://www.w3.org/2000/svg}polyline")


def test_it_is_a_command_of_typer_s() -> None:
    app = typer.Typer()
    app.command()(arena_race.race)
    assert typer.main.get_command(app).name == "race"
