"""The snapshot, the terminal and the page, over a campaign that was made without an engine."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import CampaignError
from podium.registry import Registry
from podium.registry.events import Event
from podium.registry.lock import EngineLock
from podium.report.charts import heat_map, positions, score_chart, score_range, ticks
from podium.report.event_line import event_line
from podium.report.figures import duration_text, few_of, one_line, score_text
from podium.report.html import Html, element
from podium.report.page import render, write_report
from podium.report.snapshot import snapshot
from podium.report.terminal import Reader, Watcher, follow
from podium.testing.fake_campaign import FakeCampaign

HOSTILE = '"><script>alert(1)</script>[bold red]\x1b[2J\nEVIL\u202e'


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "harbour"
    FakeCampaign(rounds=4).build(folder).close()
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "hostile"
    FakeCampaign(rounds=4, hostile=HOSTILE).build(folder).close()
    return folder


# ---------------------------------------------------------------- snapshot


def test_snapshot_keeps_the_promise(campaign: Path) -> None:
    now = json.loads(json.dumps(snapshot(campaign), allow_nan=False))
    assert now["schema_version"] == 1 and now["competition"]["target_column"] == "late"
    assert now["competition"]["metric_direction"] == "higher" and now["competition"]["group_column"] == "vessel"
    assert len(now["experiments"]) == 14
    for experiment in now["experiments"]:
        keys = {
            "id",
            "round",
            "name",
            "family",
            "operator",
            "status",
            "verdict",
            "score",
            "stderr",
            "parents",
            "cost_s",
        }
        assert keys | {"blend_weight", "message"} <= set(experiment)
        assert experiment["status"] in ("queued", "running", "killed", "failed", "done")
        assert experiment["verdict"] in ("invalid", "pooled", "champion", None)
    assert now["champion"] in now["pool"]
    assert sum(e["blend_weight"] for e in now["experiments"]) == pytest.approx(1.0)
    assert now["clock"] == {"alive_s": 212.5, "total_s": 600.0, "left_s": 387.5}
    assert now["files"]["submission"].endswith("submission.csv") and now["files"]["report"] is None


def test_cost_counts_every_attempt_and_progress_only_the_running(campaign: Path) -> None:
    by_status = {e["status"]: e for e in snapshot(campaign)["experiments"]}
    assert by_status["failed"]["cost_s"] == 0.9 and by_status["killed"]["cost_s"] == 2.0
    assert by_status["running"]["folds_done"] == 2 and by_status["done"]["folds_done"] is None


@pytest.mark.parametrize(("finished", "state"), [(None, "interrupted"), ("time", "finished"), ("stopped", "stopped")])
def test_state_without_an_engine(tmp_path: Path, finished: str | None, state: str) -> None:
    FakeCampaign(rounds=1, finished=finished, files=False).build(tmp_path).close()
    assert snapshot(tmp_path)["state"] == state


def test_liveness_is_the_lock(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=1, files=False).build(tmp_path)
    lock = EngineLock(tmp_path)
    lock.acquire()
    assert snapshot(tmp_path)["state"] == "running"
    registry.set("state", {"phase": "run", "round": 1, "paused": True, "finished": None})
    assert snapshot(tmp_path)["state"] == "paused"
    lock.release()
    assert snapshot(tmp_path)["state"] == "interrupted"
    registry.close()


def test_snapshot_shows_the_blend_that_would_be_submitted(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=3, files=False, under_way=False).build(tmp_path)
    with registry.database.write() as db:
        db.execute("UPDATE blends SET score = 0.9 WHERE round = 2")
        db.execute("UPDATE experiments SET score = 9e999 WHERE id = 'E001'")  # infinity has no JSON
    registry.close()
    now = snapshot(tmp_path)
    assert now["blend"]["round"] == 2 and now["experiments"][0]["score"] is None


def test_counted_budget(tmp_path: Path) -> None:
    FakeCampaign(rounds=2, files=False, time_s=None, experiments=20).build(tmp_path).close()
    now = snapshot(tmp_path)
    assert now["budget_experiments"] == {"done": 6, "total": 20} and now["clock"]["left_s"] is None


def test_no_campaign(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"podium\.db"):
        snapshot(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_reading_writes_nothing(campaign: Path) -> None:
    before = (campaign / "podium.db").read_bytes()
    snapshot(campaign)
    render(campaign)
    assert (campaign / "podium.db").read_bytes() == before


# ---------------------------------------------------------------- figures


@given(st.floats(-1e9, 1e9), st.one_of(st.none(), st.floats(1e-9, 1e6)))
def test_score_text_never_hides_the_error(score: float, stderr: float | None) -> None:
    shown = score_text(score, stderr)
    assert ("±" in shown) == (stderr is not None)
    if stderr is not None and stderr > 1e-5:
        assert float(shown.split("±")[1]) == pytest.approx(stderr, rel=0.1, abs=0.5e-6 if stderr < 1 else 0.5)


@given(st.text())
def test_one_line_is_one_printable_line(text: str) -> None:
    line = one_line(text, 80)
    assert len(line) <= 80 and "\n" not in line and "\x1b" not in line and line == line.strip()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0.04, "0.0s"), (9.9, "9.9s"), (59.4, "59s"), (59.6, "1m 00s"), (7620, "2h 07m"), (97200, "1d 03h")],
)
def test_duration_text(seconds: float | None, shown: str) -> None:
    assert duration_text(seconds) == shown


@pytest.mark.parametrize(
    ("n", "shown"),
    [(0, ""), (1, "E1"), (4, "E1, E2, E3, E4"), (5, "E1, E2, E3 and 2 more"), (16, "E1, E2, E3 and 13 more")],
)
def test_many_names_are_cut(n: int, shown: str) -> None:
    assert few_of([f"E{k + 1}" for k in range(n)]) == shown


# ---------------------------------------------------------------- terminal


def draw(campaign: Path, width: int, *, unicode: bool = True) -> str:
    from rich.console import Console

    from podium.report.frame import frame

    reader = Reader(campaign)
    try:
        console = Console(width=width, height=24, file=io.StringIO(), record=True, force_terminal=True)
        console.print(frame(reader.snapshot(), reader.messages(), width, 24, unicode=unicode))
        return console.export_text()
    finally:
        reader.close()


@pytest.mark.parametrize("width", [80, 120])
def test_frame_fits_and_says_what_matters(campaign: Path, width: int) -> None:
    picture = draw(campaign, width)
    lines = picture.splitlines()
    assert max(map(len, lines)) <= width and len(lines) <= 24
    now = snapshot(campaign)
    for word in (
        "harbour-arrivals",
        "higher is better",
        "bubblewrap",
        "6m 28s left of 10m 00s",
        "round 5, run",
        "fold 3/5",
    ):
        assert word in picture
    assert re.search(rf"★ {now['champion']} .*champion", picture)
    assert score_text(now["blend"]["score"], now["blend"]["stderr"]) in picture
    assert ("operator" in picture) == (width >= 100)


@pytest.mark.parametrize("surrogate", ["log_loss", None])
def test_frame_says_what_experiments_are_compared_by(campaign: Path, surrogate: str | None) -> None:
    from rich.console import Console

    from podium.report.frame import frame

    now, console = snapshot(campaign), Console(width=80, file=io.StringIO(), record=True)
    now["competition"]["surrogate"] = surrogate
    console.print(frame(now, [], 80, 24))
    assert ("compared by log loss" in console.export_text()) == (surrogate is not None)


def test_frame_without_unicode_is_ascii_but_for_names(campaign: Path) -> None:
    assert not set("★●▶⊘━─╭│") & set(draw(campaign, 80, unicode=False))


def test_frame_takes_no_orders_from_names(hostile: Path) -> None:
    picture = draw(hostile, 200)
    assert "[bold red]" in picture  # shown, not obeyed
    assert "\x1b[2J" not in picture and "\u202e" not in picture


def test_frame_of_a_campaign_that_has_not_begun(tmp_path: Path) -> None:
    FakeCampaign(rounds=0, under_way=False, files=False).build(tmp_path).close()
    assert "no experiments yet" in draw(tmp_path, 80)


def test_window_keeps_what_matters_in_a_long_campaign(tmp_path: Path) -> None:
    FakeCampaign(rounds=30, files=False).build(tmp_path).close()
    now, picture = snapshot(tmp_path), draw(tmp_path, 80)
    blended = [e["id"] for e in now["experiments"] if e["blend_weight"] > 0]
    assert all(id_ in picture for id_ in (*blended, now["champion"])) and "▶" in picture
    assert f"of {len(now['experiments'])} experiments shown" in picture


def test_every_event_is_one_line(hostile: Path) -> None:
    for event in follow(hostile, lambda: True):
        line = event_line(event)
        assert "\n" not in line and "\x1b" not in line and f"R{event.round:02d}" in line


def test_unknown_events_and_odd_payloads_still_make_a_line() -> None:
    assert "colour blue" in event_line(Event(1, 0.0, 1.0, 2, "unheard_of", {"colour": "blue"}))
    for kind in ("phase", "run_started", "run_finished", "gate", "verdict", "blend", "submission", "note", "message"):
        assert event_line(Event(1, 0.0, 1.0, 2, kind, {})).startswith("[   1.0s] R02")


def test_verdict_lines_carry_the_score(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=1, files=False).build(tmp_path)
    registry.events.add(9.0, 1, "verdict", {"experiment": "E001", "verdict": "pooled"})
    registry.events.add(9.0, 1, "submission", {"tag": "t1", "expected": 0.8})
    registry.close()
    verdict, submission = [event_line(event) for event in follow(tmp_path, lambda: True)][-2:]
    assert re.search(r"E001 pooled: 0\.\d{4} ±0\.0031", verdict)
    assert "submission rounds/R01_submission.csv confirmed, expected 0.8000" in submission


def test_follow_misses_nothing_that_precedes_the_end(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=1, files=False).build(tmp_path)
    seen, asked = [], 0

    def over() -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:
            registry.events.add(1.0, 1, "note", {"text": "the last word"})
        return asked >= 2

    seen = [event.payload for event in follow(tmp_path, over)]
    assert seen[-1] == {"text": "the last word"}
    registry.close()


def test_watcher_tells_only_what_is_new(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=2, files=False).build(tmp_path)
    stream, told = io.StringIO(), "a new note"
    with Watcher(tmp_path, live=False, stream=stream):
        registry.events.add(1.0, 3, "note", {"text": told})
    registry.close()
    assert [line.split("note: ")[1] for line in stream.getvalue().splitlines()] == [told]


# ---------------------------------------------------------------- page


class Auditor(HTMLParser):
    """What a browser would see: tags, what they would fetch, and whether they nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.fetched += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "action", "data")]
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_page_is_self_contained_and_whole(campaign: Path) -> None:
    page = write_report(campaign).read_text("utf-8")
    seen = Auditor(page)
    assert seen.open == [] and seen.fetched == ["data:,"] and "script" not in seen.tags
    assert "url(" not in page and "http" not in page.replace("http-equiv", "")
    for heading in ("Scores by round", "Champion and blend", "What was asked", "What the audit saw", "Families tried",
                    "How alike the pool is", "What was stopped, and why", "Submissions", "Learnings", "What was spent",
                    "How the estimate was made", "Rounds in the team’s words"):  # fmt: skip
        assert f"<h2>{heading}</h2>" in page
    words = " ".join(seen.words)
    for fact in ("scored by the area under the ROC curve", "actual_delay alone gives AUC 0.998", "solo gain at most -0.0040",
                 "Input X contains NaN", "bubblewrap", "## Findings 4", "class shares 0.5030"):  # fmt: skip
        assert fact in words
    for e in snapshot(campaign)["experiments"]:
        assert f'<td class="key">{e["id"]}</td>' in page
    assert page.count('role="img" aria-label="') == 3


