"""An explanation in words: short lines for briefs and findings. Names and values out of the data stand in backquotes."""

from __future__ import annotations

from collections.abc import Iterator

from podium.records import Explained
from podium.referee.box_errors import BoxError, BoxGroup
from podium.referee.explanation import Explanation
from podium.referee.leftover import explained_text, p_text
from podium.referee.mismatch import Mismatch
from podium.referee.segments import Segment
from podium.referee.slices import Slice
from podium.referee.unit_types import Trait, UnitTypes

MOST_UNITS = 2
MOST_SLICES, MOST_LINES, LINE_CHARS = 4, 12, 420
CALIBRATED = 3.0  # standard errors between said and seen


def lines(found: Explanation) -> tuple[Explained, ...]:
    """At most `MOST_LINES`, what changes most first. No row's id or label is among them."""
    told = [
        *_mismatches(found),
        *_segments(found),
        *_boxes(found),
        *_units(found),
        *_unused(found),
        *_slices(found),
        *_bands(found),
        *_rows(found),
    ]
    return tuple(told[:MOST_LINES])


def _line(kind: str, figure: float | None, text: str, *columns: str) -> Explained:
    cut = text if len(text) <= LINE_CHARS else text[: LINE_CHARS - 1] + "…"
    return Explained(kind, tuple(columns)[:8], figure, cut)


def _slices(found: Explanation) -> Iterator[Explained]:
    for one in found.slices[:MOST_SLICES]:
        yield _line("slice", one.excess, slice_text(one), *one.columns)


def slice_text(one: Slice) -> str:
    """`store` = '3' and `day` > 200: 8 % of rows, 31 % of the loss (3.9 times the average, 3.1 to 4.7, p = 1e-09)."""
    where = " and ".join(one.conditions)
    off = ""
    if one.bias is not None and one.bias_stderr and abs(one.bias) > 3 * one.bias_stderr:
        off = f"; truth lies {abs(one.bias):.3g} {'above' if one.bias > 0 else 'below'} the predictions there"
    return (
        f"{where}: {one.share:.1%} of rows, {one.loss_share:.1%} of the loss ({one.times:.2g} times the average, "
        f"{one.low:.2g} to {one.high:.2g}, p {p_text(one.p)}){off}"
    )


def _bands(found: Explanation) -> Iterator[Explained]:
    off = [b for b in found.bands if b.stderr > 0 and abs(b.seen - b.said) > CALIBRATED * b.stderr]
    for one in sorted(off, key=lambda b: -abs(b.seen - b.said))[:1]:
        text = (
            f"where the blend says {one.low:.3g} to {one.high:.3g} (mean {one.said:.3g}) the truth is {one.seen:.3g} "
            f"± {one.stderr:.2g} on average: {one.share:.0%} of rows, {one.loss_share:.1%} of the loss"
        )
        yield _line("confidence", one.seen - one.said, text)


def _segments(found: Explanation) -> Iterator[Explained]:
    if found.segments:
        text = "; ".join(segment_text(one) for one in found.segments)
        yield _line("units", None, f"kinds of users, the worst served first: {text}")


def _boxes(found: Explanation) -> Iterator[Explained]:
    if found.boxes is None:
        return
    dear = [error_text(one, examples=False) for one in found.boxes.errors if one.cost > 0]
    if dear:
        yield _line("boxes", found.boxes.errors[0].cost, f"what mending errors alone would gain: {'; '.join(dear)}")
    groups = [group_text(one) for one in (*found.boxes.classes, *found.boxes.sizes)]
    yield _line("boxes", None, f"true boxes found: {'; '.join(groups)}")


def error_text(one: BoxError, *, examples: bool = True) -> str:
    """localisation +0.12 (340), as in img_1, img_7"""
    shown = f", most in {', '.join(f'`{name}`' for name in one.examples)}" if examples and one.examples else ""
    return f"{one.name} {one.cost:+.3g} ({one.count:,}){shown}"


def group_text(one: BoxGroup) -> str:
    name, score = (one.name, "") if one.score is None else (f"`{one.name}`", f", scored {one.score:.3g}")
    return f"{name} {one.found:.0%} of {one.count:,}{score}"


def segment_text(one: Segment) -> str:
    off = "" if one.stderr is None else f" ± {one.stderr:.2g}"
    return f"{one.name} {one.score:.4g}{off} ({one.users:,})"


def _units(found: Explanation) -> Iterator[Explained]:
    for one in found.units[:MOST_UNITS]:
        yield _line("units", max(abs(a - b) for a, b in (t.means for t in one.traits)), units_text(one), one.unit)


