"""`R00_eda.md`: what the engine knows before anyone speaks, in words and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from podium.competition.dataset import Dataset
from podium.protocol import Column
from podium.records import AuditFinding, Competition

MOST_COLUMNS = 60  # rows of the table of columns; the rest is summed up
MOST_FINDINGS = 12  # of one check


def eda_markdown(competition: Competition, dataset: Dataset, findings: Sequence[AuditFinding]) -> str:
    """The report of round 0 as Markdown. No test label, vault label or original id appears in it."""
    parts = [
        f"# {competition.competition}: exploratory data analysis",
        _question(competition),
        _data(competition, dataset),
        _target(competition, dataset),
        _telling(findings),
        _findings(findings),
        _columns(dataset),
        _evidence(competition),
        _advice(competition, findings),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return "\n".join([line(header), line(["---"] * len(header)), *(line(row) for row in rows)])


def _question(competition: Competition) -> str:
    better = "higher" if competition.metric_direction == "higher" else "lower"
    asked = ", ".join(competition.target_columns)
    return (
        "## The question\n\n"
        f"Predict `{asked}`: {competition.task_type.replace('_', ' ')}, scored by **{competition.metric}** ({better} is better). "
        f"A cell of the submission holds a {competition.submission_kind}."
        + (f" Deadline {competition.deadline}." if competition.deadline else "")
        + (f" {competition.max_submissions_per_day} submissions a day." if competition.max_submissions_per_day else "")
    )


def _data(competition: Competition, dataset: Dataset) -> str:
    facts, kinds = dataset.facts, [c.kind for c in dataset.columns]
    counted = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    why = competition.evidence.get("cv_strategy")
    lines = [
        f"- rows: {facts.n_train:,} to train and validate, {facts.n_vault:,} in the vault, {facts.n_test:,} to predict",
        f"- columns: {len(kinds)} features ({counted})",
        f"- folds: {competition.cv_folds}, {competition.cv_strategy}" + (f": {why.why}" if why else ""),
    ]
    if facts.n_groups:
        lines.append(f"- groups: {facts.n_groups:,}")
    return "## The data\n\n" + "\n".join(lines)


def _target(competition: Competition, dataset: Dataset) -> str:
    labels = dataset.labels(dataset.train)
    if competition.classes:
        counts = dict(labels.to_series().value_counts().iter_rows())
        ranked = sorted(competition.classes, key=lambda c: -counts.get(c, 0))[:20]
        rows = [(f"`{c}`", f"{counts.get(c, 0):,}", f"{counts.get(c, 0) / labels.height:.1%}") for c in ranked]
        more = f"\n\nand {len(competition.classes) - 20} more classes" if len(competition.classes) > 20 else ""
        return "## The target\n\n" + _table(["class", "rows", "share"], rows) + more
    rows_of = []
    for name in labels.columns:
        values = labels[name].to_numpy()
        q = np.quantile(values, [0, 0.05, 0.5, 0.95, 1])
        rows_of.append(
            (
                f"`{name}`",
                f"{labels[name].n_unique():,}",
                f"{values.mean():.5g}",
                f"{values.std():.5g}",
                *(f"{v:.5g}" for v in q),
            )
        )
    return "## The target\n\n" + _table(
        ["target", "values", "mean", "std", "min", "5 %", "median", "95 %", "max"], rows_of
    )


def _telling(findings: Sequence[AuditFinding]) -> str:
    rows = [(f"`{f.column}`", f.message) for f in findings if f.check == "association"]
    return "## What single columns tell\n\n" + _table(["column", "measure"], rows) if rows else ""


def _findings(findings: Sequence[AuditFinding]) -> str:
    lines = []
    for severity, heading in (("block", "Must be settled"), ("warn", "Look out"), ("info", "To know")):
        here = [f for f in findings if f.severity == severity and f.check not in ("association", "split", "vault")]
        if not here:
            continue
        lines.append(f"### {heading}\n")
        for check in dict.fromkeys(f.check for f in here):
            same = sorted((f for f in here if f.check == check), key=lambda f: -abs(f.figure or 0.0))
            lines += [f"- **{f.check}** {f.message}" for f in same[:MOST_FINDINGS]]
            if len(same) > MOST_FINDINGS:
                lines.append(f"- **{check}** and {len(same) - MOST_FINDINGS} more")
        lines.append("")
    return "## Findings\n\n" + "\n".join(lines).strip()


def _columns(dataset: Dataset) -> str:
    frame = dataset.frame()[dataset.train]
    shown = dataset.columns[:MOST_COLUMNS]
    rows = [(f"`{c.name}`", c.kind, f"{c.n_unique:,}", f"{c.missing:.1%}", _range(c, frame[c.name])) for c in shown]
    more = f"\n\nand {len(dataset.columns) - MOST_COLUMNS} more columns" if len(dataset.columns) > MOST_COLUMNS else ""
    return "## The columns\n\n" + _table(["column", "kind", "values", "missing", "range"], rows) + more


def _range(column: Column, series: pl.Series) -> str:
    if column.kind == "numeric":
        values = series.drop_nulls().to_numpy()
        return f"{values.min():.5g} … {np.median(values):.5g} … {values.max():.5g}" if len(values) else ""
    if column.kind == "date":
        return f"{series.min()!s} … {series.max()!s}"
    if column.kind in ("categorical", "boolean", "constant"):
        top = series.cast(pl.String).drop_nulls().value_counts(sort=True).head(3)[series.name].to_list()
        return ", ".join(str(value)[:24] for value in top)
    return f"{column.mean_length:.0f} characters on average" if column.mean_length else ""


def _evidence(competition: Competition) -> str:
    rows = [
        (k, f"`{e.value}`" if e.value else "–", e.why, f"{e.confidence:.2f}") for k, e in competition.evidence.items()
    ]
    return "## How intake knows\n\n" + _table(["what", "value", "because", "confidence"], rows) if rows else ""


def _advice(competition: Competition, findings: Sequence[AuditFinding]) -> str:
    """What the findings suggest; each line rests on a finding or a fact above."""
    checks = {f.check for f in findings}
    lines = []
    if competition.metric in ("rmsle", "rmse_log"):
        lines.append("The metric compares logarithms: fit on the log of the target.")
    if competition.cv_strategy == "forward":
        lines.append("Test lies in the future: trust the latest folds most, and features that will still hold.")
    if competition.cv_strategy.endswith("grouped"):
        lines.append("Groups do not cross the split: a feature that memorises the group will not carry over.")
    advice = {
        "leak": "Settle whether the suspect columns are known at prediction time before trusting any score.",
        "structure": "Split the codes into their parts, and count how many rows share a part.",
        "duplicate": "Copies: weigh or drop them, and never let one copy validate the other.",
        "label_side": "Label-side columns can be modelled as further targets.",
        "drift": "Check features that drift by adversarial validation; prefer ones that rank alike in train and test.",
        "imbalance": "Rare classes: keep folds stratified and compare by the metric itself, not accuracy.",
        "unused": "There are files that no feature comes from yet.",
    }
    lines += [text for check, text in advice.items() if check in checks]
    return "## What this suggests\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""
