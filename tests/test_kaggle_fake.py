"""The fake is what the official client takes for Kaggle; and nothing but loopback is needed to play against it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kaggle_world import FILES, contest, submission

from podium.testing.fake_kaggle import Clock, Contest, FakeKaggle, Faults, environment

pytest.importorskip("kagglesdk")

# The official command, with the address of the service replaced in the child alone.
OFFICIAL = """
import sys
import kagglesdk.kaggle_env as places
places._env_to_endpoint[places.KaggleEnv.PROD] = sys.argv.pop(1)
from kaggle.cli import main
sys.argv[0] = "kaggle"
main()
"""

# In a namespace of its own: loopback is brought up, and is all there is.
ALONE = """
import fcntl, os, socket, struct, sys, tempfile
from pathlib import Path

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 1 | 64))  # SIOCSIFFLAGS: up, running

assert not any(line.split()[1] == "00000000" for line in Path("/proc/net/route").read_text().splitlines()[1:]), "a way out"
with socket.socket() as out:
    out.settimeout(2)
    try:
        out.connect(("1.1.1.1", 443))
        raise SystemExit("the network is open")
    except OSError:
        pass

sys.path.insert(0, sys.argv[1])
from kaggle_world import playing, submission
from podium.platforms.kaggle import Kaggle
from podium.platforms.kaggle.listing import competitions

home = Path(tempfile.mkdtemp(dir=sys.argv[2]))
with playing() as fake:
    kaggle = Kaggle("tiny")
    assert competitions()[0].slug == "tiny"
    assert (kaggle.fetch(home) / "train.csv").is_file()
    kaggle.submit(submission(home), "podium-0123456789ab", "alone")
    assert [one.public_score for one in kaggle.submissions()] == [0.5]
    assert kaggle.quota().left == 4 and kaggle.leaderboard() and kaggle.published("trees")
print("alone and well", len(fake.requests))
"""


def official(fake: FakeKaggle, home: Path, *arguments: str) -> str:
    env = {**os.environ, **environment(fake), "HOME": str(home)}
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        env.pop(name, None)
    done = subprocess.run([sys.executable, "-c", OFFICIAL, fake.url, *arguments], cwd=home, env=env, timeout=60,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_official_client_plays_against_the_fake(tmp_path: Path) -> None:
    pytest.importorskip("six")
    submission(tmp_path, 0.75)
    with FakeKaggle(contest()) as fake:
        assert "sample_submission.csv" in official(fake, tmp_path, "competitions", "files", "tiny")
        sent = official(fake, tmp_path, "competitions", "submit", "tiny", "-f", "submission.csv", "-m", "by hand")
        assert "Successfully submitted" in sent
        assert "0.75" in official(fake, tmp_path, "competitions", "submissions", "tiny")
        official(fake, tmp_path, "competitions", "download", "tiny", "-p", ".")
        with zipfile.ZipFile(tmp_path / "tiny.zip") as archive:
            assert set(archive.namelist()) == set(FILES)
        assert [one.description for one in fake.accepted] == ["by hand"]
        assert not fake.state.refused


def namespace() -> list[str]:
    """A command in front of a command, which gives it a network of its own. Skips where there is none."""
    for own in (["unshare", "--map-root-user", "--net"], ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--unshare-net",
                "--uid", "0", "--cap-add", "CAP_NET_ADMIN"]):  # fmt: skip
        if shutil.which(own[0]) and not subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
            return own
    pytest.skip("this machine makes no network namespaces")


def test_nothing_but_loopback_is_needed(tmp_path: Path) -> None:
    command = [*namespace(), sys.executable, "-c", ALONE, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alone and well" in done.stdout


# ---------------------------------------------------------------- the fake itself


def test_the_clock_can_be_set_frozen_and_advanced() -> None:
    new_year = datetime(2030, 1, 1, tzinfo=UTC)
    clock = Clock(new_year)
    assert clock.now() >= new_year
    clock.freeze(new_year)
    assert clock.now() == clock.now() == new_year
    clock.advance(days=-1)
    assert clock.now() == datetime(2029, 12, 31, tzinfo=UTC)


def test_faults_are_met_in_order_and_remembered() -> None:
    faults = Faults().then("A", "ok", "500").then("A", "429", retry_after_s=3)
    assert [faults.take("A").kind for _ in range(4)] == ["ok", "500", "429", "ok"]
    assert faults.take("B").kind == "ok"
    assert faults.met == [("A", "500"), ("A", "429")]
    with pytest.raises(ValueError, match="no fault 'bad'"):
        faults.then("A", "bad")


def test_the_quota_is_counted_by_utc_days_of_its_clock() -> None:
    fake = FakeKaggle(Contest("a", daily=2), clock=Clock())
    contest_ = fake.state.contests["a"]
    fake.clock.freeze(datetime(2030, 3, 31, 23, 59, 59, tzinfo=UTC))
    for _ in range(2):
        fake.state.accept(contest_, "s.csv", b"", "")
    assert fake.state.left(contest_) == 0
    fake.clock.advance(seconds=1)
    assert fake.state.left(contest_) == 2
    fake.state.accept(contest_, "s.csv", b"", "")
    assert fake.most_on_a_day("a") == 2
    assert [one.day for one in fake.accepted] == ["2030-03-31", "2030-03-31", "2030-04-01"]
