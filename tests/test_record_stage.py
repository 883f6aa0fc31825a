from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from podium.arena.records import passes, probes, training
from podium.arena.records.documents import pack
from podium.arena.records.passes import Reading
from podium.arena.records.rules import Rules
from podium.arena.records.stage import Broke, Stage
from podium.execution import processes, sandbox
from podium.testing import record_faults, record_text

TEXTS = record_text.documents(20, seed=2, length=40)
RULES = replace(record_faults.rules("bytes"), train_s=20.0)
MODEL = {"train.py": record_faults.catalogue()[0].files(None)["train.py"]}  # type: ignore[arg-type]
WORKING = [level for level in sandbox.LEVELS if level == "process" or sandbox.why_not(level) is None]


def readings() -> dict[int, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return {i: np.frombuffer(text, dtype=np.uint8).astype(np.int64) for i, text in enumerate(TEXTS[:4])}


@pytest.mark.parametrize("level", WORKING)
def test_training_and_scoring_at_each_level_of_the_sandbox(level: str) -> None:
    with Stage(RULES, level) as stage:
        trained = training.run(stage, MODEL, [pack(TEXTS[10:15]), pack(TEXTS[15:])], 1, RULES)
        assert trained.shards_read == 2 and 0 < trained.data_s <= trained.training_s <= trained.artifact_s
        found = passes.run(stage, MODEL, trained.artifact, probes.official(readings(), 8), 0, RULES, 20.0)
    assert found.sums.sound and found.sums.rows == sum(map(len, TEXTS[:4]))
    assert [len(found.nats[key]) for key in range(4)] == [40] * 4


def test_a_submissions_own_files_lie_beside_its_code_whatever_they_are_called() -> None:
    source = b"def train(data, seed, deadline):\n    return open('log', 'rb').read() + open('a/line', 'rb').read()\n"
    with Stage(RULES) as stage:
        files = {"train.py": source, "log": b"one", "a/line": b"two"}
        assert training.run(stage, files, [pack(TEXTS)], 1, RULES).artifact == b"onetwo"


def test_every_symbol_has_its_distribution_before_it_is_told() -> None:
    """A scorer that echoes what it was told: row i is certain of symbol i - 1, and of nothing to come."""
    echo = b"""
import numpy as np
def train(data, seed, deadline): return b''
class Scorer:
    def start(self): return np.full(256, 1 / 256)
    def read(self, symbols): return np.eye(256)[symbols]
def load(artifact): return Scorer()
"""
    text = np.array([5, 5, 7, 7, 7, 9])
    with Stage(RULES) as stage:
        found = passes.run(stage, {"train.py": echo}, b"", [Reading(0, text, (2, 3))], 0, RULES, 20.0)
    assert (found.nats[0] < 1e-9).tolist() == [False, True, False, True, True, False]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"raise RuntimeError('no')", "crash"),
        (b"import os; os._exit(3)", "crash"),
        (b"import time; time.sleep(60)", "time"),
        (b"def train(data, seed, deadline): return data.documents(9)", "crash"),
        (b"def train(data, seed, deadline): return b'x' * 1_000_000", "size"),
        (b"def train(data, seed, deadline):\n    import os\n    os.kill(os.getpid(), 9)", "crash"),
        (b"x = 1", "crash"),
    ],
)
def test_what_breaks_is_told_apart(source: bytes, why: str) -> None:
    rules = replace(RULES, startup_s=1.5 if why == "time" else 60.0)
    with Stage(rules) as stage, pytest.raises(Broke) as broke:
        training.run(stage, {"train.py": source}, [pack(TEXTS)], 1, rules)
    assert broke.value.why == why
    assert broke.value.log or b"raise" not in source


def marked(stage: Stage) -> list[int]:
    """Processes of this stage: its sandbox, its warm parent, the forks."""
    found = []
    for one in processes.every():
        try:
            words = Path(f"/proc/{one.pid}/cmdline").read_bytes()
        except OSError:
            continue
        if stage.mark.encode() in words and not one.zombie:
            found.append(one.pid)
    return found


def test_a_sandbox_that_was_killed_is_lost_and_then_made_anew() -> None:
    with Stage(RULES) as stage:
        with stage.session("train", MODEL, 30.0) as session:
            assert marked(stage)
            processes.kill(marked(stage))
            with pytest.raises(Broke) as broke:
                session.hear(time.monotonic() + 10.0)
            assert broke.value.why == "lost"
        assert training.run(stage, MODEL, [pack(TEXTS)], 1, RULES).artifact


def test_nothing_is_left_running() -> None:
    source = (
        b"import os, time\nif os.fork() == 0:\n    time.sleep(600)\ndef train(data, seed, deadline): return b'done'\n"
    )
    with Stage(RULES) as stage:
        assert training.run(stage, {"train.py": source}, [pack(TEXTS)], 1, RULES).artifact == b"done"
    give_up = time.monotonic() + 20.0
    while marked(stage) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert marked(stage) == []


def test_rules_that_make_no_contest() -> None:
    with pytest.raises(ValueError, match="expected 2 seeds"):
        Rules(seeds=1)
    with pytest.raises(ValueError, match="train_s: expected more than nothing"):
        Rules(train_s=0)
    with pytest.raises(ValueError, match="min_level"):
        Rules(min_level="strong")
