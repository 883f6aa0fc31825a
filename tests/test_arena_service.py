from __future__ import annotations

import dataclasses
import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from still_arena import SLUG, START, World, world

from podium.arena.errors import (
    BadFile,
    BadInput,
    Banned,
    Conflict,
    Ended,
    NotFound,
    NotJoined,
    QuotaUsed,
    TooFast,
    TooLarge,
    Unauthorised,
)
from podium.testing import postgres as postgresql


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    pytest.importorskip("psycopg")
    if postgresql.binaries() is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgresql.server() as url:
        yield url


def _emptied(url: str) -> str:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def arena(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = _emptied(request.getfixturevalue("postgres")) if request.param == "postgresql" else None
    made = world(tmp_path / "arena", url)
    yield made
    made.close()


# ---------------------------------------------------------------- accounts


def test_a_token_opens_its_account_until_it_is_replaced(arena: World) -> None:
    account, token = arena.service.register("Ann Lee")
    assert arena.service.account_of(token) == account
    session = arena.service.login(token)
    assert arena.service.account_of_session(session.secret) == account
    newer = arena.service.rotate(account)
    for old in (lambda: arena.service.account_of(token), lambda: arena.service.account_of_session(session.secret)):
        with pytest.raises(Unauthorised):
            old()
    arena.service.revoke(arena.service.account_of(newer))
    with pytest.raises(Unauthorised):
        arena.service.account_of(newer)
    again = arena.admin.new_token("ann lee")
    assert arena.service.account_of(again) == account


def test_a_session_ends_by_logout_and_by_time(arena: World) -> None:
    _, token = arena.service.register("Ann")
    first, second = arena.service.login(token), arena.service.login(token)
    arena.service.logout(first.secret)
    with pytest.raises(Unauthorised):
        arena.service.account_of_session(first.secret)
    arena.pass_(days=15)
    with pytest.raises(Unauthorised):
        arena.service.account_of_session(second.secret)


def test_only_hashes_of_secrets_are_stored(arena: World, tmp_path: Path) -> None:
    account, token = arena.service.register("Ann")
    session = arena.service.login(token)
    newer = arena.service.rotate(account)
    tables = ("accounts", "tokens", "sessions", "audit")
    with arena.admin.database.read() as connection:
        stored = " ".join(str(row) for name in tables for row in connection.execute(text(f"SELECT * FROM {name}")))
    for secret in (token, newer, session.secret, session.csrf):
        assert secret.removeprefix("podium_") not in stored


@pytest.mark.parametrize(
    "name", ["", " Ann", "Ann ", "a  b", "=cmd", "-x", "@x", "Änn", "a/b", "a\nb", "x" * 41, "a\n", "<b>"]
)
def test_a_name_is_plain(arena_of_sqlite: World, name: str) -> None:
    with pytest.raises(BadInput):
        arena_of_sqlite.service.register(name)


@pytest.fixture
def arena_of_sqlite(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path / "arena")
    yield made
    made.close()


@pytest.mark.parametrize("name", ["ann lee", "ANN-LEE", "Ann_Lee", "admin"])
def test_names_that_look_alike_are_one(arena: World, name: str) -> None:
    arena.service.register("Ann Lee")
    with pytest.raises(Conflict):
        arena.service.register(name)


def test_who_is_banned_is_let_in_nowhere_and_stands_on_no_leaderboard(arena: World) -> None:
    account, token = arena.service.register("Ann")
    session = arena.service.login(token)
    arena.service.join(account, SLUG)
    arena.send(account, arena.file(1))
    arena.queue.drain()
    arena.admin.ban("Ann")
    for entry in (
        lambda: arena.service.account_of(token),
        lambda: arena.service.account_of_session(session.secret),
        lambda: arena.service.login(token),
    ):
        with pytest.raises(Banned):
            entry()
    assert arena.service.leaderboard(SLUG).rows == ()
    arena.admin.ban("Ann", False)
    assert arena.service.account_of(token) == account
    assert len(arena.service.leaderboard(SLUG).rows) == 1


# ---------------------------------------------------------------- submissions


def test_nothing_without_the_rules_accepted(arena: World) -> None:
    account, _ = arena.service.register("Ann")
    for refused in (
        lambda: arena.send(account, arena.file(1)),
        lambda: arena.service.file(account, SLUG, "train.csv"),
        lambda: arena.service.select(account, SLUG, []),
    ):
        with pytest.raises(NotJoined):
            refused()
    arena.service.join(account, SLUG)
    arena.service.join(account, SLUG)
    assert arena.service.joined(account, SLUG)
    assert arena.service.file(account, SLUG, "train.csv").is_file()


def test_a_tag_sent_again_is_one_submission(arena: World) -> None:
    account = arena.joined("Ann")
    first, new = arena.service.submit(account, SLUG, "s.csv", io.BytesIO(arena.file(1)), "t1")
    again, newer = arena.service.submit(account, SLUG, "s.csv", io.BytesIO(arena.file(1)), "t1")
    assert (new, newer) == (True, False)
    assert again == first
    assert arena.service.quota(account, SLUG).used == 1
    with pytest.raises(Conflict, match="another file"):
        arena.send(account, arena.file(2), "t1")
    other = arena.joined("Bob")
    assert arena.send(other, arena.file(1), "t1").id != first.id, "a tag is an account's own"


def test_a_tag_is_answered_after_quota_and_deadline_too(arena: World) -> None:
    account = arena.joined("Ann")
    sent = [arena.send(account, arena.file(seed), f"t{seed}") for seed in range(3)]
    with pytest.raises(QuotaUsed):
        arena.send(account, arena.file(9), "t9")
    assert arena.send(account, arena.file(0), "t0").id == sent[0].id
    arena.pass_(days=11)
    with pytest.raises(Ended):
        arena.send(account, arena.file(9), "t9")
    assert arena.send(account, arena.file(0), "t0").id == sent[0].id


def test_the_quota_is_a_utc_days(arena: World) -> None:
    account = arena.joined("Ann")
    for seed in range(3):
        arena.send(account, arena.file(seed))
    with pytest.raises(QuotaUsed, match="quota of 3") as refused:
        arena.send(account, arena.file(3))
    assert refused.value.details["resets_at"] == "2026-05-02T00:00:00+00:00"
    arena.now = START.replace(hour=23, minute=59, second=59)
    assert arena.service.quota(account, SLUG).left == 0
    arena.pass_(seconds=1)
    assert arena.service.quota(account, SLUG).left == 3
    arena.send(account, arena.file(3))


def test_what_cannot_be_scored_costs_no_quota_yet_has_an_end(arena: World) -> None:
    account = arena.joined("Ann")
    for number in range(15):
        assert arena.send(account, b"no,table\n%d,1\n" % number).status == "pending"
        arena.queue.drain()
    last = arena.service.submissions(account, SLUG)[-1]
    assert last.status == "error" and "header" in last.error
    assert arena.service.quota(account, SLUG).left == 3
    with pytest.raises(TooFast):
        arena.send(account, b"more")


def test_a_quota_holds_against_many_at_once(arena: World) -> None:
    account = arena.joined("Ann")
    outcomes: list[str] = []

    def send(seed: int) -> None:
        try:
            outcomes.append(arena.send(account, arena.file(seed)).id)
        except QuotaUsed:
            outcomes.append("refused")

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("refused") == 9
    listed = [one.id for one in arena.service.submissions(account, SLUG)]
    assert sorted(listed) == sorted(set(outcomes) - {"refused"})


def test_one_tag_sent_by_many_at_once_is_one_submission(arena: World) -> None:
    account, found = arena.joined("Ann"), []
    threads = [
        threading.Thread(target=lambda: found.append(arena.send(account, arena.file(1), "t").id)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert len(arena.service.submissions(account, SLUG)) == 1
    folder = arena.service.places.data / "submissions" / SLUG
    assert [path.name for path in folder.iterdir()] == found[:1], "no file is left behind"


def test_a_file_has_limits(arena: World) -> None:
    account = arena.joined("Ann")
    with pytest.raises(TooLarge, match="100,000 bytes"):
        arena.send(account, b"x" * 100_001)
    with pytest.raises(BadFile, match="empty"):
        arena.send(account, b"")
    assert not list((arena.service.places.data / "submissions").rglob("*.part"))
    assert arena.service.submissions(account, SLUG) == ()


def test_a_submission_is_nobody_elses_business(arena: World) -> None:
    ann, bob = arena.joined("Ann"), arena.joined("Bob")
    sent = arena.send(ann, arena.file(1))
    assert arena.service.submission(ann, SLUG, sent.id) == sent
    assert arena.service.submissions(bob, SLUG) == ()
    with pytest.raises(NotFound):
        arena.service.submission(bob, SLUG, sent.id)
    with pytest.raises(NotFound):
        arena.service.select(bob, SLUG, [sent.id])


@pytest.mark.parametrize(
    "name",
    [
        "../answers/sick/answers.csv",
        "/etc/passwd",
        "..",
        "",
        ".",
        "train.csv/",
        "./train.csv",
        "train.csv\0",
        "TRAIN.CSV",
    ],
)
def test_no_file_but_the_listed_ones(arena_of_sqlite: World, name: str) -> None:
    account = arena_of_sqlite.joined("Ann")
    with pytest.raises(NotFound):
        arena_of_sqlite.service.file(account, SLUG, name)


def test_answers_lie_apart_from_what_is_offered(arena_of_sqlite: World) -> None:
    places = arena_of_sqlite.service.places
    assert [file.name for file in arena_of_sqlite.service.contest(SLUG).files] == [
        "description.md", "sample_submission.csv", "test.csv", "train.csv",
    ]  # fmt: skip
    assert places.public(SLUG) not in places.private(SLUG).parents
    assert (places.data / "answers").stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------- the end of a contest


def _seen(arena: World, accounts: list[object]) -> str:
    """All that contestants can see."""
    told: list[object] = [arena.service.contests(), arena.service.contest(SLUG), arena.service.leaderboard(SLUG)]
    for account in accounts:
        told += [arena.service.submissions(account, SLUG), arena.service.quota(account, SLUG)]  # type: ignore[arg-type]
    return repr(told)


def test_private_scores_are_told_at_the_deadline_and_not_before(arena: World) -> None:
    ann, bob = arena.joined("Ann"), arena.joined("Bob")
    for account, seed in ((ann, 1), (ann, 2), (bob, 3)):
        arena.send(account, arena.file(seed))
    arena.queue.drain()
    with arena.admin.database.read() as connection:
        private = [row[0] for row in connection.execute(text("SELECT private_score FROM submissions ORDER BY seq"))]
    assert len(set(private)) == 3
    arena.now = START + timedelta(days=10) - timedelta(microseconds=1)
    assert not any(str(score) in _seen(arena, [ann, bob]) for score in private)
    assert arena.service.leaderboard(SLUG).split == "public"
    arena.pass_(seconds=1e-6)
    board = arena.service.leaderboard(SLUG)
    assert board.split == "private" and board.settled
    assert [row.score for row in board.rows] == sorted([max(private[:2]), private[2]], reverse=True)
    assert [one.private_score for one in arena.service.submissions(ann, SLUG)] == private[:2]
    for late in (
        lambda: arena.send(ann, arena.file(4)),
        lambda: arena.service.select(ann, SLUG, []),
        lambda: arena.service.join(arena.service.register("Cid")[0], SLUG),
    ):
        with pytest.raises(Ended):
            late()


def test_an_ended_contest_is_not_opened_again(arena: World) -> None:
    arena.admin.extend(SLUG, START + timedelta(days=20))
    arena.pass_(days=15)
    assert not arena.service.contest(SLUG).ended
    with pytest.raises(BadInput, match="passed"):
        arena.admin.extend(SLUG, START)
    arena.pass_(days=6)
    with pytest.raises(BadInput, match="private scores have been shown"):
        arena.admin.extend(SLUG, START + timedelta(days=30))


def test_the_final_ones_are_those_chosen(arena: World) -> None:
    account = arena.joined("Ann")
    sent = [arena.send(account, arena.file(seed)) for seed in range(3)]
    with pytest.raises(Conflict, match="no score"):
        arena.service.select(account, SLUG, [sent[0].id])
    arena.queue.drain()
    with pytest.raises(Conflict, match="at most 2"):
        arena.service.select(account, SLUG, [one.id for one in sent])
    worst = min(arena.service.submissions(account, SLUG), key=lambda one: one.public_score or 0.0)
    arena.service.select(account, SLUG, [sent[0].id])
    chosen = arena.service.select(account, SLUG, [worst.id, worst.id])
    assert [one.id for one in chosen if one.selected] == [worst.id]
    arena.pass_(days=11)
    row = arena.service.leaderboard(SLUG).rows[0]
    told = {one.id: one for one in arena.service.submissions(account, SLUG)}
    assert row.score == told[worst.id].private_score
    assert len(row.history) == row.submissions == 3


def test_the_audit_log_cannot_be_edited(arena: World) -> None:
    arena.joined("Ann")
    for change in ("UPDATE audit SET actor = 'Eve'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match="append-only"), arena.admin.database.write() as connection:
            connection.execute(text(change))
    assert [(line.actor, line.action) for line in arena.admin.log()] == [
        ("admin", "create"), ("Ann", "register"), ("Ann", "join"),
    ]  # fmt: skip


# ---------------------------------------------------------------- crashes


def test_what_was_pending_is_graded_after_a_restart(tmp_path: Path) -> None:
    before = world(tmp_path / "arena")
    account = before.joined("Ann")
    sent = before.send(account, before.file(1))
    before.close()
    from podium.arena.admin import ArenaAdmin
    from podium.arena.places import Places
    from podium.arena.serving import running
    from podium.arena.store.database import Database

    pytest.importorskip("uvicorn")
    lost = tmp_path / "arena" / "submissions" / SLUG / "0123456789ab"
    lost.write_bytes(b"a crash came before its row")
    store = Database.in_folder(tmp_path / "arena")
    with running(ArenaAdmin(store, Places(tmp_path / "arena"))) as service:
        for _ in range(600):
            told = service.submission(account, SLUG, sent.id)
            if told.status != "pending":
                break
            threading.Event().wait(0.1)
    store.close()
    assert told.status == "complete"
    assert not lost.exists()


def test_a_submission_is_graded_once(arena: World) -> None:
    from podium.arena.store import submissions

    account = arena.joined("Ann")
    sent = arena.send(account, arena.file(1))
    arena.queue.drain()
    with arena.admin.database.write() as connection:
        assert not submissions.settle(connection, sent.id, arena.now, scores=(0.0, 0.0))
    assert arena.queue.drain() == 0
    score = arena.service.submission(account, SLUG, sent.id).public_score
    assert score is not None and score > 0


def test_views_are_frozen(arena_of_sqlite: World) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        arena_of_sqlite.service.contest(SLUG).quota = 100  # type: ignore[misc]
