"""Planted submissions, from planted/catalogue.txt: public failures, variants, honest look-alikes, each with its verdict."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from podium.arena.records import contest as contests
from podium.arena.records.contest import Contest
from podium.arena.records.facts import Reason
from podium.arena.records.judge import Kind, Verdict
from podium.arena.records.rehearse import log_text
from podium.arena.records.rules import Rules
from podium.arena.records.submission import Submission
from podium.testing import record_text
from podium.testing.record_contraband import BRINGS

Family = Literal["public", "variant", "honest"]
Where = Literal["bytes", "hurried", "own"]
SIZE = 60_000
HURRY_S, TIME_S = 1.0, 20.0
SECRET = b"planted" * 5
SEEDS = (11, 12, 13)
EDIT = re.compile(r"^<<<<\n(.*?)\n----\n(.*?)\n>>>>$", re.S | re.M)
STATED = ("family", "like", "verdict", "reason", "contest", "bpb", "measured", "claim", "logs", "brings")


@dataclass(frozen=True)
class Planted:
    """One submission. `verdict`: the right kinds, `reason`: the right first codes; `claim` and `logs` replace figures;
    `measured`: its claim is a rehearsal's, else it says `bpb`."""

    name: str
    family: Family
    like: str
    verdict: tuple[Kind, ...]
    reason: tuple[Reason, ...]
    edits: tuple[tuple[str, str], ...]
    where: Where = "bytes"
    bpb: float = 2.45
    measured: bool = False
    claim: Mapping[str, Any] | None = None
    logs: tuple[Mapping[str, Any], ...] = ()
    brings: str = ""

    def files(self, contest: Contest) -> dict[str, bytes]:
        """train.py and what it brings along. Raises ValueError where an edit's place is not there: it would plant nothing."""
        text = _own() if self.where == "own" else _asset("ngrams")
        for old, new in self.edits:
            if old not in text:
                raise ValueError(f"{self.name}: not in the source: {old!r}")
            text = text.replace(old, new)
        return {"train.py": text.encode()} | (BRINGS[self.brings](contest) if self.brings else {})

    def right(self, verdict: Verdict) -> bool:
        return verdict.kind in self.verdict and verdict.codes[0] in self.reason


@functools.cache
def catalogue() -> tuple[Planted, ...]:
    """All, in the order in which they are handed in. The first two are honest: the baseline, and the record that stands."""
    _, *entries = re.split(r"^=== ", _asset("catalogue"), flags=re.M)
    return tuple(map(_parse, entries))


def _parse(entry: str) -> Planted:
    name, _, rest = entry.partition("\n")
    edits = tuple((old, new) for old, new in EDIT.findall(rest))
    stated = dict(line.split(": ", 1) for line in EDIT.sub("", rest).splitlines() if line.strip())
    if set(stated) - set(STATED):
        raise ValueError(f"{name}: {sorted(set(stated) - set(STATED))} is not known")
    where, reasons = stated.get("contest", "bytes"), tuple(stated["reason"].split(", "))
    if where not in get_args(Where) or stated["family"] not in get_args(Family) or set(reasons) - set(get_args(Reason)):
        raise ValueError(f"{name}: contest, family or reason is not known")
    return Planted(
        name, stated["family"], stated["like"], tuple(stated["verdict"].split(", ")), reasons, edits, where,  # type: ignore[arg-type]
        float(stated.get("bpb", Planted.bpb)), stated.get("measured") == "true", json.loads(stated.get("claim", "null")),
        tuple(json.loads(stated.get("logs", "[]"))), stated.get("brings", ""),
    )  # fmt: skip


def rules(where: Where) -> Rules:
    """A contest of seconds on a CPU: the same rules, small."""
    limit = HURRY_S if where == "hurried" else TIME_S
    return Rules(
        size_bytes=SIZE, train_s=limit, evaluate_s=limit, tolerance_s=0.02, startup_s=60, memory_mb=700, scratch_mb=64,
        min_level="process", tokenizer="own" if where == "own" else "bytes", block=24, replay_symbols=480, no_worse_nats=0.05,
    )  # fmt: skip


def contest(folder: Path, where: Where = "bytes") -> Contest:
    """A small contest in a language of its own."""
    texts = record_text.documents(848, seed=1)
    cut = texts[:800], texts[800:824], texts[824:]
    return contests.create(folder, f"A small language ({where})", *cut, rules(where), secret=SECRET)


def write(planted: Planted, contest: Contest, measured: Sequence[Mapping[str, Any]] = ()) -> Submission:
    """Its folder. `measured`: figures of rehearsed runs, one a seed; else what the plant says of itself."""
    files = planted.files(contest)
    code_sha256 = Submission(files).code_sha256
    results = []
    for i, figures in enumerate(measured or [_figures(planted, contest, seed) for seed in SEEDS]):
        stated, more = dict(figures), dict(planted.logs[i]) if i < len(planted.logs) else {}
        again, config, sha256 = more.pop("again", ""), more.pop("config", ""), more.pop("code_sha256", code_sha256)
        stated |= {
            key: round(contest.scored_bytes * value) if key == "val_bytes" else value for key, value in more.items()
        }
        name = f"logs/seed_{stated['seed']}.txt"
        text = log_text(stated, sha256) + (f"{again}\n" if again else "") + (f"config: {config}\n" if config else "")
        files[name] = text.encode()
        results.append({**stated, "log": name})
    files["README.md"] = f"# {planted.name}\n".encode()
    files["submission.json"] = json.dumps(_claim(planted, files, results)).encode()
    return Submission(files)


def _figures(planted: Planted, contest: Contest, seed: int) -> dict[str, Any]:
    stated = {"seed": seed, "val_bpb": planted.bpb, "val_bytes": contest.scored_bytes, "train_s": 0.5, "eval_s": 0.5}
    return {**stated, "artifact_bytes": 20_000}


def _claim(planted: Planted, files: Mapping[str, bytes], results: list[dict[str, Any]]) -> dict[str, Any]:
    changed = dict(planted.claim or {})
    for one, other in zip(results, changed.pop("results", []), strict=False):
        one.update(other)
    told: dict[str, Any] = {"author": "planted", "name": planted.name, "date": "2026-11-21", "track": "record"}
    told |= {"bpb": round(sum(one["val_bpb"] for one in results) / len(results), 6)}
    told |= {
        "bytes": sum(map(len, files.values())) + 20_000,
        "seeds": [one["seed"] for one in results],
        "results": results,
    }
    above = (
        []
        if planted.where != "bytes"
        else [{"submission": 2, "technique": "counts of three orders", "author": "planted"}]
    )
    return {**told, "builds_on": above, **changed}


def _own() -> str:
    """The model with a tokenizer of its own in place of bytes."""
    text = _asset("ngrams")
    start, end = text.index("WIDTH = 256"), text.index("def train")
    return f"{text[:start]}{_asset('own_tokenizer')}\n\n{text[end:]}"


@functools.cache
def _asset(name: str) -> str:
    return (resources.files("podium.testing") / "planted" / f"{name}.txt").read_text("utf-8")
