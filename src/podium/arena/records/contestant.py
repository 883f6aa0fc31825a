"""The submission's process: shuts itself in, loads train.py, and does what the referee asks over one line.

Everything here runs beside the submission's code, with its rights: the referee believes nothing that is said here. It holds no
validation document while it trains, no training document while it is scored, and of a document only what is scored already.
"""

from __future__ import annotations

import importlib
import os
import random
import socket
import struct
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from podium.arena.records import documents
from podium.execution import lockdown, processes, wire, worker
from podium.records import Limits

FRAME = struct.Struct("<cI")  # an order or an answer, and how many symbols, rows or bytes follow
START, READ, OVER = b"S", b"R", b"Q"
ROWS, TEXT, FAILED = b"P", b"T", b"E"
MOST_SAID = 2000
FILE = "file:"  # before the names of the submission's own files


def main(job: Mapping[str, Any], fds: dict[str, int], say: int, level: str, scratch: Path) -> NoReturn:
    """One job of one submission: `train`, `score`, `encode` or `decode`. Never returns."""
    line: socket.socket | None = None
    try:
        processes.die_with_parent()
        worker.redirect(fds.pop("log"))
        line = socket.socket(fileno=fds.pop("line"))
        lockdown.close_descriptors([line.fileno(), say, *fds.values()])
        if level != "bubblewrap":
            os.setpgid(0, 0)
        lockdown.confine(level, Limits(**job["limits"]), scratch)
        _unpack(fds, scratch)
        wire.send(line, {"event": "shut in"})
        _serve(str(job["kind"]), line, scratch)
    except BaseException as problem:  # noqa: BLE001 — whatever it is, it is this job's outcome
        _tell(line, problem)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _unpack(fds: Mapping[str, int], scratch: Path) -> None:
    """The submission's own files, writable copies in the folder it works in."""
    for name, fd in fds.items():
        path = scratch / name.removeprefix(FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(fd, "rb") as file:
            path.write_bytes(file.read())


def _serve(kind: str, line: socket.socket, scratch: Path) -> None:
    sys.path.insert(0, str(scratch))
    random.seed(0)
    np.random.seed(0)
    module = importlib.import_module("train")
    wire.send(line, {"event": "ready"})
    {"train": _train, "score": _score, "encode": _encode, "decode": _decode}[kind](module, line)


def _tell(line: socket.socket | None, problem: BaseException) -> None:
    """The traceback goes to the log, its last line to the referee, where somebody still listens."""
    import traceback

    traceback.print_exception(problem)
    text = " ".join(traceback.format_exception_only(problem)[-1].split()).encode()[:MOST_SAID]
    if line is not None:
        try:
            line.sendall(FRAME.pack(FAILED, len(text)) + text)
        except OSError:
            print("nobody listens any more", file=sys.stderr)


class Data:
    """The training documents, handed over shard by shard by the referee, who notes when. `len(data)`: shards."""

    def __init__(self, line: socket.socket, n_shards: int) -> None:
        self._line, self._n = line, n_shards

    def __len__(self) -> int:
        return self._n

    def documents(self, shard: int) -> list[bytes]:
        """The documents of one shard. Raises IndexError, and TimeoutError when training time is up."""
        if not 0 <= shard < self._n:
            raise IndexError(f"expected a shard from 0 to {self._n - 1}, found {shard}")
        wire.send(self._line, {"event": "want", "shard": shard})
        answer, fds = wire.receive(self._line)
        if not fds:
            raise TimeoutError(str(answer.get("why", "no more data")))
        with os.fdopen(fds[0], "rb") as file:
            return documents.unpack(file.read())

    def all(self) -> list[bytes]:
        """Every document of every shard, in order."""
        return [document for shard in range(self._n) for document in self.documents(shard)]


def _train(module: types.ModuleType, line: socket.socket) -> None:
    asked, _ = wire.receive(line)
    deadline = time.monotonic() + float(asked["seconds"])
    artifact = bytes(module.train(Data(line, int(asked["shards"])), int(asked["seed"]), deadline))
    wire.send(line, {"event": "trained", "bytes": len(artifact)})
    line.sendall(artifact)


def _score(module: types.ModuleType, line: socket.socket) -> None:
    """Rows of probabilities, each before the symbol it is for has been revealed."""
    scorer = module.load(_text(line))
    width = int(getattr(scorer, "symbols", 256))
    line.sendall(FRAME.pack(TEXT, 4) + struct.pack("<I", width))
    while True:
        order, n = FRAME.unpack(_exactly(line, FRAME.size))
        if order == OVER:
            return
        if order == START:
            rows = _rows(scorer.start(), 1, width)
        else:
            rows = _rows(scorer.read(np.frombuffer(_exactly(line, 4 * n), dtype="<u4").astype(np.int64)), n, width)
        line.sendall(FRAME.pack(ROWS, len(rows)))
        line.sendall(rows.data.cast("B"))


def _rows(found: Any, n: int, width: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    rows = np.ascontiguousarray(found, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[None, :]
    if rows.shape != (n, width):
        raise ValueError(f"expected probabilities of shape ({n}, {width}), found {rows.shape}")
    return rows


def _encode(module: types.ModuleType, line: socket.socket) -> None:
    """Documents in, symbols out: of an own tokenizer. This process scores nothing."""
    while True:
        symbols = np.asarray(module.encode(_text(line)), dtype="<u4")
        line.sendall(FRAME.pack(TEXT, symbols.nbytes) + symbols.tobytes())


def _decode(module: types.ModuleType, line: socket.socket) -> None:
    """Symbols in, documents out: in a process that has never seen the documents."""
    while True:
        symbols = np.frombuffer(_text(line), dtype="<u4").astype(np.int64)
        document = bytes(module.decode(symbols))
        line.sendall(FRAME.pack(TEXT, len(document)) + document)


def _text(line: socket.socket) -> bytes:
    """What the referee sends next; the process ends where it has had enough."""
    order, n = FRAME.unpack(_exactly(line, FRAME.size))
    if order == OVER:
        raise SystemExit
    return _exactly(line, n)


def _exactly(line: socket.socket, n: int) -> bytes:
    parts, missing = [], n
    while missing:
        part = line.recv(min(missing, 1 << 20))
        if not part:
            raise SystemExit  # the referee has what it wanted
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
