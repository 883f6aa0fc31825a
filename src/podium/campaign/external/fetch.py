"""One file from the web, whole or not there. Called only for a source that the user approved."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from podium.competition.archives import is_archive
from podium.competition.table import format_of

MOST_BYTES = 512 << 20
TIMEOUT_S = 30.0
_BLOCK = 1 << 20


class FetchError(Exception):
    """The file could not be had; what stood in the way, in one line."""


class Absent(FetchError):
    """The server has no such file."""


class _HttpsAlone(urllib.request.HTTPRedirectHandler):
    """A redirect may not leave what was approved for a plain or a local address."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check(url: str) -> None:
    """Raises FetchError for an address that is not https, or carries a password."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise FetchError(f"expected an https address; found {url[:120]!r}")
    if parts.username or parts.password:
        raise FetchError("the address carries a user name or a password")


def name_of(url: str) -> str:
    """A plain file name for what lies at `url`, its ending kept."""
    last = PurePosixPath(unquote(urlsplit(url).path)).name
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).lstrip(".")[-80:] or "data"


def fetchable(url: str) -> bool:
    """Whether the address is that of a table, or of an archive, which may hold pictures."""
    return format_of(name_of(url)) is not None or is_archive(name_of(url))


def fetch(url: str, to: Path, most: int = MOST_BYTES) -> None:
    """Download `url` to `to`: synced, then renamed into place. Raises FetchError; what a killed process left is replaced."""
    check(url)
    if not fetchable(url):
        raise FetchError(f"expected a table (.csv, .parquet, …) or an archive; found {name_of(url)!r}")
    download(url, to, most)


def download(url: str, to: Path, most: int) -> None:
    """Any file, likewise. Raises FetchError; `Absent` where the server says that there is none."""
    check(url)
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{to.name}.part")
    try:
        with _open(url) as answer, part.open("wb") as file:
            _copy(answer, file, most)
            file.flush()
            os.fsync(file.fileno())
        part.replace(to)
    except urllib.error.HTTPError as problem:
        raise (Absent if problem.code == 404 else FetchError)(f"{problem.code} {problem.reason}") from problem
    except (OSError, HTTPException, ValueError) as problem:  # URLError is an OSError
        raise FetchError(" ".join(str(problem).split())[:200] or type(problem).__name__) from problem
    finally:
        part.unlink(missing_ok=True)


def _open(url: str) -> Any:
    opener = urllib.request.build_opener(_HttpsAlone)
    return opener.open(urllib.request.Request(url, headers={"User-Agent": "podium"}), timeout=TIMEOUT_S)


def _copy(answer: Any, file: IO[bytes], most: int) -> None:
    size, told = 0, answer.headers.get("Content-Length")
    if told is not None and told.isdigit() and int(told) > most:
        raise FetchError(f"expected at most {most:,} bytes; found {int(told):,}")
    while block := answer.read(_BLOCK):
        size += len(block)
        if size > most:
            raise FetchError(f"expected at most {most:,} bytes; found more")
        file.write(block)
    if told is not None and told.isdigit() and size != int(told):
        raise FetchError(f"expected {int(told):,} bytes; the connection ended after {size:,}")