def units_text(one: UnitTypes) -> str:
    """Two types of users, by what parts them."""
    first, other = (
        f"{units:.0%} of {one.n_units} (with {rows:.0%} of rows, {loss:.0%} of the loss)"
        for units, rows, loss in zip(one.units, one.rows, one.losses, strict=True)
    )
    parts = "; ".join(trait_text(trait) for trait in one.traits)
    marks = "; ".join(f"`{name}` {a:.3g} against {b:.3g}" for name, (a, b) in one.marks.items())
    return f"two types of `{one.unit}`: {first} against {other}; {parts}" + (
        f"; they differ in {marks}" if marks else ""
    )


def trait_text(trait: Trait) -> str:
    (a, b), (ea, eb) = trait.means, trait.stderrs
    figures = f"{a:+.2f} ± {ea:.2f} against {b:+.2f} ± {eb:.2f}"
    whose = "the target itself" if trait.what.startswith("answer_") else "the error"
    if trait.what.endswith("slope"):
        return f"{whose} follows `{trait.name}` with slope {figures}"
    if trait.what.endswith("likeness"):
        return f"{whose} comes back with the same `{trait.name}`: {a:.0%} of its variance against {b:.0%}"
    return f"mean error {figures}" if trait.what == "bias" else f"loss {a:.2f} against {b:.2f} times the average"


def _unused(found: Explanation) -> Iterator[Explained]:
    for table in found.unused.tables:
        if table.telling:
            best, more = table.telling[0], len(table.telling) > 1
            named = ", ".join(f"`{one.name.split(': ', 1)[1]}`" for one in table.telling)
            text = (
                f"`{table.ref}` is used by no solution ({table.why}); its `{table.key}` has the values of `{table.of}` "
                f"({table.covers:.0%} of rows), and {named} {'predict' if more else 'predicts'} the residuals: "
                f"{explained_text(best)}{' by the first' if more else ''}"
            )
            yield _line("unused", best.explained, text, table.ref)
    for one in found.unused.telling[:3]:
        text = f"`{one.name}` is used by no solution of the pool and predicts the residuals: {explained_text(one)}"
        yield _line("unused", one.explained, text, one.name)
    silent = [name for name in found.unused.columns if name not in {one.name for one in found.unused.telling}]
    silent += [f"{table.ref}" for table in found.unused.tables if not table.telling]
    if silent:
        named = ", ".join(f"`{name}`" for name in silent[:12]) + (" …" if len(silent) > 12 else "")
        yield _line(
            "unused", None, f"not used by the pool, and not seen to predict the residuals alone: {named}", *silent
        )
    for one in found.unused.left[:3]:
        text = f"`{one.name}` is used, and what it tells is not used up: it predicts {explained_text(one)}"
        yield _line("left", one.explained, text, one.name)


def _mismatches(found: Explanation) -> Iterator[Explained]:
    for one in found.mismatches[:4]:
        yield _line("metric", one.asked_value, mismatch_text(one))


def mismatch_text(one: Mismatch) -> str:
    wanted = f"perhaps asked: {one.asked}" if one.asked else "perhaps not what is asked"
    values = ""
    if one.ours_value is not None and one.asked_value is not None:
        values = f" (the blend has {one.ours_value:.5g} by ours, {one.asked_value:.5g} by that)"
    return f"the campaign optimises {one.ours}; {wanted}{values}: {one.evidence}"


def _rows(found: Explanation) -> Iterator[Explained]:
    if found.spread is not None and found.spread.lift > 1.5:
        apart = sum(c.loss_share for c in found.spread.corners if not c.agree)
        text = (
            f"the tenth of the rows that {found.spread.members} experiments disagree on most carries {apart:.1%} of the loss; "
            f"{found.spread.mistakes} are {found.spread.lift:.1f} times likelier there"
        )
        yield _line("disagreement", found.spread.lift, text)
    doubt = found.labels
    if doubt is not None and doubt.flagged:
        yield _line("labels", doubt.precision, doubt_text(found))


def doubt_text(found: Explanation) -> str:
    """How many labels the team doubts, and how many of those are likely wrong."""
    doubt = found.labels
    if doubt is None or not doubt.flagged:
        return "no label is doubted by the whole team"
    if doubt.precision is None:
        return f"{doubt.flagged} of {doubt.n} values lie far outside the scatter of rows alike; how many are wrong is unknown"
    kind = "likely wrong labels" if doubt.likely else "rather hard than wrong"
    rate = "" if doubt.rate is None else f"; wrong labels in all: {doubt.rate:.1%} of rows at most"
    return (
        f"the whole team is sure of another label in {doubt.flagged} of {doubt.n} rows: {kind} "
        f"(estimated precision {doubt.precision:.0%}{rate})"
    )
