"""`R00_eda.md`: what the engine knows before anyone speaks, in words and figures, to be read in a minute."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl

from podium.competition.answer_size import answer_size, is_structured
from podium.competition.audit.view import EXTREME
from podium.competition.dataset import Dataset
from podium.protocol import Column
from podium.records import AuditFinding, Competition

MOST_COLUMNS = 60  # rows of the table of columns; the rest is summed up
MOST_FINDINGS = 8  # of one check
MOST_FIRST = 6  # lines of what matters first
HEADINGS = (("block", "Must be settled"), ("warn", "Look out"), ("info", "To know"))
ELSEWHERE = (
    "association",
    "split",
    "vault",
    "hardware",
    "install",
    "scope",
    "confidence",
)  # checks that have a place of their own
FIRST = (
    "label_noise", "structure", "near_duplicate", "duplicate", "group_leak", "units", "missing_pattern", "drift",
    "missing_drift", "imbalance", "skew", "unused", "sentinel",
)  # fmt: skip
HELD = {"labels": "several labels", "ranking": "a ranked list", "boxes": "boxes", "image": "an image"}
MOST_TARGETS = 20  # of the table of targets; of labels the commonest
PLOTS = {
    "target": "The target", "columns": "What single columns tell of the target", "time": "Train and test in time",
    "drift": "How test differs from train", "missing": "Missing values", "labels": "Labels against a quick model",
    "near": "Rows that nearly equal a row of train",
}  # fmt: skip


def eda_markdown(
    competition: Competition, dataset: Dataset, findings: Sequence[AuditFinding], plots: Collection[str] = ()
) -> str:
    """The report of round 0 as Markdown. No test label, vault label or original id appears in it. `plots` names the
    SVG files `R00_<name>.svg` that lie beside it."""
    parts = [
        f"# {competition.competition}: exploratory data analysis",
        _question(competition),
        _first(findings),
        _data(competition, dataset, findings),
        _target(competition, dataset) + _plot("target", plots),
        _telling(findings) + _plot("columns", plots),
        _findings(findings),
        _plots(plots),
        _advice(competition, findings),
        _columns(dataset),
        _evidence(competition),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return "\n".join([line(header), line(["---"] * len(header)), *(line(row) for row in rows)])


def _plot(name: str, plots: Collection[str]) -> str:
    return f"\n\n![{PLOTS[name]}](R00_{name}.svg)" if name in plots else ""


def _plots(plots: Collection[str]) -> str:
    """Plots that have no section of their own."""
    shown = [_plot(name, plots).strip() for name in PLOTS if name in plots and name not in ("target", "columns")]
    return "## Pictures\n\n" + "\n\n".join(shown) if shown else ""


def _question(competition: Competition) -> str:
    better = "higher" if competition.metric_direction == "higher" else "lower"
    asked = competition.target_name or ", ".join(competition.target_columns)
    return (
        "## The question\n\n"
        f"Predict `{asked}`: {competition.task_type.replace('_', ' ')}, scored by **{competition.metric}** ({better} is better). "
        f"A cell of the submission holds {HELD.get(competition.submission_kind, f'a {competition.submission_kind}')}."
        + (f" Deadline {competition.deadline}." if competition.deadline else "")
        + (f" {competition.max_submissions_per_day} submissions a day." if competition.max_submissions_per_day else "")
    )


def _first(findings: Sequence[AuditFinding]) -> str:
    """The few lines a hurried reader needs: what is grave, what is telling, what could surprise, what a score is worth."""
    grave = [f.message for f in findings if f.severity != "info"]
    telling = [f"`{f.column}` ({f.message.removesuffix(' alone')})" for f in findings if f.check == "association"][:3]
    lines = [f"**{message}**" for message in grave[:MOST_FIRST]]
    if len(grave) > MOST_FIRST:
        lines.append(f"and {len(grave) - MOST_FIRST} more warnings below")
    if not grave:
        lines.append("No warnings: nothing in the data looks misleading.")
    if telling:
        lines.append("The strongest single columns: " + ", ".join(telling) + ".")
    quiet = [f for check in FIRST for f in findings if f.check == check and f.severity == "info"]
    by_check = {f.check: f for f in reversed(quiet)}
    lines += [by_check[check].message for check in FIRST if check in by_check][:3]
    floor = next((f for f in findings if f.check == "noise" and f.figure), None)
    if floor is not None:
        message = f"{floor.message[:1].upper()}{floor.message[1:]}"
        lines.append(f"{message}; two models on the same rows are told apart more finely.")
    return "## What matters first\n\n" + "\n".join(f"- {line}" for line in lines)


DIFFERS = {  # what intake measured of how test differs from train
    "time_gap": "gap",
    "cv_horizon": "validation window",
    "group_overlap": "groups",
    "drift": "drift",
}


def _data(competition: Competition, dataset: Dataset, findings: Sequence[AuditFinding]) -> str:
    facts, kinds = dataset.facts, [c.kind for c in dataset.columns]
    counted = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    why = competition.evidence.get("cv_strategy")
    lines = [
        f"rows: {facts.n_train:,} to train and validate, {facts.n_vault:,} in the vault, {facts.n_test:,} to predict",
        f"columns: {len(kinds)} features ({counted})",
        f"folds: {competition.cv_folds}, {competition.cv_strategy}" + (f": {why.why}" if why else ""),
    ]
    if facts.n_groups:
        lines.append(f"groups: {facts.n_groups:,}")
    for key, what in DIFFERS.items():
        if key in competition.evidence:
            lines.append(f"{what}: {competition.evidence[key].why} ({competition.evidence[key].value})")
    lines += [f.message for f in findings if f.check in ("hardware", "scope", "install")]
    return "## The data\n\n" + "\n".join(f"- {line}" for line in lines)


def _target(competition: Competition, dataset: Dataset) -> str:
    labels = dataset.labels(dataset.train)
    if is_structured(labels):
        sizes = pl.Series("size", answer_size(labels))
        empty = float((sizes == 0).mean())  # type: ignore[arg-type]
        rows = [(*_value_row(sizes), f"{empty:.1%}")]
        header = ["size of the answer", "values", "mean", "std", "min", "5 %", "median", "95 %", "max", "empty"]
        return "## The target\n\n" + _table(header, rows)
    if competition.classes:
        counts = dict(labels.to_series().value_counts().iter_rows())
        ranked = sorted(competition.classes, key=lambda c: -counts.get(c, 0))[:20]
        rows = [(f"`{c}`", f"{counts.get(c, 0):,}", f"{counts.get(c, 0) / labels.height:.1%}") for c in ranked]
        more = f"\n\nand {len(competition.classes) - 20} more classes" if len(competition.classes) > 20 else ""
        return "## The target\n\n" + _table(["class", "rows", "share"], rows) + more
    header = ["target", "values", "mean", "std", "min", "5 %", "median", "95 %", "max"]
    names = list(competition.target_columns)
    if len(names) > MOST_TARGETS and competition.task_type == "multilabel_classification":
        names.sort(key=lambda name: -float(labels[name].sum()))
    left = f"\n\nand {len(names) - MOST_TARGETS} more" if len(names) > MOST_TARGETS else ""
    return "## The target\n\n" + _table(header, [_value_row(labels[name]) for name in names[:MOST_TARGETS]]) + left


def _value_row(series: pl.Series) -> tuple[str, ...]:
    values = np.clip(series.to_numpy(), -EXTREME, EXTREME)
    figures = (values.mean(), values.std(), *np.quantile(values, [0, 0.05, 0.5, 0.95, 1]))
    return f"`{series.name}`", f"{series.n_unique():,}", *(f"{v:.5g}" for v in figures)


def _telling(findings: Sequence[AuditFinding]) -> str:
    rows = [(f"`{f.column}`", f.message) for f in findings if f.check == "association"]
    return "## What single columns tell\n\n" + _table(["column", "measure"], rows) if rows else ""


def _findings(findings: Sequence[AuditFinding]) -> str:
    lines = []
    for severity, heading in HEADINGS:
        here = [f for f in findings if f.severity == severity and (f.check not in ELSEWHERE or severity != "info")]
        if not here:
            continue
        lines.append(f"### {heading}\n")
        for check in dict.fromkeys(f.check for f in here):
            same = sorted((f for f in here if f.check == check), key=lambda f: -abs(f.figure or 0.0))
            lines += [f"- **{f.check}** {f.message}" for f in same[:MOST_FINDINGS]]
            if len(same) > MOST_FINDINGS:
                lines.append(f"- **{check}** and {len(same) - MOST_FINDINGS} more")
        lines.append("")
    return "## Findings\n\n" + ("\n".join(lines).strip() or "None.")


def _columns(dataset: Dataset) -> str:
    shown = dataset.columns[:MOST_COLUMNS]
    frame = dataset.frame().select([c.name for c in shown])[dataset.train]
    rows = [(f"`{c.name}`", c.kind, f"{c.n_unique:,}", f"{c.missing:.1%}", _range(c, frame[c.name])) for c in shown]
    more = f"\n\nand {len(dataset.columns) - MOST_COLUMNS} more columns" if len(dataset.columns) > MOST_COLUMNS else ""
    return "## The columns\n\n" + _table(["column", "kind", "values", "missing", "range"], rows) + more


def _range(column: Column, series: pl.Series) -> str:
    if column.kind == "numeric":
        values = np.clip(series.drop_nulls().to_numpy(), -EXTREME, EXTREME)
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
    loud = {f.check for f in findings if f.severity != "info"}
    checks = {f.check for f in findings}
    lines = []
    if competition.metric in ("rmsle", "rmse_log"):
        lines.append("The metric compares logarithms: fit on the log of the target.")
    if competition.looks_forward:
        lines.append("Test lies in the future: trust the latest folds most, and features that will still hold.")
    if competition.cv_strategy in ("interleaved_block", "purged"):
        lines.append(
            "Folds are blocks of time: a feature that takes its value from neighbours in time will not carry over."
        )
    if competition.cv_strategy.endswith("grouped"):
        lines.append("Groups do not cross the split: a feature that memorises the group will not carry over.")
    lines += [text for check, text in ADVICE.items() if check in checks]
    lines += [text for check, text in LOUD_ADVICE.items() if check in loud]
    return "## What this suggests\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


ADVICE = {
    "leak": "Settle whether the suspect columns are known at prediction time before trusting any score.",
    "container": "A container names its label: check what test's containers hold before any feature reads it.",
    "group_leak": "Labels go by group: score by groups kept whole, and see whether test shares them.",
    "structure": "Split the codes into their parts, and count how many rows share a part.",
    "duplicate": "Copies: weigh or drop them, and never let one copy validate the other.",
    "near_duplicate": "Near copies: keep them in one fold; what looks like skill may be memory.",
    "label_noise": "Labels are noisy: prefer robust losses and larger leaves, and do not chase the last errors.",
    "sentinel": "Numbers or words stand for missing values: say so to the model, or give it a flag.",
    "coded": "Try the numbered names as categories too.",
    "label_side": "Label-side columns can be modelled as further targets.",
    "drift": "Check features that drift by adversarial validation; prefer ones that rank alike in train and test.",
    "units": "A unit differs between train and test: convert before anything else.",
    "imbalance": "Rare classes: keep folds stratified and compare by the metric itself, not accuracy.",
    "unused": "There are files that no feature comes from yet.",
}
LOUD_ADVICE = {
    "order": "Row order tells of the target: shuffle, and never let order be a feature unless test has it too.",
    "id": "The id tells of the target: see whether test's ids lie among train's before using or dropping it.",
    "file": "A file's size, age or name tells of the target: a property of how the data were made, not of the thing.",
    "metadata": "Fields in the heads of files tell of the target: strip them, or know why they may stay.",
    "missing_drift": "Test lacks values that train has: let features that depend on them be dropped in training too.",
}
