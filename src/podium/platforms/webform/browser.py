"""A headless Chromium that does one thing at a time: open a page, fill in, click, read. Needs `podium[webform]`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from podium.errors import UserError
from podium.platforms.platform import Unreachable

if TYPE_CHECKING:
    from playwright.sync_api import Page

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHOSEN = "PODIUM_CHROMIUM"  # the path of another one


def executable() -> str | None:
    """The Chromium that is installed here; None: playwright's own, where there is one."""
    return os.environ.get(CHOSEN) or next((found for name in INSTALLED if (found := shutil.which(name))), None)


@contextmanager
def page(timeout_s: float) -> Iterator[Page]:
    """A blank page with no cookies. Every wait is bounded by `timeout_s`.

    Raises UserError where no browser can be started; Unreachable where a page cannot be opened."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as problem:
        raise UserError("playwright is not installed", remedy="pip install 'podium[webform]'") from problem
    with sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=executable(), args=_arguments())
        except Error as problem:
            raise UserError(
                "no Chromium can be started",
                found=str(problem).splitlines()[0],
                remedy=f"install chromium, run `playwright install chromium`, or set {CHOSEN} to its path",
            ) from problem
        try:
            opened = browser.new_page()
            opened.set_default_timeout(1000 * timeout_s)
            yield opened
        finally:
            browser.close()


def go(page: Page, address: str) -> None:
    """Open an address. Raises Unreachable where it does not answer, or answers with a server's error."""
    from playwright.sync_api import Error

    try:
        answer = page.goto(address, wait_until="domcontentloaded")
    except Error as problem:
        raise Unreachable(f"{address} does not answer: {_first_line(problem)}") from problem
    if answer is not None and (answer.status >= 500 or answer.status == 429):
        wait = answer.headers.get("retry-after", "")
        raise Unreachable(f"{address} answers {answer.status}", float(wait) if wait.isdigit() else None)


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__


def _arguments() -> list[str]:
    """Chromium's own sandbox needs namespaces that root in a container has not."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
