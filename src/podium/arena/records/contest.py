"""A contest of constrained training: its rules, its documents and their manifest, in one folder.

contest.json          rules and manifest: what everybody may know
public/train/         shard_000.docs …
public/validation.docs    what is scored, canaries among it
hidden/reserve.docs   documents of the same kind that nobody has seen
hidden/secret         the referee's own randomness: seeds, probes
records.db            the queue and all evidence;  store/  submissions as they were handed in
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from podium.arena.records import documents, leakage
from podium.arena.records.rules import Rules
from podium.errors import UserError
from podium.records import dumps, from_json

FORMAT = 1
MANY_CANARIES = 4
LEAST_DOCUMENTS = 8


@dataclass(frozen=True)
class Shard:
    """One file of documents: its name below the contest's folder and what it must hold."""

    name: str
    sha256: str
    documents: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    train: tuple[Shard, ...]
    validation: Shard
    reserve: Shard
    canaries: tuple[int, ...]  # places among the validation documents
    format: int = FORMAT


@dataclass(frozen=True)
class Contest:
    """`folder` is where it lies; everything else is contest.json."""

    folder: Path
    title: str
    rules: Rules
    manifest: Manifest = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Contest:
        """Raises UserError where there is none, or its file does not fit."""
        path = folder / "contest.json"
        try:
            told = json.loads(path.read_text("utf-8"))
            return cls(
                folder, str(told["title"]), from_json(Rules, told["rules"]), from_json(Manifest, told["manifest"])
            )
        except FileNotFoundError:
            raise UserError(
                f"{folder} is no contest of the record track",
                remedy="make one: podium arena record create DIR --from FOLDER",
            ) from None
        except (ValueError, KeyError, TypeError) as problem:
            raise UserError(f"{path} cannot be read ({problem})", remedy="restore it from a copy") from problem

    @cached_property
    def train(self) -> tuple[bytes, ...]:
        """The shards' bytes, in order."""
        return tuple((self.folder / shard.name).read_bytes() for shard in self.manifest.train)

    @cached_property
    def validation(self) -> tuple[bytes, ...]:
        return tuple(documents.read(self.folder / self.manifest.validation.name))

    @cached_property
    def reserve(self) -> tuple[bytes, ...]:
        return tuple(documents.read(self.folder / self.manifest.reserve.name))

    @cached_property
    def scored(self) -> tuple[int, ...]:
        """Places of the validation documents that count: all but the canaries."""
        return tuple(i for i in range(len(self.validation)) if i not in set(self.manifest.canaries))

    @cached_property
    def scored_bytes(self) -> int:
        return sum(len(self.validation[i]) for i in self.scored)

    @cached_property
    def pieces(self) -> frozenset[bytes]:
        """Pieces of the validation documents that nothing but a copy of them would hold."""
        return leakage.windows(self.validation, (one for shard in self.train for one in documents.unpack(shard)))

    def random(self, *about: object) -> np.random.Generator:
        """Randomness that only the referee can foresee, the same for the same question."""
        return np.random.default_rng(int.from_bytes(self._keyed(*about), "big"))

    def seeds(self, n: int, *about: object) -> list[int]:
        """Training seeds nobody could have chosen, the same for the same question."""
        drawn = self.random("seeds", *about).choice(2**31 - 1, size=n, replace=False)
        return [int(seed) for seed in drawn]

    def _keyed(self, *about: object) -> bytes:
        path = self.folder / "hidden" / "secret"
        secret = path.read_bytes() if path.is_file() else b""  # a contestant's copy has none
        return hmac.new(secret, "\x1f".join(map(str, about)).encode(), hashlib.sha256).digest()

    def check(self) -> list[str]:
        """What is wrong with the data: shards missing, changed or too many, documents in both train and validation."""
        wrong = []
        here = {f"public/train/{path.name}" for path in (self.folder / "public" / "train").iterdir()}
        named = {shard.name for shard in self.manifest.train}
        if here != named:
            odd = ", ".join(sorted(here ^ named)[:3])
            wrong.append(f"{len(here)} training shards, the manifest has {len(named)} ({odd})")
        for shard in (*self.manifest.train, self.manifest.validation, self.manifest.reserve):
            path = self.folder / shard.name
            if path.is_file() and documents.digest(path.read_bytes()) != shard.sha256:
                wrong.append(f"{shard.name} is not the file that the manifest names")
        if not wrong:
            wrong += overlap(
                [d for shard in self.train for d in documents.unpack(shard)], self.validation, self.reserve
            )
        return wrong


