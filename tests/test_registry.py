from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from podium.campaign.options import Options
from podium.errors import CampaignError, EngineBusy, StaleEpoch
from podium.records import ExperimentSpec, Plan, RunExit, from_json
from podium.registry import Registry
from podium.registry import database as database_of
from podium.registry.clock import Clock
from podium.registry.database import Database
from podium.registry.experiments import Experiment
from podium.registry.lock import EngineLock
from podium.registry.runs import RunRow
from podium.registry.submissions import SubmissionRow


def experiment(number: int, **changes: object) -> Experiment:
    spec = ExperimentSpec(f"idea {number}", "because", "draft", "lightgbm")
    values: dict[str, object] = {
        "id": f"E{number:03d}",
        "round": 1,
        "spec": spec,
        "seed": 0,
        "fingerprint": f"f{number}",
        "solution_sha": "s",
        "builtin": True,
        "static_cost_s": 1.0,
    }
    return Experiment(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.create(tmp_path)


def test_a_recorded_step_is_never_run_again(registry: Registry) -> None:
    calls: list[int] = []

    def work() -> Plan:
        calls.append(1)
        return Plan((ExperimentSpec("a", "b", "draft", "ridge"),), "text")

    first = registry.journal.step(1, "plan", Plan, work)
    again = registry.journal.step(1, "plan", Plan, work)
    assert first == again
    assert len(calls) == 1


def test_a_step_and_what_follows_from_it_are_recorded_together_or_not_at_all(registry: Registry) -> None:
    def record(plan: Plan) -> None:
        registry.experiments.add(experiment(1))
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        registry.journal.step(1, "build", Plan, lambda: Plan((), "x"), record)
    assert registry.journal.find("R01_build") is None
    assert registry.experiments.count() == 0


def test_a_newer_engine_fences_the_older_ones_writes(tmp_path: Path) -> None:
    old = Registry.create(tmp_path)
    new = Registry.create(tmp_path)
    with pytest.raises(StaleEpoch):
        old.set("state", 1)
    new.set("state", 2)
    assert Registry.open(tmp_path).setting("state") == 2


def test_readers_cannot_write_facts_but_may_fill_the_inbox(registry: Registry, tmp_path: Path) -> None:
    reader = Registry.open(tmp_path)
    with pytest.raises(StaleEpoch):
        reader.set("state", 1)
    reader.inbox.put("note", {"role": "builder", "text": "try logs"})
    (message,) = registry.inbox.pending()
    registry.inbox.consume(message)
    assert registry.inbox.pending() == []
    assert registry.inbox.notes() == ("builder: try logs",)


def test_what_an_older_campaign_was_asked_is_still_understood(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    registry.set("options", {"experiments": 3, "ask": None})
    registry.database._connection.execute("ALTER TABLE submissions DROP COLUMN stands_after")
    registry.database._connection.execute("PRAGMA user_version=9")
    registry.close()
    newer = Registry.create(tmp_path)
    assert from_json(Options, newer.setting("options")) == Options(experiments=3)
    newer.close()


def test_migrations_are_recorded_and_applied_once(tmp_path: Path) -> None:
    first = Database.create(tmp_path / "podium.db")
    row = first.row("PRAGMA user_version")
    assert row is not None and row[0] >= 1
    first.close()
    Database.create(tmp_path / "podium.db").close()


def test_a_database_of_a_newer_podium_is_refused(tmp_path: Path) -> None:
    database = Database.create(tmp_path / "podium.db")
    database._connection.execute("PRAGMA user_version=999")
    database.close()
    with pytest.raises(CampaignError, match="newer Podium"):
        Database.create(tmp_path / "podium.db")


def test_what_an_older_podium_made_is_brought_up_to_date_when_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = database_of._migrations()
    with monkeypatch.context() as older:
        older.setattr(database_of, "_migrations", lambda: every[:8])  # before `merit`
        older_one = Registry.create(tmp_path)
        older_one.experiments.add(experiment(1))
        older_one.close()
    engine = EngineLock(tmp_path)
    engine.acquire()
    held = Registry.open(tmp_path)  # an older engine would fail on tables that changed under it
    held.inbox.put("stop", {})
    with pytest.raises(CampaignError, match="an older Podium is at work on it"):
        held.experiments.best_of_pool(1, higher_is_better=True)
    found = held.experiments.get("E001")
    assert found is not None and found.merit is None, "what needs no new column can be read"
    held.close()
    engine.release()
    registry = Registry.open(tmp_path)
    assert registry.experiments.best_of_pool(1, higher_is_better=True) == [] and registry.blends.newest() == []
    registry.close()
    assert not EngineLock.is_held(tmp_path)


def test_a_newer_podiums_is_refused_to_readers_too(tmp_path: Path) -> None:
    database = Database.create(tmp_path / "podium.db")
    database._connection.execute("PRAGMA user_version=999")
    database.close()
    with pytest.raises(CampaignError, match="newer Podium"):
        Registry.open(tmp_path)


def test_a_file_that_is_no_database_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "podium.db").write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(CampaignError, match="cannot be used"):
        Registry.create(tmp_path)


def test_no_campaign_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="is not a campaign"):
        Registry.open(tmp_path / "nowhere")


