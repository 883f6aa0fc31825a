"""The web form as a platform: what a person would click, recorded and reconciled like any other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from podium.errors import Refused, UserError
from podium.platforms.platform import AmbiguousSend, Quota, RemoteSubmission, Unreachable
from podium.platforms.webform import browser
from podium.platforms.webform.form import Listing, read_form, typed

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TAG = re.compile(r"podium-[0-9a-z]+")
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
LONGEST = 300  # characters of what a page says


class WebForm:
    """`path`: the form's file. Each call opens a browser of its own: no session outlives it, no cookie is stored."""

    name = "form"
    settles_s = 600.0  # a page may show what it took only after a while

    def __init__(self, path: Path) -> None:
        """Raises UserError where the file cannot be used."""
        self._path, self._form = path, read_form(path)
        self.has_list = self._form.submissions is not None and bool(self._form.upload.message)

    def fetch(self, into: Path) -> Path:
        """Links that were downloaded before are not again."""
        files = self._form.files
        if files.folder:
            folder = (self._path.parent / files.folder).resolve()
            if not folder.is_dir():
                raise UserError(f"no such folder: {folder}", expected=f"files.folder of {self._path}")
            return folder
        into.mkdir(parents=True, exist_ok=True)
        with self._logged_in() as page:
            browser.go(page, files.page)
            for link in _links(page, files.links):
                _download(page, link, into)
        return into

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        upload = self._form.upload
        with self._logged_in() as page:
            browser.go(page, upload.page)
            self._must_have(page, upload.file, "upload.file")
            page.locator(upload.file).set_input_files(str(file))
            if upload.message:
                self._must_have(page, upload.message, "upload.message")
                page.locator(upload.message).fill(f"{tag} {message}"[:LONGEST])
            self._must_have(page, upload.submit, "upload.submit")
            _send(page, upload.submit, upload.accepted, upload.refused)
        return RemoteSubmission(tag, tag, datetime.now(UTC).isoformat(), "pending")

    def submissions(self) -> list[RemoteSubmission]:
        listing = self._form.submissions
        if listing is None:
            return []
        with self._logged_in() as page:
            browser.go(page, listing.page)
            rows = page.locator(listing.row).all()
            found = [_listed(row, listing, position) for position, row in enumerate(rows)]
        return sorted(found, key=lambda one: one.at)

    def quota(self) -> Quota | None:
        place = self._form.quota
        if place is None:
            return None
        with self._logged_in() as page:
            browser.go(page, place.page)
            self._must_have(page, place.left, "quota.left")
            left = _number(_text(page.locator("html"), place.left))
            if left is None:
                raise UserError(
                    f"{self._path}: quota.left holds no number", found=_text(page.locator("html"), place.left)
                )
            resets = _text(page.locator("html"), place.resets) if place.resets else ""
        return Quota(int(left), _time(resets) or _next_midnight())

    def leaderboard(self) -> list[tuple[str, float]]:
        board = self._form.leaderboard
        if board is None:
            return []
        with self._logged_in() as page:
            browser.go(page, board.page)
            rows = [(_text(row, board.team), _number(_text(row, board.score))) for row in page.locator(board.row).all()]
        return [(team, score) for team, score in rows if score is not None]

    def select(self, ids: Sequence[str]) -> bool:
        return False  # how a page lets one choose differs too much: a person does it

    @contextmanager
    def _logged_in(self) -> Iterator[Page]:
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        with browser.page(self._form.timeout_s) as page:
            login = self._form.login
            if login is not None:
                answers = {selector: typed(value) for selector, value in login.fields.items()}
                browser.go(page, login.page)
                for selector, value in answers.items():
                    self._must_have(page, selector, "login.fields")
                    page.locator(selector).fill(value)
                try:
                    page.locator(login.submit).click()
                    page.locator(login.done).first.wait_for(state="attached")
                except Late as problem:
                    raise UserError(
                        "the login was not accepted", expected=f"{login.done!r} on the page after it",
                        remedy="check the environment's variables that the form names, and login.done",
                    ) from problem  # fmt: skip
                except Error as problem:
                    raise Unreachable(f"{login.page}: the login broke off") from problem
            yield page

    def _must_have(self, page: Page, selector: str, key: str) -> None:
        """Raises UserError where a selector finds nothing: the page has changed, or the file is wrong."""
        if page.locator(selector).count() == 0:
            raise UserError(
                f"{self._path}: {key} finds nothing on {page.url}",
                found=repr(selector),
                remedy="look at the page, mend it",
            )


def _send(page: Page, button: str, accepted: str, refused: str) -> None:
    """Click once. Raises Refused where the page says no, AmbiguousSend where it says nothing."""
    from playwright.sync_api import Error

    both = f"{accepted}, {refused}" if refused else accepted
    try:
        page.locator(button).click(no_wait_after=True)
        page.locator(both).first.wait_for(state="attached")
    except Error as problem:
        raise AmbiguousSend(f"{urlsplit(page.url).netloc} did not say whether it took the file") from problem
    if page.locator(accepted).count() == 0:
        raise Refused(_text(page.locator("html"), refused) or "the page refused the file")


def _links(page: Page, selector: str) -> list[str]:
    hrefs = [link.get_attribute("href") or "" for link in page.locator(selector).all()]
    return [urljoin(page.url, href) for href in hrefs if href]


def _download(page: Page, address: str, into: Path) -> None:
    """With the page's cookies; whole or not at all. Raises Unreachable."""
    from playwright.sync_api import Error

    name = Path(urlsplit(address).path).name or "file"
    target = into / re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    if target.exists():
        return
    try:
        answer = page.request.get(address)
        if not answer.ok:
            raise Unreachable(f"{address} answers {answer.status}")
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(answer.body())
    except Error as problem:
        raise Unreachable(f"{address}: the download broke off") from problem
    part.replace(target)


def _listed(row: Locator, listing: Listing, position: int) -> RemoteSubmission:
    message, status = _text(row, listing.message), _text(row, listing.status).lower()
    tag = TAG.search(message)
    failed = any(word in status for word in listing.failed)
    pending = any(word in status for word in listing.pending)
    score = _number(_text(row, listing.score))
    return RemoteSubmission(
        id=_text(row, listing.id) or f"row {position}",
        tag=tag[0] if tag else "",
        at=_time(_text(row, listing.at)) or "",
        status="error" if failed else "pending" if pending or (score is None and not listing.status) else "complete",
        public_score=score,
        message=status if failed else "",
    )


def _text(within: Locator, selector: str) -> str:
    """The first match's text; a `datetime` attribute goes before it; "" where there is none."""
    if not selector:
        return ""
    found = within.locator(selector)
    if found.count() == 0:
        return ""
    stamped = found.first.get_attribute("datetime")
    return " ".join((stamped or found.first.text_content() or "").split())[:LONGEST]


def _number(text: str) -> float | None:
    found = NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else None


def _time(text: str) -> str | None:
    """ISO 8601 in UTC; None for a text that is no such time."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _next_midnight() -> str:
    return datetime.combine(datetime.now(UTC).date() + timedelta(days=1), time(), UTC).isoformat()
