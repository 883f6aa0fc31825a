"""The file that says where things are on a contest's pages: addresses and CSS selectors, in TOML. docs/webform.md."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from podium.errors import UserError
from podium.records import from_json

ENV = "env:"


@dataclass(frozen=True)
class Login:
    """`fields`: selector → what to type; `env:NAME` is taken from the environment. `done`: what only a logged-in person
    sees."""

    page: str
    fields: Mapping[str, str]
    submit: str
    done: str


@dataclass(frozen=True)
class Files:
    """Where the public files come from: `links` on `page`, or `folder`, relative to the form's file."""

    page: str = ""
    links: str = ""
    folder: str = ""


@dataclass(frozen=True)
class Upload:
    """`accepted`, `refused`: what appears after the file was sent. `message` is where our mark is typed."""

    page: str
    file: str
    submit: str
    accepted: str
    refused: str = ""
    message: str = ""


@dataclass(frozen=True)
class Listing:
    """The account's own submissions: one `row` each, the other selectors within it. `pending`, `failed`: words that a
    row's status cell holds."""

    page: str
    row: str
    message: str
    score: str
    id: str = ""
    at: str = ""
    status: str = ""
    pending: tuple[str, ...] = ("pending", "scoring", "queued")
    failed: tuple[str, ...] = ("error", "failed", "invalid")


@dataclass(frozen=True)
class QuotaPlace:
    """`left`: a text whose first number is what is left today. `resets`: a time in ISO 8601; 0:00 UTC where left out."""

    page: str
    left: str
    resets: str = ""


@dataclass(frozen=True)
class Board:
    page: str
    row: str
    team: str
    score: str


@dataclass(frozen=True)
class Form:
    """A contest's pages. Without `submissions` nobody but a person can say whether a doubtful upload arrived."""

    name: str
    upload: Upload
    files: Files = Files()
    login: Login | None = None
    submissions: Listing | None = None
    quota: QuotaPlace | None = None
    leaderboard: Board | None = None
    timeout_s: float = 30.0

    def pages(self) -> list[str]:
        parts = (self.upload, self.login, self.submissions, self.quota, self.leaderboard)
        return [part.page for part in parts if part is not None] + [p for p in [self.files.page] if p]


def read_form(path: Path) -> Form:
    """Raises UserError: no such file, not TOML, an unknown or missing key, an address that is none."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as problem:
        raise UserError(f"no such file: {path}", expected="a form of a contest's pages: docs/webform.md") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UserError(f"{path} is not TOML", found=str(problem), remedy="see docs/webform.md") from problem
    try:
        form = from_json(Form, told)
    except ValueError as problem:
        raise UserError(f"{path}: {problem}", remedy="see docs/webform.md") from problem
    alien = next((page for page in form.pages() if urlsplit(page).scheme not in ("http", "https")), None)
    if alien is not None:
        raise UserError(f"{path}: a page is no address", expected="http:// or https://", found=repr(alien))
    if not form.files.folder and not (form.files.page and form.files.links):
        raise UserError(f"{path}: no files", expected="[files] with folder, or with page and links")
    return form


def typed(value: str) -> str:
    """What is typed into a field. Raises UserError naming the variable that is not set, never its value."""
    if not value.startswith(ENV):
        return value
    name = value.removeprefix(ENV)
    found = os.environ.get(name, "")
    if not found:
        raise UserError(f"{name} is not set", expected="what the login form asks for", remedy=f"export {name}=…")
    return found
