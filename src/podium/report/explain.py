"""The page's section on errors: a picture of slices, tables of units, bands, rows in doubt, and what is left unused."""

from __future__ import annotations

from collections.abc import Sequence

from podium.campaign.explain.errors_told import doubt_text, mismatch_text, trait_text
from podium.campaign.explain.explain import Recorded
from podium.markup import escape
from podium.records import from_json
from podium.referee.explanation import Example, Explanation
from podium.referee.leftover import Leftover, p_text
from podium.referee.slices import Slice
from podium.report.facts import PageFacts
from podium.report.html import EMPTY, Html, element, join, section, table, text

ROW, LEFT, BAR, TOP = 54.0, 8.0, 430.0, 30.0
WIDTH = 720.0
NOTE_CHARS = 96


def errors(facts: PageFacts) -> Html:
    """The newest recorded explanation; nothing where there is none."""
    found = newest(facts)
    if found is None:
        return EMPTY
    looked = (
        f"Of the best blend as of round {found.round}, from {found.rows:,} of {found.rows_of:,} out-of-fold rows and "
        f"{found.columns} of {found.columns_of} columns; searched on one half of the rows, confirmed on the other."
    )
    exact = "" if found.exact else " The loss of a row is approximate: this metric has no formula for it."
    return section(
        "Where the blend errs",
        element("p", looked + exact, class_="soft"),
        _mismatches(found),
        picture(found.slices) if found.slices else _boxes(found),
        _segments(found),
        _units(found),
        _unused(found),
        _bands(found),
        _rows(found),
    )


def newest(facts: PageFacts) -> Explanation | None:
    for _, steps in sorted(facts.texts, key=lambda pair: -pair[0]):
        if "explain" in steps:
            return from_json(Recorded, steps["explain"]).explanation
    return None


