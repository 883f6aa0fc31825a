"""A contest of an arena, over HTTP: `Arena("http://host:port/contests/slug")`.

A submission's tag is an idempotency key that the server honours, so it may be sent again whenever an answer was lost.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from podium.errors import Refused, UserError
from podium.platforms import arena_tokens
from podium.platforms.arena_client import TRIES, ArenaClient, Asked, Lost
from podium.platforms.platform import AmbiguousSend, Quota, RemoteSubmission, Unreachable

GRADING_S = 30.0  # how long a submission is watched until it has a score
LOOK_S = (0.1, 0.2, 0.5, 1.0)


OURS = "config.json"  # what the engine obeys is the user's own to write, never a server's


def base_of(url: str) -> str:
    """The arena of a contest's page."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def register(url: str, name: str) -> str:
    """A new account at the arena of this page; its token. Raises Refused: the name is taken or not well-formed."""
    try:
        answer = ArenaClient(base_of(url)).ask("POST", "/api/accounts", fields={"name": name}, idempotent=False)
    except Lost as problem:
        raise Unreachable(f"{problem}; if the name is taken now, ask the arena's host for a token") from problem
    return str(answer.json()["token"])


class Arena:
    """Passes the conformance suite. Raises UserError where the user has no account there, or has not joined."""

    name = "arena"
    has_list = True
    settles_s = 0.0  # list and submit are one store, and sending a tag again doubles nothing

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        where, _, slug = parts.path.rstrip("/").rpartition("/")
        if where != "/contests" or not slug:
            raise UserError("no contest has such an address", expected="http://host:port/contests/name", found=url)
        self.url, self.slug = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", slug
        self._client = ArenaClient(base_of(url), arena_tokens.token_for(base_of(url)))
        self._path = f"/api/contests/{slug}"

    def fetch(self, into: Path) -> Path:
        into.mkdir(parents=True, exist_ok=True)
        contest = self._ask("GET", "")
        for file in contest["files"]:
            if str(file["name"]).lower() == OURS:
                continue
            self._fetch(into, str(file["name"]), str(file["sha256"]), int(file["bytes"]))
        return into

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        query = {"tag": tag, "message": message[:500], "file_name": file.name[-200:]}
        try:
            answer = self._client.ask("POST", f"{self._path}/submissions", query=query, body=file.read_bytes())
        except Lost as problem:
            raise AmbiguousSend(str(problem)) from problem
        except Asked as problem:
            raise self._explained(problem) from problem
        return self._watched(answer.json())

    def submissions(self) -> list[RemoteSubmission]:
        return [_remote(one) for one in self._ask("GET", "/submissions")]

    def quota(self) -> Quota | None:
        told = self._ask("GET", "/quota")
        return None if told["limit"] is None else Quota(int(told["left"]), str(told["resets_at"]))

    def leaderboard(self) -> list[tuple[str, float]]:
        return [(str(row["name"]), float(row["score"])) for row in self.standings()["rows"]]

    def standings(self) -> Any:
        """The whole leaderboard, as the arena tells it."""
        return self._ask("GET", "/leaderboard")

    def select(self, ids: Sequence[str]) -> bool:
        self._ask("PUT", "/selection", {"ids": list(ids)})
        return True

    def join(self) -> None:
        """Accept the contest's rules, as the user asked to."""
        self._ask("POST", "/join", {"accept_rules": True})

    def _ask(self, method: str, path: str, fields: Any = None) -> Any:
        try:
            return self._client.ask(method, self._path + path, fields=fields).json()
        except Lost as problem:
            raise Unreachable(str(problem)) from problem
        except Asked as problem:
            raise self._explained(problem) from problem

    def _explained(self, problem: Asked) -> Exception:
        """The arena's no as the user's mistake where the user can mend it, else as it is."""
        if problem.code in ("unauthorised", "not_joined"):
            return UserError(f"{self.url}: {problem}", remedy=f"podium arena join {self.url} --name YOUR_NAME")
        if problem.code in ("not_found", "banned"):
            return UserError(f"{self.url}: {problem}", remedy="check the address")
        return Refused(str(problem))

    def _watched(self, told: Any) -> RemoteSubmission:
        """The submission once it is graded, or as it is after a while."""
        until, looks = time.monotonic() + GRADING_S, 0
        while told["status"] == "pending" and time.monotonic() < until:
            time.sleep(LOOK_S[min(looks, len(LOOK_S) - 1)])
            looks += 1
            try:
                told = self._ask("GET", f"/submissions/{told['id']}")
            except (Unreachable, Refused):  # it was received: that is what counts
                break
        return _remote(told)

    def _fetch(self, into: Path, name: str, sha256: str, size: int) -> None:
        """One file, whole or not at all; what lies there already is left."""
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts or not plain.parts or "\\" in name or "\0" in name:
            raise UserError(f"the arena offers a file with an unsafe name: {name[:80]!r}", remedy="tell its host")
        target = into / plain
        if target.is_file() and target.stat().st_size == size and _sha256(target) == sha256:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        for left in reversed(range(TRIES)):
            try:
                with part.open("wb") as out:
                    self._client.download(f"{self._path}/files/{name}", out, size)
                if _sha256(part) == sha256:
                    part.replace(target)
                    return
                problem = Unreachable(f"{name} did not arrive whole")
            except Lost as lost:
                problem = Unreachable(str(lost))
            except Asked as no:
                raise self._explained(no) from no
            if not left:
                part.unlink(missing_ok=True)
                raise problem


def _remote(told: Any) -> RemoteSubmission:
    return RemoteSubmission(
        id=str(told["id"]),
        tag=str(told["tag"]),
        at=str(told["at"]),
        status=told["status"],
        public_score=told["public_score"],
        private_score=told["private_score"],
        message=str(told["error"]),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
