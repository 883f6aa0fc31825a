"""A download that goes on where it stopped, and whose parts are never taken for the whole.

Beside the part lies what it is a part of (ETag or Last-Modified, and the size): bytes are only ever added to a part of the
very same file. The signed address is asked for anew each time, and is written nowhere.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.platforms.kaggle import failures
from podium.platforms.kaggle.client import Client
from podium.platforms.platform import Unreachable

PAUSES_S = (0.0, 0.5, 1.0, 2.0)  # before trying again, where no byte came; then it is given up
CHUNK = 1 << 16  # what a broken connection may cost


@dataclass(frozen=True)
class Identity:
    """What is downloaded. `size` None where the server does not say."""

    validator: str
    size: int | None

    @classmethod
    def of(cls, response: Any) -> Identity:
        headers = response.headers
        packed = headers.get("Content-Encoding", "identity") != "identity"  # the length is then not that of the file
        size = None if packed else headers.get("Content-Length")
        return cls(headers.get("ETag") or headers.get("Last-Modified") or "", int(size) if size else None)


class Download:
    """Of all files of the client's competition, to `target`."""

    def __init__(self, client: Client, target: Path) -> None:
        self._client, self._target = client, target
        self._part, self._note = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.json")

    def whole(self) -> Path:
        """Raises UserError, Unreachable after several attempts in a row that brought nothing new."""
        import requests

        idle, most = 0, self._have()
        while not self._target.exists():
            try:
                self._on()
                continue
            except requests.exceptions.RequestException as problem:
                lost = failures.translated(problem, "downloading", self._client.slug, "ask")
            except Unreachable as problem:
                lost = problem
            idle, most = (0, self._have()) if self._have() > most else (idle + 1, most)
            wait = getattr(lost, "retry_after_s", None)
            if idle > len(PAUSES_S) or wait:
                raise Unreachable(f"{lost}; {told_size(self._have())} are kept, run it again to go on", wait) from None
            time.sleep(PAUSES_S[idle - 1] if idle else 0.0)
        return self._target

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _on(self) -> None:
        """One request for what is missing, or for all of it where the part is of another file."""
        response = self._client.call("download_data_files", "downloading", competition_name=self._client.slug)
        with response:
            _no_page(response)
            identity, have = Identity.of(response), self._have()
            if not (have and identity.validator and identity.size and response.history and self._known() == identity):
                return self._take(response, identity, 0)
            if have >= identity.size:
                return self._done(identity)
            url = response.url
        from podium.platforms.kaggle import wire

        asked = {"Range": f"bytes={have}-", "If-Range": identity.validator}
        with (
            wire.plain(self._client.settings) as storage,
            storage.get(url, headers=asked, stream=True) as rest,
        ):
            if rest.status_code >= 400:
                raise Unreachable(f"Kaggle's storage answers with status {rest.status_code}")
            _no_page(rest)
            goes_on = rest.status_code == 206 and rest.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if goes_on:
                return self._take(rest, identity, have)
            return self._take(rest, Identity.of(rest), 0)

    def _take(self, response: Any, identity: Identity, have: int) -> None:
        self._note.write_text(json.dumps([identity.validator, identity.size]))
        with self._part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        self._done(identity)

    def _done(self, identity: Identity) -> None:
        have = self._have()
        if identity.size is not None and have < identity.size:
            raise Unreachable(f"the download ended at {told_size(have)} of {told_size(identity.size)}")
        if identity.size is not None and have > identity.size:
            self._part.unlink()
            raise Unreachable("more came than was announced")
        self._part.replace(self._target)

    def _known(self) -> Identity | None:
        try:
            validator, size = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return None
        return Identity(validator, size)


def _no_page(response: Any) -> None:
    """A gateway's page, or a login's, with a status that says all is well."""
    if "html" in response.headers.get("Content-Type", ""):
        raise Unreachable("a web page came in place of the files")


def told_size(size: int) -> str:
    return f"{size} bytes" if size < 10_000 else f"{size / 1e6:,.1f} MB"
