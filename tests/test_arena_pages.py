"""The arena's pages: what a contestant sees and may do, by plain HTTP and in a real Chromium."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")

from arena_world import World, arena, guesses  # noqa: E402

from podium.arena.pages.routes import _here  # noqa: E402
from podium.prose import prose  # noqa: E402


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with arena(tmp_path_factory.mktemp("arena")) as world:
        yield world


def visitor(world: World, name: str, *, join: bool = True) -> httpx.Client:
    """A browser that registered, logged in and maybe joined through the pages."""
    browser = httpx.Client(base_url=world.url, follow_redirects=True, trust_env=False)
    page = browser.post("/register", data={"name": name}).text
    token = re.search(r'class="token">([^<]+)<', page)
    assert token, page
    assert name in browser.post("/login", data={"token": token[1], "next": "/contests/demo"}).text
    if join:
        answer = post(browser, "/contests/demo", "/contests/demo/join")
        assert "You have accepted these rules" in answer.text
    return browser


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def post(browser: httpx.Client, form: str, action: str, **more: object) -> httpx.Response:
    data = {"csrf": csrf_of(browser.get(form).text), **more.pop("data", {})}  # type: ignore[dict-item]
    return browser.post(action, data=data, **more)


def send(browser: httpx.Client, world: World, tmp_path: Path, noise: float, note: str = "") -> httpx.Response:
    file = guesses(world.contests / "contests" / "demo", tmp_path / "s.csv", noise)
    return post(
        browser,
        "/contests/demo/submissions",
        "/contests/demo/submissions",
        data={"message": note},
        files={"file": ("s.csv", file.read_bytes())},
    )


def settled(browser: httpx.Client) -> str:
    for _ in range(200):
        text: str = browser.get("/contests/demo/submissions").text
        if "pending" not in text:
            return text
        time.sleep(0.05)
    raise AssertionError("never graded")


def test_anybody_sees_contests_and_leaderboard(world: World) -> None:
    with httpx.Client(base_url=world.url, trust_env=False) as anybody:
        assert "Who is sick?" in anybody.get("/").text
        page = anybody.get("/contests/demo").text
        assert "&lt;b&gt;yes&lt;/b&gt;" in page, "a description is text"
        assert "<strong>number</strong>" in page
        assert anybody.get("/contests/demo/leaderboard").status_code == 200
        assert anybody.get("/contests/nothing").status_code == 404
        refused = anybody.get("/contests/demo/submissions")
        assert (refused.status_code, "Log in" in refused.text) == (401, True)
        assert anybody.get("/contests/demo/files/train.csv").status_code == 401


def test_from_registering_to_the_leaderboard(world: World, tmp_path: Path) -> None:
    browser = visitor(world, "Ann Lee")
    assert browser.get("/contests/demo/files/train.csv").text.startswith("id,x,sick")
    assert "it is being scored" in send(browser, world, tmp_path, 3.0, "first <script>").text
    assert "it is being scored" in send(browser, world, tmp_path, 0.0).text
    mine = settled(browser)
    assert "first &lt;script&gt;" in mine
    assert "3 of 5 left today" in mine
    board = browser.get("/contests/demo/leaderboard").text
    assert re.search(r'<tr class="mine">.*Ann Lee', board)
    assert "<svg" in board
    ids = re.findall(r'name="ids" value="([0-9a-f]+)"', mine)
    chosen = post(browser, "/contests/demo/submissions", "/contests/demo/select", data={"ids": ids[:1]})
    assert f'aria-label="final: {ids[0]}" checked' in chosen.text
    browser.close()


def test_what_is_refused_is_said_on_the_page(world: World, tmp_path: Path) -> None:
    browser = visitor(world, "Bob")
    bad = post(
        browser,
        "/contests/demo/submissions",
        "/contests/demo/submissions",
        files={"file": ("s.csv", b"\x00\x01\x02")},
    )
    assert 'class="refused"' in bad.text or "error" in settled(browser)
    for _ in range(5):
        last = send(browser, world, tmp_path, 1.0)
    assert last.status_code in (201, 429)
    last = send(browser, world, tmp_path, 1.0)
    assert (last.status_code, "quota" in last.text) == (429, True)
    browser.close()


def test_a_forged_form_does_nothing(world: World, tmp_path: Path) -> None:
    browser = visitor(world, "Carol")
    for action in ("/contests/demo/submissions", "/contests/demo/select", "/contests/demo/join", "/logout"):
        files = {"file": ("s.csv", b"id,sick\n")} if action.endswith("submissions") else None
        assert browser.post(action, data={"csrf": "guess"}, files=files).status_code == 403
    token = csrf_of(browser.get("/contests/demo/submissions").text)
    other_site = {"sec-fetch-site": "cross-site"}
    assert browser.post("/logout", data={"csrf": token}, headers=other_site).status_code == 403
    assert "Carol" in browser.get("/").text
    assert "Carol" not in post(browser, "/", "/logout").text
    browser.close()


def test_a_wrong_token_is_refused_and_not_shown(world: World) -> None:
    with httpx.Client(base_url=world.url, trust_env=False) as browser:
        answer = browser.post("/login", data={"token": "canary-token", "next": "/"})
    assert (answer.status_code, "canary" in answer.text) == (401, False)


def test_cookies_and_headers_are_strict(world: World) -> None:
    _, token = world.service.register("Dan")
    with httpx.Client(base_url=world.url, trust_env=False) as browser:
        answer = browser.post("/login", data={"token": token, "next": "/"})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        page = browser.get("/")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text and " style=" not in page.text
        assert browser.get("/static/arena.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil", "javascript:x", "/a\nb"])
def test_a_login_leads_nowhere_else(next_: str) -> None:
    assert _here(next_) == "/"


def test_private_scores_come_after_the_deadline_and_not_before(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    with arena(tmp_path / "arena", deadline=soon) as world:
        browser = visitor(world, "Eve")
        send(browser, world, tmp_path, 0.5)
        settled(browser)
        [row] = world.service.leaderboard("demo").rows
        before = browser.get("/contests/demo/leaderboard").text + browser.get("/contests/demo/submissions").text
        world.service.clock = lambda: datetime.now(UTC) + timedelta(hours=2)
        [after] = world.service.leaderboard("demo").rows
        assert after.score != row.score
        assert f"{after.score:.6g}" not in before
        assert f"{after.score:.6g}" in browser.get("/contests/demo/leaderboard").text
        assert "has ended" in browser.get("/contests/demo/submissions").text
        browser.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n\ntwo\nlines", "<h2>A</h2>\n<p>two lines</p>"),
        ("- a\n- b\n  more", "<ul><li>a</li><li>b more</li></ul>"),
        ("```\n<x>\n```", "<pre>&lt;x&gt;</pre>"),
        ("```\nopen", "<pre>open</pre>"),
        ("a `c` **b** *e* 2*3*4", "<p>a <code>c</code> <strong>b</strong> <em>e</em> 2*3*4</p>"),
        ("[x](javascript:y)<img src=z>", "<p>[x](javascript:y)&lt;img src=z&gt;</p>"),
        ("| a | b |\n|---|---|", "<pre>| a | b |\n|---|---|</pre>"),
    ],
)
def test_descriptions_are_markdown_without_powers(text: str, expected: str) -> None:
    assert prose(text).text == f'<div class="prose">{expected}</div>'


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium is installed here")
def test_the_form_platform_plays_through_the_pages(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("playwright")
    from podium.platforms.webform import WebForm
    from podium.testing import platform_conformance

    monkeypatch.setenv("PODIUM_ARENA_TOKEN", world.member("Fay"))
    text = (Path(__file__).parent.parent / "examples" / "arena.toml").read_text()
    form = tmp_path / "arena.toml"
    form.write_text(text.replace("http://127.0.0.1:8000", world.url))
    platform = WebForm(form)
    files = platform.fetch(tmp_path / "files")
    assert (files / "test.csv").is_file()
    file = guesses(files, tmp_path / "mine.csv")
    platform_conformance.check(platform, file, tmp_path / "files")
    for _ in range(100):
        [one] = platform.submissions()
        if one.status == "complete":
            break
        time.sleep(0.1)
    assert (one.tag, one.public_score) == ("podium-conformance", pytest.approx(0.8, abs=0.2))
    assert ("Fay", one.public_score) in platform.leaderboard()
