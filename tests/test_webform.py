"""The web form: a real Chromium on the pages of a small site with a login, an upload form and a list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podium.errors import Refused, UserError
from podium.platforms.platform import AmbiguousSend, Unreachable
from podium.platforms.webform import WebForm, browser, read_form
from podium.testing import platform_conformance

pytest.importorskip("playwright")
needs_chromium = pytest.mark.skipif(browser.executable() is None, reason="no Chromium is installed here")

FORM = """
name = "a small site"
timeout_s = 5.0
[login]
page = "{site}/login"
fields = {{ "#user" = "me", "#password" = "env:SITE_PASSWORD" }}
submit = "button"
done = "a.logout"
[files]
page = "{site}/data"
links = "a.file"
[upload]
page = "{site}/upload"
file = "input[type=file]"
message = "#message"
submit = "button"
accepted = ".taken"
refused = ".no"
[submissions]
page = "{site}/mine"
row = "tbody tr"
id = ".id"
at = "time"
message = ".message"
score = ".score"
status = ".status"
[quota]
page = "{site}/mine"
left = ".left"
[leaderboard]
page = "{site}/board"
row = "tbody tr"
team = ".team"
score = ".score"
"""
PASSWORD = "hunter2-canary"


@dataclass
class Site:
    """What the site has, and how it behaves."""

    taken: list[str] = field(default_factory=list)  # messages
    quota: int = 3
    mood: str = "fine"  # fine, refuses, silent (takes it and says nothing), down
    url: str = ""
    downloads: int = 0

    def page(self, path: str, logged_in: bool) -> tuple[int, str]:
        if self.mood == "down":
            return 503, "down"
        if path == "/login":
            return 200, "<form method=post><input id=user name=u><input id=password name=p><button>in</button></form>"
        if not logged_in:
            return 403, "log in first"
        rows = "".join(
            f"<tr><td class=id>{n}</td><td><time datetime='2026-01-01T00:00:{n:02d}+00:00'>today</time></td>"
            f"<td class=message>{text}</td><td class=score>0.{n + 5}</td><td class=status>complete</td></tr>"
            for n, text in enumerate(self.taken)
        )
        left = self.quota - len(self.taken)
        pages = {
            "/home": "<a class=logout>out</a>",
            "/data": "<a class=file href=/files/train.csv>t</a><a class=file href=/files/test.csv>t</a>",
            "/upload": "<form method=post enctype=multipart/form-data><input type=file name=f>"
            "<input id=message name=m><button>send</button></form>",
            "/mine": f"<p class=left>{left} left today</p><table><tbody>{rows}</tbody></table>",
            "/board": "<table><tbody><tr><td class=team>us</td><td class=score>0.9</td></tr></tbody></table>",
        }
        if path.startswith("/files/"):
            self.downloads += 1
            return 200, "id,x\n1,2\n"
        return (200, pages[path]) if path in pages else (404, "nothing here")


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*state.page(self.path, "in=yes" in self.headers.get("Cookie", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8", "replace")
            if self.path == "/login":
                good = f"p={PASSWORD}" in body
                return self._answer(
                    303, "", {"Location": "/home", "Set-Cookie": "in=yes"} if good else {"Location": "/login"}
                )
            if state.mood == "refuses":
                return self._answer(200, "<p class=no>expected each id once</p>")
            state.taken.append(body.split('name="m"')[1].split("\r\n")[2])
            return self._answer(200, "<p>…</p>" if state.mood == "silent" else "<p class=taken>thank you</p>")

        def _answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def form(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebForm:
    monkeypatch.setenv("SITE_PASSWORD", PASSWORD)
    path = tmp_path / "site.toml"
    path.write_text(FORM.format(site=site.url))
    return WebForm(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "submission.csv"
    path.write_text("id,y\n1,0\n")
    return path


@needs_chromium
def test_a_form_does_what_every_platform_does(form: WebForm, file: Path, tmp_path: Path) -> None:
    platform_conformance.check(form, file, tmp_path / "scratch")
    [one] = form.submissions()
    assert (one.tag, one.public_score, one.status) == ("podium-conformance", 0.5, "complete")
    assert form.leaderboard() == [("us", 0.9)]


@needs_chromium
def test_files_are_downloaded_once(form: WebForm, site: Site, tmp_path: Path) -> None:
    for _ in range(2):
        folder = form.fetch(tmp_path / "files")
    assert sorted(path.name for path in folder.iterdir()) == ["test.csv", "train.csv"]
    assert site.downloads == 2


@needs_chromium
def test_a_refusal_a_silence_and_a_dead_site_are_told_apart(form: WebForm, site: Site, file: Path) -> None:
    site.mood = "refuses"
    with pytest.raises(Refused, match="expected each id once"):
        form.submit(file, "podium-a", "")
    site.mood = "silent"
    with pytest.raises(AmbiguousSend):
        form.submit(file, "podium-b", "")
    site.mood = "down"
    with pytest.raises(Unreachable, match="503"):
        form.submit(file, "podium-c", "")
    site.mood = "fine"
    assert [one.tag for one in form.submissions()] == ["podium-b"], "the silent one had arrived"


@needs_chromium
def test_a_wrong_password_is_said_and_never_shown(form: WebForm, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_PASSWORD", "wrong-canary")
    with pytest.raises(UserError, match="login was not accepted") as wrong:
        form.submit(file, "podium-a", "")
    assert "canary" not in str(wrong.value)
    monkeypatch.delenv("SITE_PASSWORD")
    with pytest.raises(UserError, match="SITE_PASSWORD is not set"):
        form.submissions()


@needs_chromium
def test_a_selector_that_finds_nothing_is_named(site: Site, form: WebForm, file: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    path.write_text(FORM.format(site=site.url).replace("input[type=file]", "#gone"))
    with pytest.raises(UserError, match=r"upload\.file finds nothing"):
        WebForm(path).submit(file, "podium-a", "")


def test_the_shipped_example_is_a_form() -> None:
    assert read_form(Path(__file__).parent.parent / "examples" / "arena.toml").name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not TOML"),
        ('name = "x"', "upload"),
        (FORM.format(site="http://x").replace('submit = "button"', 'submitt = "b"', 1), "submitt"),
        (FORM.format(site="file:///etc/passwd"), "no address"),
        (FORM.format(site="http://x").replace('links = "a.file"', ""), "no files"),
        (FORM.format(site="http://x").replace("timeout_s = 5.0", 'timeout_s = "long"'), "timeout_s"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "form.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as wrong:
        read_form(path)
    assert "\n" not in str(wrong.value)


def test_no_such_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        WebForm(tmp_path / "none.toml")