def picture(slices: Sequence[Slice]) -> Html:
    """Two bars a slice: its share of rows, its share of the loss."""
    most = max(max(one.loss_share, one.share) for one in slices) or 1.0
    parts: list[Html] = []
    for at, one in enumerate(slices):
        y = TOP + at * ROW
        label = text(" and ".join(one.conditions), NOTE_CHARS)
        parts.append(element("text", label, x=LEFT, y=y, style="fill:var(--ink)"))
        for below, share, look, word in (
            (6.0, one.loss_share, "slice-loss", "of the loss"),
            (19.0, one.share, "slice-rows", "of rows"),
        ):
            width = max(1.0, BAR * share / most)
            parts.append(element("rect", x=LEFT, y=y + below, width=width, height=10, rx=1.5, class_=look))
            parts.append(element("text", f"{share:.1%} {word}", x=LEFT + width + 8, y=y + below + 9))
        ratio = f"{one.times:.2g} times the average loss, {one.low:.2g} to {one.high:.2g}"
        parts.append(element("text", ratio, x=WIDTH - 8, y=y, text_anchor="end"))
    height = TOP + len(slices) * ROW
    words = "; ".join(
        f"{text(' and '.join(one.conditions), 200)}: {one.share:.1%} of rows, {one.loss_share:.1%} of the loss"
        for one in slices
    )
    style = element("style", Html(".slice-loss{fill:var(--bad)}.slice-rows{fill:var(--soft);fill-opacity:.55}"))
    svg = element("svg", *parts, class_="chart", viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img", aria_label=words)
    caption = "Slices of rows with more than their share of the loss, the most excess first; 95 % intervals."
    return join((style, element("figure", element("div", svg, class_="scroll"), element("figcaption", caption))))


def _mismatches(found: Explanation) -> Html:
    if not found.mismatches:
        return EMPTY
    items = (element("li", text(mismatch_text(one), 600)) for one in found.mismatches)
    return join((element("h3", "Perhaps not the metric that is asked for"), element("ul", *items)))


def _boxes(found: Explanation) -> Html:
    """Errors of a detector by type, and true boxes by class and size."""
    if found.boxes is None:
        return element("p", "No slice of rows stands above chance.", class_="soft")
    errors = [
        (one.name, f"{one.count:,}", f"{one.cost:+.4g}", text(", ".join(one.examples), 120))
        for one in found.boxes.errors
    ]
    groups = [
        (text(one.name, 60), f"{one.count:,}", f"{one.found:.0%}", "–" if one.score is None else f"{one.score:.4g}")
        for one in (*found.boxes.classes, *found.boxes.sizes)
    ]
    return join((
        element("h3", "Errors by type (TIDE), and what mending each alone would gain"),
        table(("error", "how many", found.metric, "most in"), errors, kinds="knnt"),
        table(("true boxes", "how many", "found", found.metric), groups, kinds="knnn"),
    ))  # fmt: skip


def _segments(found: Explanation) -> Html:
    if not found.segments:
        return EMPTY
    rows = [
        (one.name, f"{one.users:,}", f"{one.score:.4g}" + ("" if one.stderr is None else f" ± {one.stderr:.2g}"))
        for one in found.segments
    ]
    return join(
        [element("h3", "Kinds of users, the worst served first"), table(("users", "how many", found.metric), rows)]
    )


def _units(found: Explanation) -> Html:
    parts: list[Html] = []
    for one in found.units:
        heads = ("", "of units", "of rows", "of the loss", *(text(name, 40) for name in one.marks))
        rows = [
            (name, f"{one.units[i]:.0%}", f"{one.rows[i]:.0%}", f"{one.losses[i]:.0%}",
             *(f"{pair[i]:.3g}" for pair in one.marks.values()))
            for i, name in enumerate(("first type", "second type"))
        ]  # fmt: skip
        told = "; ".join(trait_text(trait) for trait in one.traits)
        parts.append(element("h3", f"Two types of {text(one.unit, 60)}"))
        parts.append(
            element(
                "p", text(f"{told[:1].upper()}{told[1:]} (first against second; on rows that did not part them).", 700)
            )
        )
        parts.append(table(heads, rows, kinds="k" + "n" * (len(heads) - 1)))
    return join(parts) if parts else EMPTY


def _unused(found: Explanation) -> Html:
    unused = found.unused
    rows: list[tuple[str, str, str, str]] = []
    for side in unused.tables:
        where = f"not joined: {side.why}" + (f"; {side.key} has the values of {side.of}" if side.key else "")
        rows += [(text(one.name, 80), text(where, 240), *_told(one)) for one in side.telling] or [
            (text(side.ref, 80), text(where, 240), "–", "–")
        ]
    rows += [(text(one.name, 80), "used by no solution of the pool", *_told(one)) for one in unused.telling]
    told = {one.name for one in unused.telling}
    rows += [
        (text(name, 80), "used by no solution of the pool", "–", "–") for name in unused.columns if name not in told
    ]
    rows += [(text(one.name, 80), "used, not used up", *_told(one)) for one in unused.left]
    if not rows:
        return EMPTY
    heads = ("data", "how it is used", "predicts of the residuals’ variance", "p")
    return join((element("h3", "What is left to learn"), table(heads, rows[:30], kinds="mtnn")))


def _told(one: Leftover) -> tuple[str, str]:
    return f"{one.explained:.1%}", p_text(one.p).removeprefix("= ")


def _bands(found: Explanation) -> Html:
    if not found.bands:
        return EMPTY
    rows = [
        (f"{b.low:.4g} to {b.high:.4g}", f"{b.said:.4g}", f"{b.seen:.4g} ± {b.stderr:.2g}", f"{b.loss_share:.1%}")
        for b in found.bands
    ]
    heads = ("what the blend says", "on average", "what is so", "of the loss")
    return element("details", element("summary", "What it says against what is so, by fifths of the rows"),
                   table(heads, rows, kinds="knnn"))  # fmt: skip


def _rows(found: Explanation) -> Html:
    parts: list[Html] = []
    if found.spread is not None:
        rows = [
            (
                "agrees" if c.agree else "disagrees",
                found.spread.side(wrong=c.wrong),
                f"{c.share:.1%}",
                f"{c.loss_share:.1%}",
            )
            for c in found.spread.corners
        ]
        mistakes = found.spread.mistakes
        note = (
            f"{mistakes[:1].upper()}{mistakes[1:]} are {found.spread.lift:.1f} times likelier where {found.spread.members} "
            "experiments disagree."
        )
        parts += [element("h3", "Where the team disagrees"), element("p", note),
                  table(("the team", "the blend is", "rows", "loss"), rows, kinds="kknn"),
                  _examples(found.spread.examples, "Rows it disagrees on most, where the blend errs", "spread")]  # fmt: skip
    if found.labels is not None and found.labels.flagged:
        told = doubt_text(found)
        parts += [element("h3", "Labels in doubt"), element("p", f"{told[:1].upper()}{told[1:]}. Nothing is removed."),
                  _examples(found.labels.examples, "The rows most in doubt", "sure")]  # fmt: skip
    return join(parts) if parts else EMPTY


def _examples(examples: Sequence[Example], title: str, what: str) -> Html:
    if not examples:
        return EMPTY
    rows = [(text(one.id, 60), text(one.given, 60), text(one.said, 60), f"{one.sure:.3g}") for one in examples]
    shown = table(("row", "label", "the team says", what), rows, kinds="mmmn")
    return element("details", element("summary", Html(escape(title))), shown)
