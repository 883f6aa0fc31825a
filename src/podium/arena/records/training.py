"""One training run: the referee hands out the shards, notes when, and takes the artifact. Three clocks, one zero."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.arena.records.rules import Rules
from podium.arena.records.stage import Broke, Session, Stage, sealed

ROOM = 4  # an artifact of up to this many times the limit is still taken, to say by how much it is over


@dataclass(frozen=True)
class Trained:
    """Seconds since the training data were within reach. `training_s`: until `train` returned; `data_s`: until the last shard
    was handed out; `artifact_s`: until the artifact's last byte was here."""

    artifact: bytes
    training_s: float
    data_s: float
    artifact_s: float
    shards_read: int
    log: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.artifact).hexdigest()


def run(stage: Stage, files: Mapping[str, bytes], shards: Sequence[bytes], seed: int, rules: Rules) -> Trained:
    """Train in a fresh process. Raises Broke; `time` where it was still at it when limit and tolerance were over."""
    allowed = rules.train_s + rules.tolerance_s
    with stage.session("train", files, rules.startup_s + allowed + 60) as session:
        zero = time.monotonic()
        session.tell({"seed": seed, "seconds": rules.train_s, "shards": len(shards)})
        data_s, n_read = 0.0, 0
        while (said := session.hear(zero + allowed)).get("event") == "want":
            data_s, n_read = time.monotonic() - zero, n_read + 1
            _hand_over(session, shards, said)
        training_s = time.monotonic() - zero
        if said.get("event") != "trained" or not isinstance(said.get("bytes"), int):
            raise Broke("crash", f"expected an artifact, found {said.get('event')!r}")
        if said["bytes"] > ROOM * rules.size_bytes:
            raise Broke("size", f"an artifact of {said['bytes']} bytes")
        artifact = session.take(said["bytes"], zero + allowed)
        return Trained(artifact, training_s, data_s, time.monotonic() - zero, n_read, session.log())


def _hand_over(session: Session, shards: Sequence[bytes], said: Mapping[str, object]) -> None:
    place = said.get("shard")
    if not isinstance(place, int) or not 0 <= place < len(shards):
        session.tell({"why": f"there is no shard {place!r}"})
        return
    fd = sealed(shards[place])
    try:
        session.tell({}, [fd])
    finally:
        os.close(fd)
