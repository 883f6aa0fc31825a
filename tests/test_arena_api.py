from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("sqlalchemy")
pytest.importorskip("httpx")

from starlette.testclient import TestClient
from still_arena import SLUG, World, world

from podium.arena.app import make_app
from podium.arena.guard import known_host
from podium.arena.settings import ArenaSettings, Rate

PAGE = f"/api/contests/{SLUG}"


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path / "arena", quota=10)
    yield made
    made.close()


def client(arena: World, **settings: Any) -> TestClient:
    return TestClient(make_app(arena.service, ArenaSettings(**settings)), base_url="http://localhost")


def registered(http: TestClient, name: str, *, join: bool = True) -> dict[str, str]:
    """The headers of a new account."""
    answer = http.post("/api/accounts", json={"name": name})
    assert answer.status_code == 201
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    if join:
        assert http.post(f"{PAGE}/join", json={"accept_rules": True}, headers=headers).status_code == 204
    return headers


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_contestant_registers_joins_downloads_submits_and_is_ranked(arena: World) -> None:
    http = client(arena)
    assert [one["slug"] for one in http.get("/api/contests").json()] == [SLUG]
    me = registered(http, "Ann")
    contest = http.get(PAGE).json()
    sample = http.get(f"{PAGE}/files/sample_submission.csv", headers=me)
    assert sample.headers["content-disposition"].startswith("attachment")
    assert len(sample.content) == next(f["bytes"] for f in contest["files"] if f["name"] == "sample_submission.csv")
    sent = http.post(
        f"{PAGE}/submissions", params={"tag": "t1", "message": "=first\n"}, content=sample.content, headers=me
    )
    assert sent.status_code == 201 and sent.json()["status"] == "pending"
    again = http.post(f"{PAGE}/submissions", params={"tag": "t1"}, content=sample.content, headers=me)
    assert again.status_code == 200 and again.json()["id"] == sent.json()["id"]
    arena.queue.drain()
    told = http.get(f"{PAGE}/submissions/{sent.json()['id']}", headers=me).json()
    assert (told["status"], told["public_score"], told["private_score"]) == ("complete", 0.5, None)
    assert http.put(f"{PAGE}/selection", json={"ids": [told["id"]]}, headers=me).json()[0]["selected"]
    assert http.get(f"{PAGE}/quota", headers=me).json()["left"] == 9
    assert [row["name"] for row in http.get(f"{PAGE}/leaderboard").json()["rows"]] == ["Ann"]
    rotated = http.post("/api/account/token", headers=me)
    assert code(http.get("/api/account", headers=me)) == (401, "unauthorised")
    newer = {"Authorization": f"Bearer {rotated.json()['token']}"}
    assert http.get("/api/account", headers=newer).json()["name"] == "Ann"
    assert http.delete("/api/account/token", headers=newer).status_code == 204
    assert code(http.get("/api/account", headers=newer)) == (401, "unauthorised")


@pytest.mark.parametrize(
    ("method", "path", "body", "want"),
    [
        ("GET", "/api/nothing", None, (404, "not_found")),
        ("GET", "/api/contests/nothing", None, (404, "not_found")),
        ("GET", "/api/contests/No_Slug", None, (422, "bad_input")),
        ("PATCH", "/api/contests", None, (405, "no_such_method")),
        ("GET", "/api/account", None, (401, "unauthorised")),
        ("POST", f"{PAGE}/submissions", None, (401, "unauthorised")),
        ("POST", "/api/accounts", {"name": "<script>"}, (422, "bad_input")),
        ("POST", "/api/accounts", {"name": "Ann", "admin": True}, (422, "bad_input")),
        ("POST", "/api/accounts", {"name": "admin"}, (409, "conflict")),
        ("POST", "/api/accounts", [], (422, "bad_input")),
    ],
)
def test_every_refusal_has_one_shape(arena: World, method: str, path: str, body: object, want: tuple[int, str]) -> None:
    answer = client(arena).request(method, path, json=body)
    assert code(answer) == want
    assert set(answer.json()["error"]) == {"code", "message", "details"}


def test_every_answer_has_the_security_headers(arena: World) -> None:
    http = client(arena)
    headers = registered(http, "Ann")
    answers = [
        http.get("/api/contests"), http.get("/api/nothing"), http.get("/api/account"), http.get("/healthz"),
        http.get(f"{PAGE}/files/train.csv", headers=headers), http.get("/api/contests", headers={"Host": "evil.test"}),
        http.post("/api/accounts", content=b"x" * 100_000), http.get("/api/openapi.json"),
    ]  # fmt: skip
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers
    assert "strict-transport-security" in client(arena, https=True).get("/api/contests").headers