def overlap(train: Sequence[bytes], validation: Sequence[bytes], reserve: Sequence[bytes]) -> list[str]:
    """Documents that stand on more than one side, compared without case and spacing."""
    sides = {"train": train, "validation": validation, "reserve": reserve}
    seen = {name: {documents.essence(one) for one in docs} for name, docs in sides.items()}
    pairs = (("train", "validation"), ("train", "reserve"), ("validation", "reserve"))
    shared = [(a, b, len(seen[a] & seen[b])) for a, b in pairs]
    return [f"{n} documents are in both {a} and {b}" for a, b, n in shared if n]


def create(
    folder: Path,
    title: str,
    train: Sequence[bytes],
    validation: Sequence[bytes],
    reserve: Sequence[bytes],
    rules: Rules | None = None,
    *,
    secret: bytes | None = None,
    shards: int = 4,
) -> Contest:
    """Make the folder. `secret` None draws one. Raises UserError where the documents cannot make a contest."""
    rules = rules or Rules()
    if (folder / "contest.json").exists():
        raise UserError(f"{folder} holds a contest already", remedy="name another folder")
    if min(len(validation), len(reserve)) < LEAST_DOCUMENTS or len(train) < shards:
        found = f"{len(train)}, {len(validation)} and {len(reserve)}"
        needed = f"{shards} training, {LEAST_DOCUMENTS} validation and {LEAST_DOCUMENTS} reserve documents at least"
        raise UserError("too few documents", expected=needed, found=found)
    if any(not document for document in (*train, *validation, *reserve)):
        raise UserError("an empty document cannot be scored", remedy="leave empty documents out")
    if shared := overlap(train, validation, reserve):
        raise UserError("; ".join(shared), remedy="leave the copies out: a record on them would mean nothing")
    secret = secret or os.urandom(32)
    (folder / "public" / "train").mkdir(parents=True, exist_ok=True)
    (folder / "hidden").mkdir(exist_ok=True)
    (folder / "hidden").chmod(0o700)
    (folder / "hidden" / "secret").write_bytes(secret)
    scored, places = _with_canaries(list(validation), secret)
    parts = [train[i::shards] for i in range(shards)]
    manifest = Manifest(
        tuple(_write(folder, f"public/train/shard_{i:03d}.docs", part) for i, part in enumerate(parts)),
        _write(folder, "public/validation.docs", scored),
        _write(folder, "hidden/reserve.docs", reserve),
        places,
    )
    contest = Contest(folder, title, rules, manifest)
    told = {"title": title, "rules": rules, "manifest": manifest}
    (folder / "contest.json").write_text(json.dumps(json.loads(dumps(told)), indent=1) + "\n", "utf-8")
    return contest


def _write(folder: Path, name: str, docs: Sequence[bytes]) -> Shard:
    data = documents.pack(docs)
    (folder / name).write_bytes(data)
    return Shard(name, documents.digest(data), len(docs), len(data))


def _with_canaries(docs: list[bytes], secret: bytes) -> tuple[list[bytes], tuple[int, ...]]:
    """The validation documents with strings of drawn digits among them: no model that has not seen them can foretell one."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(b"canaries" + secret).digest(), "big"))
    length = int(np.median([len(one) for one in docs]))
    places = sorted(int(i) for i in rng.choice(len(docs) + MANY_CANARIES, MANY_CANARIES, replace=False))
    digits = np.frombuffer(documents.CANARY_ALPHABET, dtype=np.uint8)
    for place in places:
        docs.insert(place, rng.choice(digits, size=max(32, length)).tobytes())
    return docs, tuple(places)


__all__ = ["Contest", "Manifest", "Shard", "create", "overlap"]
