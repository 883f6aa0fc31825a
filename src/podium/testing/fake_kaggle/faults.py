"""What goes wrong, and when: for each call a queue of kinds, one of them taken by each request.

Calls are named as the service names them (`CreateSubmission`, `ListSubmissions` …); `Upload` is the PUT of a file's bytes,
`Storage` the GET of a file. A kind that ends in `_after` first does what was asked, so that it is accepted, and then fails;
`late` fails first, and is accepted when the fake's clock has moved on by `FakeKaggle.late_s`; `truncated` is half of a
download.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

BEFORE = ("429", "500", "502", "503", "reset", "timeout")
AFTER = ("500_after", "502_after", "503_after", "reset_after", "timeout_after", "garbage_after")
KINDS = ("ok", *BEFORE, *AFTER, "late", "truncated", "403")


@dataclass(frozen=True)
class Fault:
    """`retry_after_s`: sent as Retry-After with 429 and 503."""

    kind: str
    retry_after_s: int | None = None


class Faults:
    """Thread-safe. A call without a queue is served as it should be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, deque[Fault]] = defaultdict(deque)
        self.met: list[tuple[str, str]] = []  # (call, kind) of every fault that a request ran into

    def then(self, call: str, *kinds: str, retry_after_s: int | None = None) -> Faults:
        """The next requests of `call` meet these kinds, in order, after those queued before; `ok` lets one pass."""
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError(f"no fault {kind!r}; expected one of {', '.join(KINDS)}")
            with self._lock:
                self._queues[call].append(Fault(kind, retry_after_s))
        return self

    def take(self, call: str) -> Fault:
        with self._lock:
            queue = self._queues.get(call)
            fault = queue.popleft() if queue else Fault("ok")
            if fault.kind != "ok":
                self.met.append((call, fault.kind))
            return fault

    def clear(self) -> None:
        with self._lock:
            self._queues.clear()
