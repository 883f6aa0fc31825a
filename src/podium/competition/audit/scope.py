"""What the audit rests on: the split, the vault, how much of the data was looked at, what intake was not sure of."""

from __future__ import annotations

from collections.abc import Iterator

from podium.competition.audit.view import View, finding
from podium.competition.splitcheck import split_findings
from podium.records import AuditFinding


def check_split(view: View) -> Iterator[AuditFinding]:
    why = view.competition.evidence.get("cv_strategy")
    strategy = view.competition.cv_strategy
    yield finding("split", "info", view.competition.group_column or view.competition.time_column, view.competition.cv_folds,
                   f"{strategy} folds: {why.why if why else 'as asked'}")  # fmt: skip
    if len(view.dataset.vault):
        yield finding(
            "vault", "info", None, len(view.dataset.vault), f"{len(view.dataset.vault)} rows are held out from everyone"
        )


def check_naive_split(view: View) -> Iterator[AuditFinding]:
    """What random folds would have claimed, where the chosen ones are not random."""
    yield from split_findings(view.competition, view.dataset, view.seed)


def check_sample(view: View) -> Iterator[AuditFinding]:
    """Says so where not all was looked at."""
    if len(view.rows) < view.n_train or len(view.test_rows) < view.n_test:
        sides = (
            f"{len(view.rows):,} of {view.n_train:,} train rows, {len(view.test_rows):,} of {view.n_test:,} test rows"
        )
        text = f"column checks looked at {sides}"
        yield finding("scope", "info", None, len(view.rows), text)
    if len(view.columns) < len(view.dataset.columns):
        text = (
            f"column checks looked at {len(view.columns):,} of {len(view.dataset.columns):,} columns, drawn by the seed"
        )
        yield finding("scope", "info", None, len(view.columns), text)


def check_evidence(view: View) -> Iterator[AuditFinding]:
    """What intake was not sure of."""
    for key, evidence in view.competition.evidence.items():
        if key.startswith("notice"):
            yield finding("encoding", "info", None, None, evidence.why)
        elif evidence.confidence < 0.75 and evidence.value:
            text = f"{key} = {evidence.value} rests on: {evidence.why} (confidence {evidence.confidence:.2f})"
            yield finding("confidence", "warn", None, evidence.confidence, text)


CHECKS = (check_split, check_naive_split, check_sample, check_evidence)
