"""What could mislead a team: leaks, copies, drift, gaps, shapes of columns, noise. One noun a file, each a list of checks.

Every figure is measured; a threshold follows the sample's size. No finding is a decision: roles read them. The work is
bounded by the sample (`view.py`), however many rows and columns there are, and deterministic by the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from podium.competition.audit import (
    columns,
    containers,
    copies,
    drift,
    encoded,
    files,
    guises,
    images,
    labels,
    leaks,
    missing,
    near,
    order,
    pairs,
    scope,
    structure,
    target,
    texts,
    units,
)
from podium.competition.audit.view import View, finding, look_at
from podium.competition.dataset import Dataset
from podium.records import AuditFinding, Competition

MOST = 25  # findings of one check that are only to know
GRAVITY = {"block": 0, "warn": 1, "info": 2}
CHECKS: tuple[Callable[[View], Iterator[AuditFinding]], ...] = (
    *leaks.CHECKS, *guises.CHECKS, *pairs.CHECKS, *encoded.CHECKS, *order.CHECKS, *copies.CHECKS, *near.CHECKS,
    *texts.CHECKS, *containers.CHECKS, *images.CHECKS, *files.CHECKS, *drift.CHECKS, *units.CHECKS, *missing.CHECKS,
    *columns.CHECKS, *structure.CHECKS, *target.CHECKS, *labels.CHECKS, *scope.CHECKS,
)  # fmt: skip

__all__ = ["audit"]


def audit(competition: Competition, dataset: Dataset, seed: int) -> tuple[AuditFinding, ...]:
    """All findings, the gravest first. Reads labels of train rows, never the vault's. Deterministic by `seed`."""
    view = look_at(competition, dataset, seed)
    found = [f for check in CHECKS for f in check(view)]
    return tuple(sorted(bounded(found), key=lambda f: GRAVITY[f.severity]))


def bounded(findings: Sequence[AuditFinding]) -> list[AuditFinding]:
    """Warnings whole; of what is merely to know, the MOST largest of each check and how many more there are."""
    kept = [f for f in findings if f.severity != "info"]
    quiet = [f for f in findings if f.severity == "info"]
    for check in dict.fromkeys(f.check for f in quiet):
        same = [f for f in quiet if f.check == check]
        large = sorted(same, key=lambda f: -abs(f.figure or 0.0))[:MOST]
        kept += [f for f in same if f in large] if len(same) > MOST else same
        if len(same) > MOST:
            more = len(same) - MOST
            kept.append(finding(check, "info", None, None, f"and {more} more findings of this kind, of smaller figure"))
    return kept
