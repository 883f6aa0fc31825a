"""Kaggle as a platform. Passes `podium.testing.platform_conformance`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.platforms.kaggle import fetch, quota, reading, submit, submitted
from podium.platforms.kaggle.client import Client
from podium.platforms.kaggle.settings import submissions_page
from podium.platforms.platform import Quota, RemoteSubmission

SHOWN_TEAMS = 1000
SETTLES_S = 180.0  # a request that we gave up may still be at work there


class Kaggle:
    """One competition of Kaggle, by its name in the address. No network is touched here.

    Raises UserError: the client is not installed, or there are no credentials."""

    name = "kaggle"
    has_list = True

    def __init__(self, slug: str, *, settles_s: float = SETTLES_S) -> None:
        self.slug, self.settles_s = slug, settles_s
        self._client()

    def _client(self) -> Client:
        return Client(self.slug)

    def fetch(self, into: Path) -> Path:
        """The files and the pages of the competition, in `into`/SLUG, which is there whole or not at all."""
        whole = into / self.slug
        if not whole.is_dir():
            with self._client() as client:
                fetch.files(client, into)
        return whole

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        """Upload, then create the submission: that request is sent once, and retried by nobody."""
        with self._client() as client:
            return submit.send(client, file, tag, message)

    def submissions(self) -> list[RemoteSubmission]:
        with self._client() as client:
            return submitted.submissions(client)

    def quota(self) -> Quota | None:
        """What Kaggle allows now, by its own count (failed submissions and the team's other members as it counts them);
        its day ends at 0:00 UTC of its own clock."""
        with self._client() as client:
            return quota.left(client)

    def leaderboard(self) -> list[tuple[str, float]]:
        """(team, public score), best first; at most the first thousand."""
        with self._client() as client:
            rows = client.pages("get_leaderboard", "submissions", "reading the leaderboard", size=200,
                                most=SHOWN_TEAMS // 200, competition_name=self.slug)  # fmt: skip
            pairs = [(str(row.team_name or row.team_id), submitted.score(row.score)) for row in rows]
            return [(team, score) for team, score in pairs if score is not None]

    def select(self, ids: Sequence[str]) -> bool:
        """The API lists what is selected and cannot select: True where a person has chosen just these already. They are
        chosen at `selection_page`."""
        from kagglesdk.competitions.types.competition_enums import SubmissionGroup

        with self._client() as client:
            chosen = client.pages("list_submissions", "submissions", "reading the final selection",
                                  competition_name=self.slug, group=SubmissionGroup.SUBMISSION_GROUP_SELECTED)  # fmt: skip
            return {str(one.ref) for one in chosen} == set(ids)

    @property
    def selection_page(self) -> str:
        return submissions_page(self.slug)

    def submit_version(self, kernel: str, version: int, tag: str, message: str, file_name: str) -> RemoteSubmission:
        """For a code competition: the output file of a version of a kernel (OWNER/SLUG). Raises as `submit` does."""
        with self._client() as client:
            return submit.send_version(client, kernel, version, file_name, tag, message)

    def published(self, query: str) -> list[reading.Text]:
        """Public notebooks and discussions about it. Raises Unreachable, UserError."""
        with self._client() as client:
            return reading.find(client, query)

    def about(self) -> Any:
        """The competition as Kaggle describes it: title, metric, deadline, limits, whether its rules are accepted."""
        with self._client() as client:
            return client.call("get_competition", "asking about the competition", competition_name=self.slug)
