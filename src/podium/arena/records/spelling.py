"""Documents as symbols: their bytes, or what an own tokenizer makes of them, once that is shown to lose nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from podium.arena.records.contestant import FRAME, TEXT
from podium.arena.records.passes import END, Symbols
from podium.arena.records.rules import Rules
from podium.arena.records.stage import Broke, Stage

MOST_A_BYTE = 8  # symbols a byte; a tokenizer that needs more has another purpose


class Lossy(Exception):
    """Its symbols do not give back the exact bytes. The message says of how many documents."""


def spell(
    stage: Stage, files: Mapping[str, bytes], texts: Sequence[bytes], rules: Rules, limit_s: float
) -> list[Symbols]:
    """Each document's symbols. Own symbols are decoded in a process that has never seen the documents, and must give back every
    byte; they end with END, so that a document's length is coded too. Each way may take `limit_s`. Raises Broke, Lossy."""
    if rules.tokenizer == "bytes":
        return [np.frombuffer(text, dtype=np.uint8).astype(np.int64) for text in texts]
    encoded = _through(
        stage, "encode", files, list(texts), rules, limit_s, [4 * MOST_A_BYTE * len(t) + 64 for t in texts]
    )
    decoded = _through(stage, "decode", files, encoded, rules, limit_s, [16 * len(text) + 4096 for text in texts])
    differ = [i for i, (text, back) in enumerate(zip(texts, decoded, strict=True)) if text != back]
    if differ:
        raise Lossy(f"{len(differ)} of {len(texts)} documents do not come back byte for byte, first number {differ[0]}")
    return [np.append(np.frombuffer(one, dtype="<u4").astype(np.int64), END) for one in encoded]


def _through(
    stage: Stage, kind: str, files: Mapping[str, bytes], given: Sequence[bytes], rules: Rules, limit_s: float, most: Sequence[int]
) -> list[bytes]:  # fmt: skip
    assert kind in ("encode", "decode")
    with stage.session("encode" if kind == "encode" else "decode", files, rules.startup_s + limit_s + 60) as session:
        found: list[bytes] = []
        stop = time.monotonic() + limit_s + rules.tolerance_s
        for text, bound in zip(given, most, strict=True):
            session.send(FRAME.pack(TEXT, len(text)) + text, stop)
            data = session.frame(bound, stop)[1]
            if kind == "encode" and len(data) % 4:
                raise Broke("crash", "symbols that are not whole")
            found.append(data)
        return found
