"""From what the user names to the platform: an address of a competition that lives elsewhere, or a folder here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from podium.errors import UserError
from podium.platforms.platform import Platform

KAGGLE_PAGE = re.compile(r"https?://(?:www\.)?kaggle\.com/(?:c|competitions)/([A-Za-z0-9_-]+)/?(?:[a-z]+/?)?$")
ARENA_PAGE = re.compile(r"https?://[^/]+/contests/([A-Za-z0-9._-]+)/?$")
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*$")
KNOWN = "a folder, kaggle:SLUG, the page of a Kaggle competition or of an arena's contest, form:FILE.toml"


@dataclass(frozen=True)
class Address:
    """Where a competition lives. `at`: Kaggle's slug, the URL of an arena's contest, the path of a form's file."""

    kind: Literal["kaggle", "arena", "form"]
    at: str

    def __str__(self) -> str:
        return self.at if self.kind == "arena" else f"{self.kind}:{self.at}"

    @property
    def slug(self) -> str:
        """The name of a campaign's folder."""
        if self.kind == "form":
            return Path(self.at).stem
        return self.at if self.kind == "kaggle" else urlsplit(self.at).path.rstrip("/").rsplit("/", 1)[-1]


def address_of(text: str) -> Address | None:
    """None where `text` names something on this machine. Raises UserError for an address that is none."""
    if page := KAGGLE_PAGE.match(text):
        return Address("kaggle", page[1])
    if ARENA_PAGE.match(text):
        return Address("arena", text.rstrip("/"))
    kind, colon, rest = text.partition(":")
    if kind == "kaggle" and colon and SLUG.match(rest):
        return Address("kaggle", rest)
    if kind == "form" and colon and rest:
        return Address("form", str(Path(rest).resolve()))
    if text.startswith(("kaggle:", "http://", "https://")):
        raise UserError("no competition has such an address", expected=KNOWN, found=text)
    return None


def platform_at(address: Address) -> Platform:
    """The platform of an address. Raises UserError: what it needs is not installed, or no credentials are here."""
    if address.kind == "kaggle":
        from podium.platforms.kaggle import Kaggle

        return Kaggle(address.at)
    if address.kind == "form":
        from podium.platforms.webform import WebForm

        return WebForm(Path(address.at))
    from podium.platforms.arena import Arena

    return Arena(address.at)
