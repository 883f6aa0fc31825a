"""`podium explain DIR`: why the blend errs, computed now from what the campaign has saved. Nothing is changed by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.cli.output import Folder, Json, result, short

if TYPE_CHECKING:
    from pathlib import Path

    from podium.referee.explanation import Example, Explanation

NOTHING = (
    "nothing to explain yet: too few rows have out-of-fold predictions of a blend, or all rows carry the same loss"
)


def explain(folder: Folder, as_json: Json = False) -> None:
    """Where the blend errs, on whom, on which labels, what it leaves unused, and whether its metric is the asked one."""
    from podium.campaign.explain.explain import of_folder
    from podium.records import to_json

    found = of_folder(folder)
    values = {"campaign": str(folder.absolute()), "explanation": None if found is None else to_json(found)}
    result(values, NOTHING if found is None else told(folder, found), as_json=as_json)


def told(folder: Path, found: Explanation) -> str:
    """The whole explanation as plain text, a heading for each question."""
    from podium.campaign.explain import errors_told
    from podium.referee.leftover import explained_text

    of_rows = f"{found.rows:,} of {found.rows_of:,} out-of-fold rows, {found.columns} of {found.columns_of} columns"
    parts = [f"{short(folder)}: {found.metric} {found.score:.5g}, blend of {len(found.members)}; {of_rows}"]
    if not found.exact:
        parts.append("the loss of a row is approximate: the metric has no formula for it")
    if found.boxes is None:
        parts += _part("Where it fails", [errors_told.slice_text(one) for one in found.slices])
    else:
        parts += _part(
            "Errors by type (TIDE), and what mending each alone would gain",
            [errors_told.error_text(one) for one in found.boxes.errors],
        )
        parts += _part("True boxes found, by class", [errors_told.group_text(one) for one in found.boxes.classes])
        parts += _part("True boxes found, by size", [errors_told.group_text(one) for one in found.boxes.sizes])
    if found.segments:
        parts += _part(
            "Kinds of users, the worst served first", [errors_told.segment_text(one) for one in found.segments]
        )
    if not found.whole:
        return "\n".join(parts)
    parts += _part("Types of units", [errors_told.units_text(one) for one in found.units])
    parts += _part("What it says against what is so", [
        f"says {b.low:.3g} to {b.high:.3g} (mean {b.said:.3g}): is {b.seen:.3g} ± {b.stderr:.2g}; {b.loss_share:.1%} of the loss"
        for b in found.bands
    ])  # fmt: skip
    parts += _part("Where the team disagrees", _spread(found))
    parts += _part("Labels in doubt (nothing is removed)", _labels(found))
    own = [f"`{one.name}` is used by no solution and predicts {explained_text(one)}" for one in found.unused.telling]
    own += [
        line.text
        for line in errors_told.lines(found)
        if line.kind == "unused" and not line.text.startswith(_named(own))
    ]
    own += [f"`{one.name}` is used, yet still predicts {explained_text(one)}" for one in found.unused.left]
    parts += _part("Unused data", own)
    parts += _part("The metric", [errors_told.mismatch_text(one) for one in found.mismatches])
    return "\n".join(parts)


def _named(own: list[str]) -> tuple[str, ...]:
    return tuple(line.split(" is used", 1)[0] + " " for line in own)


def _part(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  - {line}" for line in lines or ["nothing above chance"])]


def _spread(found: Explanation) -> list[str]:
    spread = found.spread
    if spread is None:
        return []
    corners = [
        f"{'agrees' if c.agree else 'disagrees'} and is {spread.side(wrong=c.wrong)}: {c.share:.1%} of rows, "
        f"{c.loss_share:.1%} of the loss"
        for c in spread.corners
    ]
    examples = [_example(one, "spread") for one in spread.examples]
    return [
        *corners,
        f"{spread.mistakes} are {spread.lift:.1f} times likelier where {spread.members} experiments disagree",
        *examples,
    ]


def _labels(found: Explanation) -> list[str]:
    from podium.campaign.explain.errors_told import doubt_text

    doubt = found.labels
    return [] if doubt is None else [doubt_text(found), *(_example(one, "sure") for one in doubt.examples)]


def _example(one: Example, what: str) -> str:
    from podium.report.figures import one_line

    label, said = one_line(one.given, 60), one_line(one.said, 60)
    return f"{one_line(one.id, 60)}: labelled {label}, the team says {said} ({what} {one.sure:.3g})"
