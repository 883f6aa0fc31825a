"""The account's credentials, where the official client looks for them. Nothing here prints or logs one.

KAGGLE_API_TOKEN (a token, or the path of a file with one) · ~/.kaggle/access_token · KAGGLE_USERNAME and KAGGLE_KEY ·
kaggle.json in KAGGLE_CONFIG_DIR or ~/.kaggle
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from podium.errors import UserError

PAGE = "https://www.kaggle.com/settings"
WHERE = "KAGGLE_API_TOKEN, ~/.kaggle/access_token, KAGGLE_USERNAME with KAGGLE_KEY, or ~/.kaggle/kaggle.json"


@dataclass(frozen=True)
class Credentials:
    """Either a token, or a user name and a key. `source` is where they were found, for people."""

    source: str
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    key: str | None = field(default=None, repr=False)


def find() -> Credentials:
    """The first that there are. Raises UserError: there are none, or a file of them cannot be read."""
    return _token() or _legacy() or _none()


def _token() -> Credentials | None:
    named = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if named and not _is_file(named):
        return Credentials("KAGGLE_API_TOKEN", token=named)
    places = [Path(named)] if named else [_home() / name for name in ("access_token", "access_token.txt")]
    for place in places:
        if place.is_file() and (token := _read(place).strip()):
            return Credentials(str(place), token=token)
    return None


def _legacy() -> Credentials | None:
    username, key = os.environ.get("KAGGLE_USERNAME", ""), os.environ.get("KAGGLE_KEY", "")
    if username and key:
        return Credentials("KAGGLE_USERNAME and KAGGLE_KEY", username=username, key=key)
    folder = os.environ.get("KAGGLE_CONFIG_DIR", "")
    place = (Path(folder) if folder else _home()) / "kaggle.json"
    if not place.is_file():
        return None
    try:
        held = json.loads(_read(place))
        return Credentials(str(place), username=str(held["username"]), key=str(held["key"]))
    except (ValueError, KeyError, TypeError):  # the text is not shown: it holds a key
        raise UserError(
            f"no credentials in {place}",
            expected='JSON with "username" and "key"',
            remedy=f"make a new one at {PAGE}",
        ) from None


def _none() -> Credentials:
    raise UserError("no Kaggle credentials", expected=WHERE, remedy=f"make a token at {PAGE}")


def _is_file(text: str) -> bool:
    """A token is seldom a path, and may be too long for one: the error would quote it."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _read(place: Path) -> str:
    try:
        return place.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(
            f"cannot read the Kaggle credentials in {place}: {getattr(problem, 'strerror', 'not text')}"
        ) from None


def _home() -> Path:
    return Path("~/.kaggle").expanduser()