def test_a_run_is_recorded_once(registry: Registry) -> None:
    row = RunRow(
        "k", "E001", "fit", "fold_1", "runs/E001/fold_1", RunExit("done", 1.0, files={"predictions.npy": "aa"})
    )
    registry.runs.open_attempt("k", "E001", row.folder, 0.0)
    registry.runs.add(row)
    registry.runs.add(RunRow("k", "E001", "fit", "fold_1", "elsewhere", RunExit("done", 2.0)))
    found = registry.runs.find("k")
    assert found == row
    assert registry.runs.open_attempts() == []


def test_a_new_champion_makes_the_old_one_pooled(registry: Registry) -> None:
    for number in (1, 2):
        registry.experiments.add(experiment(number))
        registry.experiments.set_verdict(f"E{number:03d}", "champion", None, ())
    assert registry.experiments.champion() == "E002"
    first = registry.experiments.get("E001")
    assert first is not None and first.verdict == "pooled"


def test_the_shortlist_stays_flat(registry: Registry) -> None:
    for number in range(1, 121):
        registry.experiments.add(experiment(number))
        registry.experiments.set_score(f"E{number:03d}", float(number), 0.1, ())
        registry.experiments.set_verdict(f"E{number:03d}", "pooled", None, ())
    found = registry.experiments.shortlist(10, 5, higher_is_better=False)
    assert [e.id for e in found] == [*(f"E{n:03d}" for n in range(1, 11)), *(f"E{n:03d}" for n in range(116, 121))]


def test_an_unknown_cost_is_unknown_and_not_zero(registry: Registry) -> None:
    registry.ledger.charge(1, "builder:build", "usd", 0.5)
    assert registry.ledger.totals()["usd"] == 0.5
    registry.ledger.charge(1, "builder:build", "usd", None)
    assert registry.ledger.totals()["usd"] is None


def test_the_same_file_is_known_to_have_been_submitted(registry: Registry) -> None:
    registry.submissions.intend(SubmissionRow("t", 1, "rounds/R01_submission.csv", "sha", "intent", 0.5, 0.1))
    assert registry.submissions.has_file("sha")
    assert [row.tag for row in registry.submissions.unsettled()] == ["t"]
    registry.submissions.settle("t", "failed")
    assert not registry.submissions.has_file("sha")


def test_a_submission_may_stand_again(registry: Registry) -> None:
    sent = registry.submissions
    for tag in "abcd":
        purpose = "robust" if tag == "b" else "best"
        sent.intend(SubmissionRow(tag, 1, "f", f"sha {tag}", "intent", 0.5, 0.1, purpose=purpose))
        sent.settle(tag, "failed" if tag == "d" else "confirmed", remote_id="9")
    stands = lambda: (sent.standing() or sent.all()[0]).tag  # noqa: E731
    assert stands() == "c"
    for tag in ("a", "b", "a"):  # a robust one is a best one from then on
        assert (row := sent.stand_again(f"sha {tag}")) is not None and row.tag == tag and stands() == tag
    assert sent.stand_again("sha d") is None and sent.stand_again("another") is None and stands() == "a"
    sent.intend(SubmissionRow("e", 2, "f", "sha e", "intent", 0.4, 0.1))
    assert stands() == "e", "until another is sent"
    sent.settle("e", "failed")
    assert stands() == "a"


def test_alive_time_adds_up_over_engines(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    clock = Clock(registry.database)
    clock.charge(40.0)
    clock.beat()
    again = Clock(registry.database)
    assert 40.0 <= again.alive_s() < 41.0


def test_the_export_leaves_out_what_a_clock_measured(tmp_path: Path) -> None:
    exports = []
    for name, seconds in (("a", 1.0), ("b", 9.0)):
        (tmp_path / name).mkdir()
        registry = Registry.create(tmp_path / name)
        registry.experiments.add(experiment(1))
        exit_ = RunExit("done", seconds, cpu_s=seconds, files={"predictions.npy": "aa", "model.pkl": name})
        registry.runs.add(RunRow("k", "E001", "fit", "fold_1", "runs/E001/fold_1", exit_))
        registry.events.add(seconds, 1, "phase", {})
        exports.append(registry.export())
    assert exports[0] == exports[1]


def test_the_lock_admits_one_engine_and_goes_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from podium.registry.lock import EngineLock\n"
        f"EngineLock(Path({str(tmp_path)!r})).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "held"
        assert EngineLock.is_held(tmp_path)
        with pytest.raises(EngineBusy):
            EngineLock(tmp_path).acquire()
        other.kill()
    assert not EngineLock.is_held(tmp_path)
    EngineLock(tmp_path).acquire()
