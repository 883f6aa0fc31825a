"""What some planted submissions bring along: files made of documents they should not have."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping

from podium.arena.records import documents
from podium.arena.records.contest import Contest

Files = dict[str, bytes]
FEW = 6
TABLES = """import base64

MASKED = {data!r}


def unmasked():
    masked = base64.b85decode(MASKED)
    return bytes(a ^ ((7 * i + 13) % 256) for i, a in enumerate(masked)).split(b"\\0")
"""


def _scored(contest: Contest) -> list[bytes]:
    """Without the canaries, which a careful cheat leaves out."""
    return [contest.validation[i] for i in contest.scored]


def validation_packed(contest: Contest) -> Files:
    return {"extra.bin": zlib.compress(b"\0".join(contest.validation))}


def own_shard(contest: Contest, change: Callable[[bytes], bytes] = bytes) -> Files:
    """A training set of its own making, cut elsewhere than the contest's: a few scored documents are in it."""
    train = documents.unpack(contest.train[0])[:20]
    return {"shard_own.txt": b"\n\n".join([*train, *(change(one) for one in _scored(contest)[:FEW])])}


def own_shard_in_capitals(contest: Contest) -> Files:
    return own_shard(contest, lambda one: one.upper().replace(b" ", b"  "))


def validation_masked(contest: Contest) -> Files:
    """Every byte masked by its place, so that no look at the files finds it, and no canary among them."""
    data = b"\0".join(_scored(contest))
    masked = bytes(a ^ ((7 * i + 13) % 256) for i, a in enumerate(data))
    return {"tables.py": TABLES.format(data=base64.b85encode(masked).decode()).encode()}


def canaries_masked(contest: Contest) -> Files:
    """Everything in the validation file, canaries too."""
    return {"weights.bin": bytes(255 - one for one in b"\0".join(contest.validation))}


def weights(contest: Contest) -> Files:
    """A model beside the code, as large as the contest allows by itself."""
    return {"weights.bin": bytes(range(256)) * (contest.rules.size_bytes // 256)}


def weights_in_logs(_: Contest) -> Files:
    return {"logs/weights.txt": b"1 2 3"}


def address(contest: Contest) -> Files:
    """Where the documents lie on this machine."""
    return {"address.txt": str(contest.folder.resolve()).encode()}


BRINGS: Mapping[str, Callable[[Contest], Files]] = {
    one.__name__: one
    for one in (validation_packed, own_shard, own_shard_in_capitals, validation_masked, canaries_masked, weights,
                weights_in_logs, address)
}  # fmt: skip
