from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podium.arena.records import history, review
from podium.arena.records.docket import Docket
from podium.arena.records.facts import Ground, RunFacts, Triage
from podium.arena.records.judge import Verdict
from podium.arena.records.submission import Submission
from podium.errors import EngineBusy, Refused, UserError

CLAIM = """{"author": "A", "name": "N%d", "date": "2026-01-02", "track": "record", "bpb": 1.5, "bytes": 10, "seeds": [1],
"results": [{"seed": 1, "val_bpb": 1.5, "val_bytes": 9, "train_s": 1.0, "eval_s": 1.0, "artifact_bytes": 5, "log": "logs/1.txt"}],
"builds_on": [%s]}"""
HAND_IN = """
import sys
from pathlib import Path
from podium.arena.records.docket import Docket
from podium.arena.records.submission import Submission
docket = Docket(Path(sys.argv[1]))
print("ready", flush=True)
number = len(docket.entries())
while True:
    number += 1
    docket.receive(Submission({"train.py": b"x" * 5000 + str(number).encode(), "submission.json": b"{}"}), "a", str(number))
"""


def handed_in(number: int, builds_on: str = "") -> Submission:
    return Submission({"train.py": f"x = {number}".encode(), "submission.json": (CLAIM % (number, builds_on)).encode()})


def decided(docket: Docket, number: int, kind: str, standing: int | None = None, p: float | None = None) -> None:
    reason = Ground("first" if kind == "record" else "causality" if kind == "invalid" else "not_better", "")
    docket.record_triage(number, Triage())
    docket.decide(number, Verdict(kind, (reason,), 1.0, standing, p=p))  # type: ignore[arg-type]


def test_495_open_submissions_are_taken_in_order_and_none_is_missed(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    for number in range(1, 496):
        assert review.receive(docket, handed_in(number)).number == number
    seen = []
    while (entry := docket.oldest_open()) is not None:
        decided(docket, entry.number, "non_record")
        seen.append(entry.number)
    assert seen == list(range(1, 496))


def test_the_same_folder_twice_is_refused(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    review.receive(docket, handed_in(1))
    with pytest.raises(Refused, match="is submission 1 already"):
        review.receive(docket, handed_in(1))
    assert len(docket.entries()) == 1


def test_an_unreadable_claim_is_queued_all_the_same(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    entry = review.receive(docket, Submission({"train.py": b"", "submission.json": b"{"}))
    assert docket.oldest_open() == entry


def test_what_was_handed_in_cannot_be_changed_unnoticed(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    entry = review.receive(docket, handed_in(1))
    (tmp_path / "store" / entry.sha256 / "train.py").write_text("better")
    with pytest.raises(UserError, match="not what was handed in"):
        docket.submission(1)


def test_handing_in_survives_kill_9(tmp_path: Path) -> None:
    for pause in (0.02, 0.07, 0.15):
        process = subprocess.Popen([sys.executable, "-c", HAND_IN, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    docket = Docket(tmp_path)
    numbers = [entry.number for entry in docket.entries()]
    assert numbers and numbers == list(range(1, len(numbers) + 1))
    assert all(docket.submission(number).files for number in numbers)


def test_one_reviewer_at_a_time_and_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    child = os.fork()
    if child == 0:
        with docket.reviewing():
            os.write(1, b"")
            (tmp_path / "held").touch()
            time.sleep(60)
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    with pytest.raises(EngineBusy), docket.reviewing():
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with docket.reviewing():
        pass


def test_registered_seeds_and_finished_runs_are_never_edited(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    review.receive(docket, handed_in(1))
    docket.register(1, "registered", [5, 6, 7])
    docket.register(1, "registered", [5, 6, 7])
    assert docket.seeds(1, "registered") == [5, 6, 7]
    run = docket.start(1, "registered", 5, "here")
    again = docket.start(1, "registered", 5, "here")  # the first reviewer was killed
    docket.finish(again, RunFacts("registered", 5, bpb=1.0), "done")
    with pytest.raises(ValueError, match="has ended already"):
        docket.finish(again, None, "lost")
    with pytest.raises(ValueError, match="has ended already"):
        docket.finish(run, None, "lost")
    assert [one.outcome for one in docket.runs(1)] == ["interrupted", "done"]


def test_a_run_needs_a_registered_seed(tmp_path: Path) -> None:
    import sqlite3

    docket = Docket(tmp_path)
    review.receive(docket, handed_in(1))
    with pytest.raises(sqlite3.IntegrityError):
        docket.start(1, "registered", 8, "here")


def test_history_goes_by_time_of_submission_and_invalidation_shows_on_descendants(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    on = '{"submission": %d, "technique": "t", "author": "A"}'
    for number, above in ((1, ""), (2, on % 1), (3, on % 2), (4, on % 3), (5, on % 1)):
        review.receive(docket, handed_in(number, above))
    decided(docket, 1, "record")
    decided(docket, 3, "record", 2)  # reviewed before 2
    decided(docket, 2, "record", 1)
    decided(docket, 4, "non_record", 3, p=0.2)
    decided(docket, 5, "non_record", 3, p=0.4)
    found = history.cases(docket)
    assert [case.entry.number for case in history.records(found)] == [1, 2, 3]
    assert (history.standing_before(found, 3) or found[0]).entry.number == 2
    assert history.standing_before(found, 1) is None
    assert history.rivals(found, 5, 3) == (0.2,)
    docket.invalidate(2, "it read the answers")
    found = history.cases(docket)
    assert [case.rests_on for case in found] == [(), (), (2,), (2,), ()]
    assert [case.entry.number for case in history.records(found)] == [1, 3]
    assert history.descendants(found)[2] == (3, 4)
    assert found[1].state == "invalidated"


def test_a_submission_without_verdict_cannot_be_taken_back(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    review.receive(docket, handed_in(1))
    with pytest.raises(UserError, match="no verdict yet"):
        docket.invalidate(1, "why")
    with pytest.raises(UserError, match="no submission 9"):
        docket.entry(9)


def test_a_database_of_a_newer_podium_is_refused(tmp_path: Path) -> None:
    docket = Docket(tmp_path)
    docket._db.execute("PRAGMA user_version = 7")
    docket.close()
    with pytest.raises(UserError, match="newer Podium"):
        Docket(tmp_path)
