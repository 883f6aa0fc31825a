"""What may be sent when: quotas and their days, the pace, outages, what is in doubt; the queue and the final two."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from engine_world import copy_of

from podium.campaign import blending
from podium.campaign.engine import Engine
from podium.campaign.estimates.finalists import Chosen
from podium.campaign.finalise import submit_last
from podium.campaign.notices import notices
from podium.campaign.submission import allowance, candidates, outage, sending, waiting
from podium.campaign.submission.final_two import KEY
from podium.campaign.submission.reconcile import reconcile
from podium.campaign.submission.sending import Submitted
from podium.campaign.submission.submit import submit
from podium.errors import UserError
from podium.platforms.platform import AmbiguousSend, Unreachable
from podium.referee.choice import Choice, Finalist
from podium.registry import invalidation
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow
from podium.testing.faulty_platform import FaultyPlatform, World
from podium.testing.submission_campaign import engine_of, take_blends, template
from podium.testing.submission_schedules import close

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("template"), rounds=4, skills=(0.45, 0.5))


class Campaign:
    """A campaign whose rounds are revealed one by one, on a platform that does as it is told, in simulated time."""

    def __init__(self, folder: Path, **platform: Any) -> None:
        self.folder, self.world = folder, World(NOON)
        self.blends = take_blends(folder)
        self.platform = FaultyPlatform(self.world, random.Random(0), **{"faults": 0.0, "others": 0.0, **platform})
        self.time_s: float | None = None
        self.changes: dict[str, Any] = {}
        self.engine = self.resumed()
        self.round = 0

    def resumed(self) -> Engine:
        engine = engine_of(self.folder, self.platform, self.world, **self.changes)
        engine.options = dataclasses.replace(engine.options, time_s=self.time_s)
        engine.purse.options = engine.options
        self.engine = engine
        return engine

    def play(self) -> Submitted:
        """One round: each blend is better than the one before."""
        self.round += 3
        row = dataclasses.replace(self.blends[self.round // 3 - 1], round=self.round)
        self.engine.registry.blends.add(row)
        return submit(self.engine, self.round)

    def states(self) -> list[str]:
        return [row.state for row in self.engine.registry.submissions.all()]


@pytest.fixture
def begin(made: Path, tmp_path: Path) -> Callable[..., Campaign]:
    return lambda **platform: Campaign(copy_of(made, tmp_path / "c"), **platform)


# ---------------------------------------------------------------- quota and pace


def test_one_an_hour_where_there_is_a_quota_and_the_end_waits_for_nothing(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    assert game.play().tag is not None
    game.world.go_on(600)
    held = game.play()
    assert held.waits and held.reason == "held: one submission an hour"
    assert waiting.find(game.engine.registry) is not None
    game.world.go_on(HOUR)
    assert game.play().tag is not None
    assert waiting.find(game.engine.registry) is None, "superseded by what was sent"
    game.world.go_on(60)
    game.play()
    close(game.engine)
    best = blending.best_blend(game.engine)
    standing = game.engine.registry.submissions.standing()
    assert best is not None and standing is not None and standing.expected == best.score


def test_what_never_left_costs_no_pace(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    assert game.play().tag is not None
    game.world.go_on(HOUR)
    registry = game.engine.registry
    first = registry.submissions.all()[-1]
    now = {"alive_s": game.engine.clock.alive_s(), "at": game.engine.wall_s()}
    registry.submissions.intend(dataclasses.replace(first, tag="podium-lost", sha256="0" * 64, **now))
    registry.submissions.settle("podium-lost", "failed")
    assert game.play().tag is not None


@pytest.mark.parametrize("selects", [True, False])
def test_without_a_quota_there_is_no_pace(begin: Callable[..., Campaign], selects: bool) -> None:
    game = begin(counting="untold", limit=99, selects=selects)
    assert [game.play().tag is not None for _ in range(3)] == [True] * 3
    close(game.engine)
    purposes = [row.purpose for row in game.engine.registry.submissions.all()]
    assert purposes == ["best"] * 3 + ["robust"] * selects, "final two only where the platform ranks by them"


def test_the_last_one_is_the_ends_unless_the_day_is_over_first(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=1)
    game.time_s = 4 * HOUR
    game.resumed()
    assert "kept for the campaign's end" in game.play().reason
    game.time_s = 100 * HOUR
    game.resumed()
    assert game.play().tag is not None, "the quota is renewed long before the end"


def test_somebody_elses_submissions_count(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=2)
    game.platform.somebody_submits()
    game.platform.somebody_submits()
    assert "used up; the next day begins 2026-06-02 00:00 UTC" in game.play().reason
    game.world.go_on(13 * HOUR)
    close(game.engine)
    assert game.states().count("confirmed") >= 1


@pytest.mark.parametrize(
    ("zone", "at", "next_"),
    [
        ("America/New_York", "2026-03-08T04:30:00+00:00", "2026-03-08T05:00:00+00:00"),  # the eve of a day of 23 hours
        ("America/New_York", "2026-03-08T12:00:00+00:00", "2026-03-09T04:00:00+00:00"),
        ("America/New_York", "2026-11-01T04:30:00+00:00", "2026-11-02T05:00:00+00:00"),  # a day of 25
        ("Australia/Lord_Howe", "2026-04-04T16:00:00+00:00", "2026-04-05T13:30:00+00:00"),  # half an hour
        ("UTC", "2026-12-31T23:59:59+00:00", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_days_end_at_midnight_of_the_zone(zone: str, at: str, next_: str) -> None:
    assert allowance.next_midnight(allowance.moment(at), ZoneInfo(zone)).isoformat() == next_


def test_only_the_configs_figure_is_counted_by_the_platforms_times(begin: Callable[..., Campaign]) -> None:
    """Our clock is five hours behind: by it, what was sent at 23:00 and at 1:00 would be of one day."""
    game = begin(counting="untold", limit=2, zone="Europe/Berlin")
    game.world.now_s, game.world.skew_s = datetime(2026, 6, 1, 21, tzinfo=UTC).timestamp(), -5 * HOUR
    game.changes = {
        "max_submissions_per_day": 2,
        "brought": dataclasses.replace(game.engine.competition.brought, submission_time_zone="Europe/Berlin"),
    }
    game.resumed()
    game.platform.somebody_submits()
    here = allowance.room(game.engine, game.platform.submissions())
    assert (here.left, here.told) == (1, False)
    close(game.engine)
    game.play()
    close(game.engine)
    assert allowance.room(game.engine, game.platform.submissions()).left == 0
    game.world.go_on(2 * HOUR)
    assert allowance.room(game.engine, game.platform.submissions()).left == 2, "it is past midnight in Berlin"


def test_a_clock_that_goes_back_gives_no_quota_back() -> None:
    rows = [SubmissionRow("a", 1, "f", "s", "ambiguous", 0.5, 0.1, at=NOON)]
    for days in (0, 1, 2):
        assert allowance.made_on(rows, (), NOON - days * 86_400, ZoneInfo("UTC")) == 1
    assert allowance.made_on(rows, (), NOON + 86_400, ZoneInfo("UTC")) == 0


# ---------------------------------------------------------------- doubt and outages


class Silent(FaultyPlatform):
    """The first send is accepted a minute after its answer was given up."""

    def submit(self, file: Path, tag: str, message: str) -> Any:
        self.injected["late"] += 1
        if self.injected["late"] > 1:
            return super().submit(file, tag, message)
        self._under_way.append((self.world.now_s + 60, self._entry(tag, "sha")))
        raise AmbiguousSend("no answer in time")


@pytest.mark.parametrize("settles_s", [0.0, 300.0])
def test_a_late_arrival_is_not_sent_again_before_it_must_be_listed(
    begin: Callable[..., Campaign], settles_s: float
) -> None:
    game = begin(limit=5)
    game.platform = Silent(game.world, random.Random(0), 5, faults=0.0, others=0.0)
    game.platform.settles_s = settles_s
    game.resumed()
    game.play()
    assert game.states() == ["ambiguous"]
    game.world.go_on(20)
    close(game.resumed())
    game.world.go_on(80)
    game.platform.arrive()
    reconcile(game.engine)
    best = [row for row in game.engine.registry.submissions.all() if row.purpose == "best"]
    assert [row.state for row in best] == ["confirmed"]
    tags = [one.tag for one in game.platform.accepted]
    assert tags.count(best[0].tag) == (2 if settles_s == 0 else 1), "a platform that claims to be exact, and is not"


def test_what_never_arrived_is_free_again_after_the_settling_time(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    game.platform.submit = lambda *args: (_ for _ in ()).throw(AmbiguousSend("lost"))  # type: ignore[method-assign]
    game.play()
    game.world.skew_s = 10 * HOUR
    reconcile(game.engine)
    assert game.states() == ["ambiguous"], "a clock that jumped proves nothing"
    assert allowance.room(game.engine, []).left == 4, "and counts"
    game.world.go_on(game.platform.settles_s)
    reconcile(game.engine)
    assert game.states() == ["failed"] and allowance.room(game.engine, []).left == 5


def test_an_outage_holds_and_never_stops(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    answers: list[Exception] = [Unreachable("429 too many requests", 1800.0), UserError("rules not accepted")]
    quota = game.platform.quota

    def failing() -> Any:
        if answers:
            raise answers.pop(0)
        return quota()

    game.platform.quota = failing  # type: ignore[method-assign]
    assert "429 too many requests" in game.play().reason
    assert (game.folder / "submission.csv").exists()
    game.world.go_on(600)
    assert "cannot be reached" in game.play().reason and len(answers) == 1, "left alone for as long as it asked"
    game.world.go_on(1300)
    assert "rules not accepted" in game.play().reason
    game.world.go_on(60)
    close(game.engine)
    assert game.states().count("confirmed") == 2 and outage.find(game.engine.registry) is None


def test_the_end_waits_for_a_platform_that_is_soon_back(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    game.engine.registry.blends.add(game.blends[0])
    until = game.world.now_s + 70
    listed = game.platform.submissions

    def failing() -> Any:
        if game.world.now_s < until:
            raise Unreachable("503")
        return listed()

    game.platform.submissions = failing  # type: ignore[method-assign]
    close(game.engine)
    assert "confirmed" in game.states()


def test_what_the_platform_could_not_score_cost_quota_and_is_never_sent_again(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    entry = game.platform._entry
    game.platform._entry = lambda *args, **more: entry(*args, **{**more, "bad": True})  # type: ignore[method-assign]
    game.play()
    (row,) = game.engine.registry.submissions.all()
    assert (row.state, row.message, row.counts) == ("failed", "a row is missing", True)
    assert game.engine.registry.submissions.standing() is None
    close(game.engine)
    sent = game.platform.sends
    game.world.go_on(24 * HOUR)
    close(game.resumed())
    assert game.platform.sends == sent and game.platform.doubled == 0


def test_a_pending_score_is_taken_later(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    entry = game.platform._entry

    def slow(*args: Any, **more: Any) -> Any:
        return dataclasses.replace(entry(*args, **more), scored_from=game.world.now_s + HOUR)

    game.platform._entry = slow  # type: ignore[method-assign]
    game.play()
    assert game.engine.registry.submissions.all()[0].public_score is None
    game.world.go_on(2 * HOUR)
    reconcile(game.engine)
    assert game.engine.registry.submissions.all()[0].public_score == game.platform.accepted[0].score


def test_a_file_that_another_copy_of_the_campaign_sent_is_not_sent_again(
    begin: Callable[..., Campaign], made: Path, tmp_path: Path
) -> None:
    game = begin(limit=5)
    game.play()
    twin = Campaign(copy_of(made, tmp_path / "twin"))
    twin.platform = game.platform
    twin.world.now_s = game.world.now_s
    twin.resumed()
    assert twin.play().tag is not None
    assert twin.states() == ["confirmed"] and game.platform.sends == 1


@pytest.mark.parametrize("live", [True, False])
def test_a_file_that_waits_is_withdrawn_where_what_it_rests_on_was_taken_back(
    begin: Callable[..., Campaign], live: bool
) -> None:
    game = begin(limit=5)
    game.play()
    registry, standing = game.engine.registry, game.engine.registry.submissions.standing()
    assert standing is not None
    game.world.go_on(600)
    assert game.play().waits
    held = waiting.find(registry)
    assert held is not None
    (id_,) = set(held.weights) - set(standing.weights)
    assert (game.folder / "submission.csv").read_bytes() != (game.folder / standing.file).read_bytes()
    if live:
        registry.inbox.put("invalidate", {"id": id_, "reason": "it read the labels"})
        game.engine.attend()
    else:
        invalidation.invalidate(registry, id_, "it read the labels", higher_is_better=False)
        reconcile(game.resumed())
    assert waiting.find(registry) is None
    assert (game.folder / "submission.csv").read_bytes() == (game.folder / standing.file).read_bytes()
    assert not any("waits to be sent" in line for line in notices(registry))
    game.world.go_on(HOUR)
    close(game.engine)
    after = registry.submissions.standing()
    assert after is not None and after.tag == standing.tag, "nothing sound gains over it"


# ---------------------------------------------------------------- the queue and the final two


def test_the_queue_is_ordered_and_superseded_ones_are_dropped(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=1)
    game.play()
    first = game.engine.registry.candidates.waiting()
    assert {one.purpose for one in first} == {"best", "robust", "probe"}
    assert [one.worth for one in first] == sorted((one.worth for one in first), reverse=True)
    assert next(one for one in first if one.purpose == "best").state == "held"
    game.play()
    left = {one.id for one in game.engine.registry.candidates.waiting()}
    dropped = [one for one in game.engine.registry.candidates.all() if one.state == "dropped"]
    assert dropped and all(one.id not in left and one.reason == "superseded" for one in dropped)


def test_a_probe_is_sent_where_much_is_left_and_never_stands(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=9)
    first = game.play().tag
    game.world.go_on(2 * HOUR)
    result = submit(game.engine, 20)
    assert result.tag is not None and "a probe, with 8 left today" in result.reason
    assert game.engine.registry.submissions.all()[1].purpose == "probe"
    standing = game.engine.registry.submissions.standing()
    assert standing is not None and standing.tag == first
    assert (game.folder / "submission.csv").read_bytes() == (game.folder / standing.file).read_bytes()


class Killed(BaseException):
    """As kill -9: nothing catches it."""


@pytest.mark.parametrize("purpose", ["best", "probe"])
def test_what_was_sent_before_a_crash_leaves_the_queue(
    begin: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch, purpose: str
) -> None:
    game = begin(limit=9)
    if purpose == "probe":
        game.play()
        game.world.go_on(2 * HOUR)

    def dying(*args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(game.engine.registry.candidates, "mark", dying)  # the send is over, and nothing says so yet
        game.play() if purpose == "best" else submit(game.engine, 20)
    sends = game.platform.sends
    again = submit(game.resumed(), 3 if purpose == "best" else 20)
    row = game.engine.registry.submissions.all()[-1]
    assert (again.tag, row.purpose, game.platform.sends) == (row.tag, purpose, sends)
    (one,) = [one for one in game.engine.registry.candidates.all() if one.purpose == purpose]
    assert (one.state, one.reason) == ("sent", again.reason)
    if purpose == "probe":
        assert "with 8 left today" in again.reason, "as it would have been said"


@pytest.mark.parametrize("selects", [True, False])
def test_the_final_two_are_the_best_blend_and_an_average(begin: Callable[..., Campaign], selects: bool) -> None:
    game = begin(limit=5, selects=selects)
    for _ in range(3):
        game.play()
        game.world.go_on(2 * HOUR)
    close(game.engine)
    rows = {row.purpose: row for row in game.engine.registry.submissions.all()}
    weights = set(rows["robust"].weights.values())
    assert max(weights) - min(weights) < 1e-12, "nothing was fitted for it"
    found = game.engine.registry.setting(KEY)
    best = game.engine.registry.submissions.standing()
    assert best is not None and found["tags"] == [best.tag, rows["robust"].tag]
    assert found["selected"] == selects
    assert set(game.platform.selected) == ({best.remote_id, rows["robust"].remote_id} if selects else set())
    assert ("choose" in found["message"]) == (not selects)
    events = len(game.engine.registry.events.newest(500))
    close(game.resumed())
    assert len(game.engine.registry.events.newest(500)) == events, "said once"


def test_a_robust_one_is_renewed_where_a_best_blend_came_after_it(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=9)
    for _ in range(2):
        game.play()
        game.world.go_on(2 * HOUR)
    close(game.engine)
    (old,) = [row for row in game.engine.registry.submissions.all() if row.purpose == "robust"]
    for _ in range(2):
        game.play()
        game.world.go_on(2 * HOUR)
    close(game.engine)
    rows = game.engine.registry.submissions.all()
    old, new = (row for row in rows if row.purpose == "robust")
    assert new.expected is not None and old.expected is not None and new.expected < old.expected
    best = game.engine.registry.submissions.standing()
    assert best is not None and game.engine.registry.setting(KEY)["tags"] == [best.tag, new.tag]
    close(game.resumed())
    assert game.engine.registry.submissions.all() == rows, "and once is enough"


# ---------------------------------------------------------------- what the vault chose


def by_the_vault(game: Campaign, row: BlendRow) -> Chosen:
    """The vault prefers this one to the leader."""
    finalists = (Finalist("blend", 0.5, 0.0, 1.0), Finalist("an earlier one", 0.4, 0.1, 0.001))
    return Chosen("an earlier one", row, 1, 90, Choice("an earlier one", finalists, 0.05, "better on the vault"))


def finish(game: Campaign, chosen: Chosen) -> None:
    submit_last(game.engine, chosen, lambda: HOUR)


def test_what_the_vault_chose_stands_again_and_is_not_sent_again(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=9)
    first = game.play()
    game.world.go_on(2 * HOUR)
    second, registry = game.play(), game.engine.registry
    earlier = min(blending.blends_by_score(game.engine), key=lambda row: row.round)
    for engine in (game.engine, game.resumed()):
        finish(game, by_the_vault(game, earlier))
        standing = engine.registry.submissions.standing()
        assert standing is not None and standing.tag == first.tag != second.tag and game.platform.sends == 2
        assert (game.folder / "submission.csv").read_bytes() == (game.folder / standing.file).read_bytes()
    game.world.go_on(2 * HOUR)
    third = game.play()
    now = registry.submissions.standing()
    assert now is not None and now.tag == third.tag, "until something better is sent"


def test_what_the_vault_chose_takes_the_place_of_what_waits(
    begin: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    game = begin(limit=9)
    first = game.play()
    monkeypatch.setattr(allowance, "why_not", lambda *_, **__: "not now")
    assert game.play().waits and game.play().waits
    rows = sorted(blending.blends_by_score(game.engine), key=lambda row: row.round)
    finish(game, by_the_vault(game, rows[1]))
    held = waiting.find(game.engine.registry)
    assert held is not None and held.weights == dict(rows[1].weights), "although its estimate is worse"
    finish(game, by_the_vault(game, rows[0]))
    standing = game.engine.registry.submissions.standing()
    assert waiting.find(game.engine.registry) is None and standing is not None and standing.tag == first.tag
    assert (game.folder / "submission.csv").read_bytes() == (game.folder / standing.file).read_bytes()


def test_a_file_that_waited_is_not_what_stands_after_a_crash_in_the_next_send(
    begin: Callable[..., Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    game = begin(limit=5)
    game.play()
    game.world.go_on(600)
    assert game.play().waits
    game.world.go_on(HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_sent", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            game.play()
    reconcile(game.resumed())
    registry = game.engine.registry
    standing = registry.submissions.standing()
    assert game.platform.sends == 2 and standing is not None and standing.tag == registry.submissions.all()[-1].tag
    assert waiting.find(registry) is None
    assert (game.folder / "submission.csv").read_bytes() == (game.folder / standing.file).read_bytes()


def test_information_falls_with_what_was_scored(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=9)
    game.play()
    queue = {one.purpose: one for one in game.engine.registry.candidates.all()}
    row = candidates.row_of(queue["best"])
    again = candidates._novelty(game.engine, row, candidates._scored(game.engine))
    other = candidates._novelty(game.engine, candidates.row_of(queue["probe"]), candidates._scored(game.engine))
    assert again == pytest.approx(0.0, abs=1e-6) and other > again


def test_nothing_is_chosen_while_the_best_is_in_doubt(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=5)
    game.play()
    game.world.go_on(2 * HOUR)
    real = game.platform.submit

    def silent(file: Path, tag: str, message: str) -> Any:
        game.platform.submit = real  # type: ignore[method-assign]
        raise AmbiguousSend("no answer in time")

    game.platform.submit = silent  # type: ignore[method-assign]
    assert game.play().tag is not None and game.states()[-1] == "ambiguous"
    close(game.engine)
    assert game.platform.selected == (), "the robust one alone would be the final one"
    game.world.go_on(game.platform.settles_s)
    close(game.engine)
    best = game.engine.registry.submissions.standing()
    assert best is not None and best.remote_id in game.platform.selected


def test_the_queue_keeps_no_record_of_what_was_dropped(begin: Callable[..., Campaign]) -> None:
    game = begin(limit=1)
    for _ in range(3):
        game.play()
    for one in game.engine.registry.candidates.all():
        assert bool(one.detail) == (one.state != "dropped")