def test_page_escapes_what_it_is_told(hostile: Path) -> None:
    page = render(hostile)
    seen = Auditor(page)
    assert "script" not in seen.tags and "<script" not in page and "\x1b" not in page
    assert "&lt;script&gt;" in page and seen.open == []


@pytest.mark.parametrize("rounds", [0, 1])
def test_page_of_a_young_campaign(tmp_path: Path, rounds: int) -> None:
    FakeCampaign(rounds=rounds, under_way=False, files=False, per_round=1).build(tmp_path).close()
    assert Auditor(render(tmp_path)).open == []


def test_page_of_a_bare_registry(tmp_path: Path) -> None:
    Registry.create(tmp_path).close()
    assert "not started" in render(tmp_path)


@given(st.text(), st.text())
def test_element_escapes_children_and_attributes(child: str, value: str) -> None:
    class One(Auditor):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag == "p" and [k for k, _ in attrs] == ["title"]
            self.open.append(tag)

    seen = One(element("p", child, title=value).text)
    assert seen.open == []


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_inside_and_few(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 1 <= len(found) <= 12
    assert all(low - width * 1e-3 <= tick <= low + width * 1.001 for tick in found)


def test_range_ignores_a_wreck_but_not_the_blend() -> None:
    low, high = score_range([0.8, 0.81, 0.82, 0.83, -40.0], [{"score": 0.9, "stderr": 0.01, "vault_score": None}])
    assert 0.7 < low < 0.8 and high > 0.91


def test_chart_says_what_lies_outside() -> None:
    rows = [
        {"id": f"E{i}", "name": "x", "round": 1, "score": s, "stderr": None, "verdict": "pooled", "status": "done"}
        for i, s in enumerate([0.8, 0.81, 0.82, 0.83, -40.0])
    ]
    assert "1 outside the range" in score_chart(rows, [], "auc", None).text
    assert positions(rows) == sorted(positions(rows)) and all(0.5 < p < 1.5 for p in positions(rows))


def test_heat_map_figures() -> None:
    picture = heat_map(["E1", "E2"], [[1.0, 0.987], [0.987, 1.0]])
    assert isinstance(picture, Html) and picture.text.count(".987</text>") == 2 and "E1 and E2: 0.9870" in picture.text
