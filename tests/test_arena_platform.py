from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

import uvicorn
from still_arena import SLUG, World, world

from podium.arena.app import make_app
from podium.arena.settings import ArenaSettings, Rate
from podium.errors import Refused, UserError
from podium.platforms import arena_client, arena_tokens
from podium.platforms.arena import Arena, register
from podium.platforms.arena_client import ArenaClient
from podium.platforms.platform import AmbiguousSend, Unreachable
from podium.testing import platform_conformance


class Faulty:
    """An application whose answers may be lost after the request was obeyed."""

    def __init__(self, app: Any) -> None:
        self._app, self.lose, self.fail = app, 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and self.fail:
            self.fail -= 1
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"busy"})
            return
        if scope["type"] == "http" and scope["method"] == "POST" and self.lose:
            self.lose -= 1

            async def nowhere(message: Any) -> None: ...

            await self._app(scope, receive, nowhere)
            return  # uvicorn closes the connection with a 500
        await self._app(scope, receive, send)


@contextmanager
def listening(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Site:
    def __init__(self, arena: World, app: Faulty, url: str) -> None:
        self.arena, self.app, self.url, self.page = arena, app, url, f"{url}/contests/{SLUG}"

    def contestant(self, monkeypatch: pytest.MonkeyPatch, name: str = "Ann") -> Arena:
        monkeypatch.setenv(arena_tokens.VARIABLE, register(self.page, name))
        made = Arena(self.page)
        made.join()
        return made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.delenv(arena_tokens.VARIABLE, raising=False)
    monkeypatch.setattr(arena_client, "PAUSE_S", 0.01)
    arena = world(tmp_path / "arena")
    arena.queue.start()
    settings = ArenaSettings(address_rate=Rate(1e6, 10**6))
    app = Faulty(make_app(arena.service, settings))
    with listening(app) as url:
        yield Site(arena, app, url)
    arena.close()


def sample(site: Site, path: Path, seed: int = 1) -> Path:
    path.write_bytes(site.arena.file(seed))
    return path


def test_the_arena_passes_the_conformance_suite(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contestant = site.contestant(monkeypatch)
    platform_conformance.check(contestant, sample(site, tmp_path / "s.csv"), tmp_path / "public")
    told = contestant.submissions()[0]
    assert told.status == "complete" and told.public_score is not None and told.private_score is None
    assert contestant.select([told.id])
    assert contestant.leaderboard() == [("Ann", told.public_score)]


def test_files_are_fetched_once_and_whole(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contestant, folder = site.contestant(monkeypatch), tmp_path / "public"
    contestant.fetch(folder)
    want = {path.name: path.read_bytes() for path in site.arena.service.places.public(SLUG).iterdir()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == want
    downloads: list[str] = []
    monkeypatch.setattr(ArenaClient, "download", lambda self, path, out, most: downloads.append(path))
    contestant.fetch(folder)
    assert downloads == []
    monkeypatch.undo()
    (folder / "test.csv").write_text("damaged")
    site.contestant(monkeypatch, "Bob").fetch(folder)
    assert (folder / "test.csv").read_bytes() == want["test.csv"]


def test_a_lost_answer_doubles_nothing(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contestant, file = site.contestant(monkeypatch), sample(site, tmp_path / "s.csv")
    site.app.lose = 2
    told = contestant.submit(file, "t1", "")
    assert told.status == "complete"
    assert [one.tag for one in contestant.submissions()] == ["t1"]
    site.app.lose = 99
    with pytest.raises(AmbiguousSend):
        contestant.submit(sample(site, tmp_path / "u.csv", 2), "t2", "")
    site.app.lose = 0
    assert [one.tag for one in contestant.submissions()] == ["t1", "t2"]
    quota = contestant.quota()
    assert quota is not None and quota.left == 1


def test_a_busy_server_is_asked_again_and_then_unreachable(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contestant = site.contestant(monkeypatch)
    site.app.fail = 2
    assert contestant.submissions() == []
    site.app.fail = 99
    with pytest.raises(Unreachable):
        contestant.submissions()
    with pytest.raises(Unreachable):
        contestant.submit(sample(site, tmp_path / "s.csv"), "t1", "")
    site.app.fail = 0
    assert contestant.submissions() == []


def test_the_arenas_no_is_told_in_its_words(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contestant, file = site.contestant(monkeypatch), tmp_path / "s.csv"
    for seed in range(3):
        contestant.submit(sample(site, file, seed), f"t{seed}", "")
    with pytest.raises(Refused, match="quota of 3"):
        contestant.submit(sample(site, file, 9), "t9", "")
    site.arena.pass_(days=1)
    file.write_text("no,table\n")
    told = contestant.submit(file, "bad", "")
    assert told.status == "error" and "header" in told.message
    site.arena.pass_(days=30)
    with pytest.raises(Refused, match="ended"):
        contestant.submit(sample(site, file, 8), "late", "")


def test_who_has_no_account_or_did_not_join_is_told_how(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="podium arena join"):
        Arena(site.page).submissions()
    monkeypatch.setenv(arena_tokens.VARIABLE, register(site.page, "Ann"))
    with pytest.raises(UserError, match="podium arena join"):
        Arena(site.page).fetch(tmp_path / "public")
    with pytest.raises(UserError, match="no such contest"):
        Arena(f"{site.url}/contests/nothing").submissions()
    with pytest.raises(Refused, match="taken"):
        register(site.page, "ann")
    with pytest.raises(UserError, match="no contest has such an address"):
        Arena(f"{site.url}/elsewhere/x")


def test_nobody_at_an_address_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="no arena answers"):
        Arena("http://127.0.0.1:9/contests/x").quota()


def test_tokens_are_kept_by_arena_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(arena_tokens.VARIABLE, raising=False)
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    assert arena_tokens.token_for("http://a:1") is None
    file = arena_tokens.remember("http://a:1", "one")
    arena_tokens.remember("http://b:2", "two")
    assert file is not None and file.stat().st_mode & 0o777 == 0o600
    assert (arena_tokens.token_for("http://a:1"), arena_tokens.token_for("http://b:2")) == ("one", "two")
    monkeypatch.setenv(arena_tokens.VARIABLE, "stated")
    assert arena_tokens.token_for("http://a:1") == "stated"
    monkeypatch.delenv(arena_tokens.VARIABLE)
    file.write_text("{")
    with pytest.raises(UserError, match="damaged"):
        arena_tokens.token_for("http://a:1")
    monkeypatch.setenv("PODIUM_HOME", "")
    assert arena_tokens.token_for("http://a:1") is None
    assert arena_tokens.remember("http://a:1", "x") is None


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_file_name_from_a_server_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files = [{"name": name, "bytes": 1, "sha256": "x"}]
    answer = arena_client.Answer(200, {}, json.dumps({"files": files}).encode())
    monkeypatch.setattr(ArenaClient, "ask", lambda self, *a, **k: answer)
    with pytest.raises(UserError, match="unsafe name"):
        Arena("http://127.0.0.1:9/contests/x").fetch(tmp_path / "public")
    assert list(tmp_path.iterdir()) == [tmp_path / "public"]


def test_a_server_cannot_configure_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """config.json may name programs to run."""
    files = [{"name": name, "bytes": 1, "sha256": "x"} for name in ("config.json", "Config.JSON")]
    answer = arena_client.Answer(200, {}, json.dumps({"files": files}).encode())
    monkeypatch.setattr(ArenaClient, "ask", lambda self, *a, **k: answer)
    Arena("http://127.0.0.1:9/contests/x").fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []
