"""The grading worker: a metric that hangs, dies or breaks costs one submission, and tells a contestant nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from still_arena import labelled

from podium.arena.making import Terms, make
from podium.arena.marking import BROKEN, UNDEFINED, DirectMarker, WorkerMarker
from podium.arena.places import Places
from podium.arena.store.submissions import Kept

METRIC = """
import os, time
NAME, DIRECTION, NEEDS = "odd", "higher", "score"
def score(truth, prediction):
    first = float(prediction.ravel()[0])
    if first == 1:
        time.sleep(600)
    if first == 2:
        os._exit(9)
    if first == 3:
        raise RuntimeError("the answers are " + str(truth))
    return 0.25
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "odd.py").write_text(METRIC)
    made = Places(tmp_path / "data")
    made.make()
    own = str(tmp_path / "odd.py")
    make("odd", labelled(60), ["sick"], own, Terms("Odd"), public=made.public("odd"), private=made.private("odd"))
    return made


def sent(places: Places, number: int) -> Kept:
    """A submission that is scored as `METRIC` says by its first cell."""
    sample = (places.public("odd") / "sample_submission.csv").read_text().splitlines()
    path = places.uploads.path("odd", f"{number:012d}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([sample[0], *(f"{line.split(',')[0]},{number}" for line in sample[1:])]))
    now = datetime.now(UTC)
    return Kept(1, path.name, 1, "odd", "t", "", "s.csv", "", 1, now, "pending", "", None, None, False)


@pytest.mark.slow
def test_what_hangs_dies_or_breaks_costs_one_submission(places: Places, capfd: pytest.CaptureFixture[str]) -> None:
    marker = WorkerMarker(places, limit_s=3.0)
    try:
        assert marker.mark(sent(places, 0)) == (0.25, 0.25, "")
        assert marker.mark(sent(places, 2)) == (None, None, BROKEN)
        marks = marker.mark(sent(places, 3))
        assert marks == (None, None, BROKEN)
        assert "metric.py" in capfd.readouterr().err, "the host reads why"
        assert marker.mark(sent(places, 1)) == (None, None, "grading took longer than 3 s")
        assert marker.mark(sent(places, 0)) == (0.25, 0.25, "")
    finally:
        marker.close()


def test_an_undefined_score_is_an_error_and_no_crash(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    frame = labelled(60).with_columns(sick=labelled(60)["x"])
    make("odd", frame, ["sick"], "pearson", Terms("P"), public=places.public("odd"), private=places.private("odd"))
    marks = DirectMarker(places).mark(sent(places, 7))
    assert marks in ((None, None, UNDEFINED), (0.0, 0.0, ""))