@pytest.mark.parametrize(
    "path",
    [
        "../../answers/sick/answers.csv", "..%2f..%2fanswers%2fsick%2fanswers.csv", "%2e%2e/%2e%2e/answers/sick/answers.csv",
        "%2fetc%2fpasswd", "//etc/passwd", "train.csv%00", "..\\answers", "%252e%252e/x", "",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_public_files(arena: World, path: str) -> None:
    http = client(arena)
    headers = registered(http, "Ann")
    answer = http.get(f"{PAGE}/files/{path}", headers=headers)
    assert answer.status_code == 404
    assert "split" not in answer.text and "root:" not in answer.text


def test_files_need_a_token_and_the_rules(arena: World) -> None:
    http = client(arena)
    assert code(http.get(f"{PAGE}/files/train.csv")) == (401, "unauthorised")
    headers = registered(http, "Ann", join=False)
    assert code(http.get(f"{PAGE}/files/train.csv", headers=headers)) == (403, "not_joined")
    assert code(http.post(f"{PAGE}/submissions", content=b"x", headers=headers)) == (403, "not_joined")
    assert code(http.post(f"{PAGE}/join", json={"accept_rules": False}, headers=headers)) == (422, "bad_input")


@pytest.mark.parametrize(
    "header", ["Basic abc", "Bearer", "Bearer ", "Bearer podium_x", "Bearer é", "bearer " + "x" * 5000]
)
def test_a_wrong_token_is_no_token(arena: World, header: str) -> None:
    answer = client(arena).get("/api/account", headers={"Authorization": header.encode("latin-1")})
    assert code(answer) == (401, "unauthorised")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_cookie_does_not_open_the_api(arena: World) -> None:
    """So no form of another site can use it."""
    _, token = arena.service.register("Ann")
    session = arena.service.login(token)
    http = client(arena)
    http.cookies.set("podium_arena", session.secret)
    assert code(http.post("/api/account/token")) == (401, "unauthorised")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True), ("localhost:8700", True), ("127.0.0.1:80", True), ("[::1]:80", True), ("10.0.0.7", True),
        ("arena.example", True), ("ARENA.example:443", True), ("evil.test", False), ("", False), ("localhost.evil.test", False),
        ("arena.example@evil.test", False), ("evil.test/localhost", False), ("localhost\\evil", False), ("[::1", False),
    ],
)  # fmt: skip
def test_a_server_answers_to_its_names_alone(host: str, known: bool) -> None:
    assert known_host(host, ("arena.example",)) is known


def test_an_address_and_an_account_may_ask_so_often(arena: World) -> None:
    http = client(arena, address_rate=Rate(0.1, 8), token_rate=Rate(100, 100))
    answers = [http.get("/api/contests") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [429] * 2
    assert code(answers[-1]) == (429, "too_fast") and 0 < int(answers[-1].headers["retry-after"]) <= 10
    http = client(arena, token_rate=Rate(0.1, 3))
    ann, bob = registered(http, "Ann", join=False), registered(http, "Bob", join=False)
    assert [http.get("/api/account", headers=ann).status_code for _ in range(4)] == [200] * 3 + [429]
    assert http.get("/api/account", headers=bob).status_code == 200, "one account's haste is not another's"
    http = client(arena, register_rate=Rate(0.001, 2))
    assert [http.post("/api/accounts", json={"name": f"N{i}"}).status_code for i in range(3)] == [201, 201, 429]


def test_a_host_may_make_the_accounts_itself(arena: World) -> None:
    answer = client(arena, open_registration=False).post("/api/accounts", json={"name": "Ann"})
    assert code(answer) == (403, "registration_closed")


def test_a_request_has_a_size(arena: World) -> None:
    http = client(arena, max_upload=80_000)
    headers = registered(http, "Ann")
    assert code(http.post("/api/accounts", content=b" " * 70_000)) == (413, "too_large")
    assert code(http.post(f"{PAGE}/submissions", content=b"x" * 80_001, headers=headers)) == (413, "too_large")
    assert code(http.post(f"{PAGE}/submissions", content=b"x" * 66_000)) == (413, "too_large"), "nobody uploads nothing"
    unannounced = http.post(f"{PAGE}/submissions", content=iter([b"x" * 30_000] * 3), headers=headers)
    assert code(unannounced) == (413, "too_large")
    lying = http.post("/api/accounts", content=iter([b" " * 40_000] * 2))
    assert lying.status_code in (400, 413)
    assert http.get(f"{PAGE}/submissions", headers=headers).json() == []


def test_no_token_is_ever_logged_or_told_again(arena: World) -> None:
    http = client(arena)
    headers = registered(http, "Ann")
    token = headers["Authorization"].split()[1]
    told = http.get("/api/account", headers=headers).text + repr(arena.admin.log()) + http.get(PAGE).text
    assert token not in told


def test_a_fault_of_the_servers_own_tells_nothing(arena: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("the answer is 42")

    monkeypatch.setattr(arena.service, "contests", broken)
    app = make_app(arena.service, ArenaSettings())
    answer = TestClient(app, base_url="http://localhost", raise_server_exceptions=False).get("/api/contests")
    assert code(answer) == (500, "failed")
    assert "42" not in answer.text and "default-src 'none'" in answer.headers["content-security-policy"]


def packed(kind: str, data: bytes) -> bytes:
    out = io.BytesIO()
    if kind == "gzip":
        return gzip.compress(data)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "two":
            archive.writestr("b.csv", data)
        archive.writestr("../../a.csv" if kind == "traversal" else "a.csv", data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("gzip", ""),
        ("zip", ""),
        ("traversal", ""),
        ("two", "archive of 2 files"),
        ("cut", "damaged"),
        ("garbage", "header"),
    ],
)
def test_a_file_may_be_packed(arena: World, kind: str, error: str) -> None:
    account = arena.joined("Ann")
    data = arena.file(1)
    content = {"cut": packed("gzip", data)[:-20], "garbage": b"\x00\xff\xfe" * 99}.get(kind) or packed(kind, data)
    arena.send(account, content)
    arena.queue.drain()
    told = arena.service.submissions(account, SLUG)[0]
    assert (told.status == "complete") is (error == "")
    assert error in told.error
    assert not (arena.service.places.data.parent / "a.csv").exists()


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_a_bomb_ends_at_the_limit(arena: World, kind: str) -> None:
    account = arena.joined("Ann")
    bomb = packed(kind, b"0" * 50_000_000)
    assert len(bomb) < 100_000
    arena.send(account, bomb)
    arena.queue.drain()
    told = arena.service.submissions(account, SLUG)[0]
    assert told.status == "error" and "at most 100,000 bytes, unpacked" in told.error
