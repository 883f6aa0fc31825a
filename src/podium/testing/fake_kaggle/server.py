"""The fake's server: a thread a connection, HTTP/1.1."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from typing import Any

from podium.testing.fake_kaggle import competitions, kernels
from podium.testing.fake_kaggle.answers import Json
from podium.testing.fake_kaggle.clock import Clock
from podium.testing.fake_kaggle.contest import Contest
from podium.testing.fake_kaggle.faults import Faults
from podium.testing.fake_kaggle.handler import Handler
from podium.testing.fake_kaggle.state import Accepted, RunKernel, State, echo

Call = Callable[["FakeKaggle", Json], Json]


class FakeKaggle:
    """`start()` gives its URL; a context manager starts and stops it. Everything is in memory, and lives as long as this
    object does: a client may be killed and come back.

    `accepted`: submissions in the order in which they were taken. `requests`: the name of every call that came in.
    """

    def __init__(
        self, *contests: Contest, clock: Clock | None = None, username: str = "player", token: str = "KGAT_fake_token",
        key: str = "fake_legacy_key", run_kernel: RunKernel = echo, kernel_s: float = 0.0,
        late_s: float = 30.0,
    ) -> None:  # fmt: skip
        self.clock = clock or Clock()
        self.faults = Faults()
        self.state = State(contests, self.clock)
        self.username, self.token, self.key = username, token, key
        self.run_kernel, self.kernel_s, self.late_s = run_kernel, kernel_s, late_s
        self.started_at = self.clock.now()
        self.requests: list[str] = []
        self.served_from: list[int] = []  # the first byte of each answer with a file
        self.over = threading.Event()  # wakes requests that hang
        self.calls: dict[str, Call] = {**competitions.CALLS, **kernels.CALLS, "IntrospectToken": introspect}
        self._late: list[tuple[datetime, Callable[[], None]]] = []
        self._archives: dict[str, bytes] = {}
        self._server: ThreadingHTTPServer | None = None
        self.url = ""

    @property
    def accepted(self) -> list[Accepted]:
        with self.state.lock:
            return list(self.state.accepted)

    def most_on_a_day(self, slug: str) -> int:
        """The most submissions that the contest took on one UTC day, by the fake's clock."""
        return self.state.most_on_a_day(slug)

    def count(self, call: str) -> int:
        return self.requests.count(call)

    def later(self, work: Callable[[], None]) -> None:
        """Do it when the clock has moved on by `late_s`, before the request that comes then."""
        with self.state.lock:
            self._late.append((self.clock.now() + timedelta(seconds=self.late_s), work))

    def do_late(self) -> None:
        with self.state.lock:
            now = self.clock.now()
            due = [work for at, work in self._late if at <= now]
            self._late = [(at, work) for at, work in self._late if at > now]
            for work in due:
                work()

    def archive(self, slug: str) -> bytes:
        """All files of a contest, zipped once."""
        with self.state.lock:
            if slug not in self._archives:
                packed = io.BytesIO()
                with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                    for name, data in self.state.contests[slug].files.items():
                        archive.writestr(name, data)
                self._archives[slug] = packed.getvalue()
            return self._archives[slug]

    def start(self) -> str:
        server = _Server(("127.0.0.1", 0), Handler)
        server.fake = self
        self._server, self.url = server, f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self.url

    def stop(self) -> None:
        self.over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> FakeKaggle:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    fake: FakeKaggle

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is the client's affair: faults make them do so."""


def introspect(fake: FakeKaggle, request: Json) -> Json:
    known = request.get("token") == fake.token
    return {"active": known, "username": fake.username if known else "", "userId": 1}
