"""All that a contestant may do, by pages or by API: both call only this.

Every method is a transaction of its own, checks who may, and hides what may not be shown yet. What it refuses, it
refuses by an `ArenaError`. Times are aware and in UTC.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from podium.arena import names, ranking, tell
from podium.arena.account_service import AccountService, utc_now
from podium.arena.errors import (
    ArenaError,
    Conflict,
    Ended,
    NotFound,
    NotJoined,
    QuotaUsed,
    TooFast,
)
from podium.arena.places import Places
from podium.arena.store import audit, contests, submissions
from podium.arena.store.contests import Held
from podium.arena.store.database import Database
from podium.arena.store.submissions import Kept
from podium.arena.uploads import Upload
from podium.arena.views import Account, ContestView, Leaderboard, QuotaView, SubmissionView

BROKEN = 5  # times the quota: files received a day, those that could not be scored included


class ArenaService(AccountService):
    """`places`: where files lie; `wake`: called after a submission was written, so that a grader looks."""

    def __init__(
        self,
        database: Database,
        places: Places,
        *,
        clock: Callable[[], datetime] = utc_now,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(database, clock)
        self.places, self.wake = places, wake

    # ------------------------------------------------------------ contests

    def contests(self) -> tuple[ContestView, ...]:
        """Newest first."""
        with self.database.read() as connection:
            held = contests.listing(connection)
            crowds = contests.crowds(connection, [one.slug for one in held])
        return tuple(tell.contest(one, *crowds[one.slug], self.clock()) for one in held)

    def contest(self, slug: str) -> ContestView:
        """Raises NotFound."""
        with self.database.read() as connection:
            held = _found(connection, slug)
            crowd = contests.crowds(connection, [slug])[slug]
        return tell.contest(held, *crowd, self.clock())

    def joined(self, account: Account, slug: str) -> bool:
        with self.database.read() as connection:
            return contests.entered(connection, account.id, _found(connection, slug).slug)

    def join(self, account: Account, slug: str, address: str = "") -> None:
        """Accept the contest's rules; again is no mistake. Raises NotFound, Ended."""
        now = self.clock()
        with self.database.write() as connection:
            held = _found(connection, slug)
            if contests.entered(connection, account.id, slug):
                return
            _still_open(held, now)
            if contests.enter(connection, account.id, slug, now):
                audit.append(connection, now, account.name, "join", contest=slug, address=address)

    def file(self, account: Account, slug: str, name: str) -> Path:
        """Where a public file lies, for those who joined. `name` must be one of the contest's `files`: it is looked up,
        not followed. Raises NotFound, NotJoined."""
        with self.database.read() as connection:
            held = _found(connection, slug)
            _must_have_joined(connection, account, slug)
        if all(file.name != name for file in held.files):
            raise NotFound("the contest has no such file")
        return self.places.public(slug) / name

    # ------------------------------------------------------------ submissions

    def submit(
        self,
        account: Account,
        slug: str,
        file_name: str,
        stream: BinaryIO,
        tag: str = "",
        message: str = "",
        address: str = "",
    ) -> tuple[SubmissionView, bool]:
        """Receive a file; it is graded soon after. Returns it, and whether it is new.

        `tag` is an idempotency key: the same tag and file give back what was received before, at no cost.
        Raises NotFound, NotJoined, Ended, QuotaUsed, TooFast, TooLarge, BadFile, BadInput, Conflict (a tag used for
        another file).
        """
        tag = names.tag(tag) if tag else f"t-{secrets.token_hex(8)}"
        held = self.check_may_submit(account, slug, tag)
        id_ = secrets.token_hex(6)
        upload = self.places.uploads.receive(slug, id_, stream, held.contest.max_bytes)
        try:
            kept, new = self._record(account, slug, upload, id_, tag, names.file_name(file_name), message, address)
        except (
            ArenaError
        ):  # anything else may have come after the commit: the file stays, and is swept where it has no row
            upload.path.unlink()
            raise
        if new:
            self.wake()
        return tell.submission(kept, revealed=held.ended(self.clock())), new

    def check_may_submit(self, account: Account, slug: str, tag: str = "") -> Held:
        """What is to be refused is refused before a byte is stored. Raises as `submit` does."""
        with self.database.read() as connection:
            held = _found(connection, slug)
            _must_have_joined(connection, account, slug)
            if not tag or submissions.by_tag(connection, account.id, slug, tag) is None:
                self._may_submit(connection, account, held)
        return held

    def _record(
        self,
        account: Account,
        slug: str,
        upload: Upload,
        id_: str,
        tag: str,
        file_name: str,
        message: str,
        address: str,
    ) -> tuple[Kept, bool]:
        with self.database.write() as connection:
            now, held = self.clock(), _found(connection, slug)
            _must_have_joined(connection, account, slug, lock=True)
            before = submissions.by_tag(connection, account.id, slug, tag)
            if before is not None:
                if before.sha256 != upload.sha256:
                    raise Conflict(f"the tag {tag!r} was used for another file", id=before.id)
                upload.path.unlink()
                return before, False
            self._may_submit(connection, account, held)
            values: dict[str, object] = {
                "id": id_, "account_id": account.id, "contest": slug, "tag": tag, "message": names.message(message),
                "file_name": file_name, "sha256": upload.sha256, "bytes": upload.bytes, "at": now,
                "day": now.date().isoformat(),
            }  # fmt: skip
            kept = submissions.add(connection, values)
            audit.append(
                connection,
                now,
                account.name,
                "submit",
                contest=slug,
                subject=id_,
                address=address,
                sha256=upload.sha256,
            )
        return kept, True

    def _may_submit(self, connection: Connection, account: Account, held: Held) -> None:
        now = self.clock()
        _still_open(held, now)
        quota = self._quota(connection, account, held, now)
        if quota.limit is None:
            return
        resets = quota.resets_at.isoformat()
        if quota.used >= quota.limit:
            raise QuotaUsed(
                f"the quota of {quota.limit} submissions a day is used up; it is renewed at {resets}", resets_at=resets
            )
        if submissions.received(connection, account.id, held.slug, now.date().isoformat()) >= BROKEN * quota.limit:
            raise TooFast("too many files of today could not be scored", resets_at=resets)

    def submissions(self, account: Account, slug: str) -> tuple[SubmissionView, ...]:
        """The account's own, oldest first. Raises NotFound."""
        with self.database.read() as connection:
            revealed = _found(connection, slug).ended(self.clock())
            kept = submissions.of_account(connection, account.id, slug)
        return tuple(tell.submission(one, revealed=revealed) for one in kept)

    def submission(self, account: Account, slug: str, id_: str) -> SubmissionView:
        """One of the account's own. Raises NotFound, also for one of somebody else."""
        found = [one for one in self.submissions(account, slug) if one.id == id_]
        if not found:
            raise NotFound("you have no such submission in this contest")
        return found[0]

    def quota(self, account: Account, slug: str) -> QuotaView:
        with self.database.read() as connection:
            return self._quota(connection, account, _found(connection, slug), self.clock())

    def _quota(self, connection: Connection, account: Account, held: Held, now: datetime) -> QuotaView:
        limit = held.contest.quota
        used = submissions.used(connection, account.id, held.slug, now.date().isoformat())
        resets = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        return QuotaView(limit, used, None if limit is None else max(0, limit - used), resets)

    def select(self, account: Account, slug: str, ids: Sequence[str], address: str = "") -> tuple[SubmissionView, ...]:
        """These are the final ones, in place of any chosen before; none: the best public ones. Returns all submissions.

        Raises NotFound, NotJoined, Ended, Conflict (too many, or one that has no score).
        """
        chosen, now = list(dict.fromkeys(ids)), self.clock()
        with self.database.write() as connection:
            held = _found(connection, slug)
            _must_have_joined(connection, account, slug, lock=True)
            _still_open(held, now)
            most = held.contest.final_selections
            if len(chosen) > most:
                raise Conflict(f"at most {most} submissions can be chosen")
            own = {one.id: one for one in submissions.of_account(connection, account.id, slug)}
            for id_ in chosen:
                if id_ not in own:
                    raise NotFound("you have no such submission in this contest")
                if own[id_].status != "complete":
                    raise Conflict(f"submission {id_} has no score")
            submissions.select_only(connection, account.id, slug, chosen)
            audit.append(connection, now, account.name, "select", contest=slug, address=address, ids=chosen)
            kept = submissions.of_account(connection, account.id, slug)
        return tuple(tell.submission(one, revealed=False) for one in kept)

    # ------------------------------------------------------------ leaderboard

    def leaderboard(self, slug: str) -> Leaderboard:
        """By public score until the deadline has passed, by private score of the final ones after. Raises NotFound."""
        with self.database.read() as connection:
            held = _found(connection, slug)
            scored = submissions.scored(connection, slug)
            settled = submissions.n_pending(connection, slug) == 0
        direction, ended = held.contest.competition.metric_direction, held.ended(self.clock())
        if ended:
            rows = ranking.private(scored, direction, held.contest.final_selections)
        else:
            rows = ranking.public(scored, direction)
        return Leaderboard(slug, "private" if ended else "public", direction, settled, rows)


def _found(connection: Connection, slug: str) -> Held:
    held = contests.get(connection, slug)
    if held is None:
        raise NotFound("there is no such contest")
    return held


def _must_have_joined(connection: Connection, account: Account, slug: str, *, lock: bool = False) -> None:
    if not contests.entered(connection, account.id, slug, lock=lock):
        raise NotJoined("accept the contest's rules first: join it")


def _still_open(held: Held, now: datetime) -> None:
    if held.ended(now):
        assert held.deadline is not None
        raise Ended(f"the contest ended at {held.deadline.isoformat(timespec='seconds')}")
