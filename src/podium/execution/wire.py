"""Messages between supervisor, warm parent and run: JSON with descriptors beside it, over a unix stream socket.

A message is its length and its number of descriptors (6 bytes, network order), the JSON, then the descriptors in
batches of one byte each: the kernel passes at most 253 with one byte. Standard library alone: supervisors start bare.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

HEADER = struct.Struct("!IH")
BATCH = 200  # descriptors a byte; SCM_MAX_FD is 253
MAX_BYTES = 16 << 20  # a schema of 10,000 columns is 1 MB


class Hangup(Exception):
    """The other side is gone, or speaks something else."""


def send(sock: socket.socket, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
    """Send one message. Raises Hangup when nobody listens."""
    body = json.dumps(message).encode()
    try:
        sock.sendall(HEADER.pack(len(body), len(fds)) + body)
        for start in range(0, len(fds), BATCH):
            socket.send_fds(sock, [b"F"], list(fds[start : start + BATCH]))
    except OSError as problem:
        raise Hangup(f"the other side is gone ({problem})") from problem


def receive(sock: socket.socket, max_bytes: int = MAX_BYTES) -> tuple[dict[str, Any], list[int]]:
    """The next message and its descriptors (close-on-exec). Raises Hangup at the end of the stream."""
    fds: list[int] = []
    try:
        length, n_fds = HEADER.unpack(_exactly(sock, HEADER.size))
        if length > max_bytes:
            raise Hangup(f"a message of {length} bytes; at most {max_bytes} are read")
        message = json.loads(_exactly(sock, length))
        while len(fds) < n_fds:
            byte, batch, _, _ = socket.recv_fds(sock, 1, min(BATCH, n_fds - len(fds)))
            fds += batch
            if not byte or not batch:
                raise Hangup("the other side ended inside a message")
    except (OSError, ValueError, Hangup) as problem:
        for fd in fds:
            os.close(fd)
        raise problem if isinstance(problem, Hangup) else Hangup(str(problem)) from problem
    if not isinstance(message, dict):
        raise Hangup("a message that is not an object")
    return message, fds


def _exactly(sock: socket.socket, n: int) -> bytes:
    parts, missing = [], n
    while missing:
        part = sock.recv(min(missing, 1 << 16))
        if not part:
            raise Hangup("the other side is gone")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
