"""A competition like a music recommender's, as a table that can be played: what a contest team found only by asking.

Rows are plays (user, track, context), the target is how much of it was heard, in minutes. Hidden in it:
- two types of users. Repeaters go by their own history (the artist's standing with this very user, and the more often they
  heard the track the more they like it); explorers go by what the track is like, and tire of what they know.
- data that nothing uses: `catalogue.csv` describes the tracks, under another name of the key, so intake cannot join it.
- another metric than the usual one: RMSE of each user, averaged over users, of whom few are heavy and easy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

N_USERS, N_TRACKS, N_ARTISTS = 160, 900, 40
REPEATERS = 0.4
EACH, HEAVY = 20, 60  # plays at least; beyond which a user is steady
DESCRIPTION = """# Minutes heard

Predict how many minutes of a track a listener hears. `plays_before` counts how often this listener heard the track before.
`catalogue.csv` describes the tracks.

## Evaluation

For each user the root mean squared error of the predicted minutes is computed; the score is averaged over users.
"""


@dataclass(frozen=True)
class Truth:
    """What the case hides: `repeaters`, the names of those users; the answers of test with their users."""

    repeaters: frozenset[str]
    answers: pl.DataFrame  # id, minutes
    users: pl.Series  # of test, in that order

    def score(self, submission: pl.DataFrame) -> float:
        """The competition's own metric: RMSE of each user, averaged over users."""
        joined = self.answers.with_columns(self.users.alias("user")).join(submission, on="id", suffix="_said")
        each = joined.group_by("user").agg(
            ((pl.col("minutes") - pl.col("minutes_said")) ** 2).mean().sqrt().alias("rmse")
        )
        return float(each["rmse"].mean())  # type: ignore[arg-type]


def create(folder: Path, *, n: int = 9_000, seed: int = 0) -> Truth:
    """Write train.csv, test.csv (a fifth of the rows), sample_submission.csv, catalogue.csv and description.md."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tracks, artist_of = _catalogue(rng)
    repeats = rng.random(N_USERS) < REPEATERS
    user, track, before = _plays(rng, n, repeats, artist_of)
    minutes = _minutes(rng, repeats, user, track, before, tracks, artist_of)
    frame = pl.DataFrame(
        {
            "id": np.arange(n) + 10_000,
            "user": [f"u{i:03d}" for i in user],
            "track": [f"t{i:04d}" for i in track],
            "artist": [f"a{i:02d}" for i in artist_of[track]],
            "plays_before": before,
            "hour": rng.integers(0, 24, n),
            "device": rng.choice(["phone", "desk", "car"], n),
            "minutes": minutes.round(4),
        }
    )
    is_test = rng.random(n) < 0.2
    train, test = frame.filter(pl.Series(~is_test)), frame.filter(pl.Series(is_test))
    train.write_csv(folder / "train.csv")
    test.drop("minutes").write_csv(folder / "test.csv")
    test.select("id", pl.lit(0.0).alias("minutes")).write_csv(folder / "sample_submission.csv")
    tracks.write_csv(folder / "catalogue.csv")
    (folder / "description.md").write_text(DESCRIPTION, "utf-8")
    names = frozenset(f"u{i:03d}" for i in np.flatnonzero(repeats))
    return Truth(names, test.select("id", "minutes"), test["user"])


def _catalogue(rng: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Tracks by what they are like, their key under another name than train's; and the artist of each."""
    frame = pl.DataFrame(
        {
            "track_ref": [f"t{i:04d}" for i in range(N_TRACKS)],
            "energy": rng.normal(size=N_TRACKS).round(3),
            "loudness": rng.normal(size=N_TRACKS).round(3),
            "year": rng.integers(1970, 2025, N_TRACKS),
        }
    )
    return frame, rng.integers(0, N_ARTISTS, N_TRACKS)


def _plays(
    rng: np.random.Generator, n: int, repeats: NDArray[np.bool_], artist_of: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """User, track and times heard before, of each play: users of very different activity, repeaters on few artists."""
    activity = rng.pareto(1.3, N_USERS)
    user = np.concatenate(
        [np.repeat(np.arange(N_USERS), EACH), rng.choice(N_USERS, n - EACH * N_USERS, p=activity / activity.sum())]
    )
    track = rng.integers(0, N_TRACKS, n)
    own = [rng.choice(N_TRACKS, 12, replace=False) for _ in range(N_USERS)]
    again = rng.random(n) < np.where(repeats[user], 0.85, 0.15)
    track = np.where(again, [own[u][rng.integers(12)] for u in user], track)
    seen: dict[tuple[int, int], int] = {}
    before = np.zeros(n, dtype=np.int64)
    for at, key in enumerate(zip(user.tolist(), track.tolist(), strict=True)):
        before[at] = min(seen.get(key, 0), 12)
        seen[key] = seen.get(key, 0) + 1
    return user.astype(np.int64), track.astype(np.int64), before


def _minutes(
    rng: np.random.Generator,
    repeats: NDArray[np.bool_],
    user: NDArray[np.int64],
    track: NDArray[np.int64],
    before: NDArray[np.int64],
    tracks: pl.DataFrame,
    artist_of: NDArray[np.int64],
) -> NDArray[np.float64]:
    standing = rng.normal(0, 0.9, (N_USERS, N_ARTISTS))
    like = 0.9 * tracks["energy"].to_numpy() - 0.6 * np.maximum(tracks["loudness"].to_numpy(), 0)
    heard = np.log1p(before)
    by_history = standing[user, artist_of[track]] + 0.7 * heard
    by_track = like[track] - 0.7 * heard
    count = np.bincount(user, minlength=N_USERS)
    noise = np.where(count[user] > HEAVY, 0.3, 1.1)  # heavy users are steady
    return np.asarray(4.0 + np.where(repeats[user], by_history, by_track) + noise * rng.normal(size=len(user)))
