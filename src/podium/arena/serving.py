"""A running arena: its data folder and database opened, the grading queue begun, HTTP until a signal comes."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from podium.arena.admin import ArenaAdmin
from podium.arena.app import make_app
from podium.arena.grading_queue import GradingQueue
from podium.arena.marking import WorkerMarker
from podium.arena.places import Places
from podium.arena.service import ArenaService
from podium.arena.settings import ArenaSettings
from podium.arena.store import submissions
from podium.arena.store.database import Database
from podium.errors import EngineBusy, UserError

LOCK = "server.lock"
BACKLOG = 1024
GRACE_S = 10


@contextmanager
def opened(data: Path, database: str | None = None) -> Iterator[ArenaAdmin]:
    """The arena of a folder, made where there is none, for the host's own acts; a server may be running beside it."""
    places = Places(data.absolute())
    try:
        places.make()
    except OSError as problem:
        raise UserError(f"{data} cannot be used ({problem.strerror})", remedy="choose another --data") from problem
    store = Database(database) if database else Database.in_folder(data)
    try:
        yield ArenaAdmin(store, places)
    finally:
        store.close()


@contextmanager
def running(admin: ArenaAdmin, *, grading_s: float = 300.0) -> Iterator[ArenaService]:
    """The service with its grading worker. Raises EngineBusy where another server has this data folder.

    What a crash left pending is graded, what it left without a row is swept.
    """
    with _only_server(admin.places.data):
        admin.places.uploads.sweep(lambda id_: _known(admin.database, id_))
        queue = GradingQueue(admin.database, WorkerMarker(admin.places, limit_s=grading_s))
        queue.start()
        try:
            yield ArenaService(admin.database, admin.places, wake=queue.wake)
        finally:
            queue.close()


def serve(
    service: ArenaService, settings: ArenaSettings, host: str, port: int, *, ready: Callable[[str], None],
    proxies: str = "",
) -> None:  # fmt: skip
    """Answer until SIGINT or SIGTERM. `ready` is told the address; `proxies`: addresses whose X-Forwarded-For is believed."""
    try:
        listening = socket.create_server((host, port), backlog=BACKLOG, family=_family(host))
    except (OSError, OverflowError) as problem:
        raise UserError(
            f"cannot listen at {host}:{port} ({problem})", remedy="choose another --host or --port"
        ) from None
    with listening:
        config = uvicorn.Config(
            make_app(service, settings), log_level="warning", access_log=False, server_header=False, backlog=BACKLOG,
            timeout_graceful_shutdown=GRACE_S, proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None,
        )  # fmt: skip
        at = f"[{host}]" if ":" in host else host
        ready(f"http://{at}:{listening.getsockname()[1]}")
        before = signal.signal(signal.SIGTERM, _interrupt)  # uvicorn sends itself again what ended it
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # how a server is stopped
        finally:
            signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _known(database: Database, id_: str) -> bool:
    with database.read() as connection:
        return submissions.by_id(connection, id_) is not None


@contextmanager
def _only_server(data: Path) -> Iterator[IO[str]]:
    with (data / LOCK).open("w") as lock:
        os.set_inheritable(lock.fileno(), False)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise EngineBusy(f"another server has {data}") from problem
        yield lock
