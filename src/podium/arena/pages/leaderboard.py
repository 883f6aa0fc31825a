"""The leaderboard, and how the best score moved, drawn."""

from __future__ import annotations

from datetime import datetime

from podium.arena.pages.frame import moment
from podium.arena.views import ContestView, Leaderboard, Standing
from podium.drawing import Scale, ticks
from podium.markup import EMPTY, Html, element

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 12.0, 30.0
MOST_LINES = 8
SHOWN = 200


def board(one: ContestView, found: Leaderboard, me: str = "") -> Html:
    """`me`: the name whose row is marked."""
    private = found.split == "private"
    said = "The contest has ended: by the private score of the final submissions." if private else (
        "By public score. The private one decides, and is shown after the deadline."
    )  # fmt: skip
    settling = EMPTY if found.settled else element("p", "Some submissions are still being scored.", class_="soft")
    if not found.rows:
        return element("div", element("p", said), settling, element("p", "Nobody has a score yet.", class_="soft"))
    more = EMPTY if len(found.rows) <= SHOWN else element("p", f"and {len(found.rows) - SHOWN} more", class_="soft")
    return element("div", element("p", said), settling, _chart(one, found), _table(found, me), more)


def _table(found: Leaderboard, me: str) -> Html:
    private = found.split == "private"
    names = ["#", "Contestant", "Score", *(["Public", "Moved"] if private else []), "Files", "Last"]
    head = element("thead", element("tr", *(column(name) for name in names)))
    body = element("tbody", *(_row(row, private, row.name == me) for row in found.rows[:SHOWN]))
    return element("div", element("table", head, body, class_="board"), class_="scroll")


def _row(row: Standing, private: bool, mine: bool) -> Html:
    cells = [
        element("td", row.rank, class_="number"),
        element("td", row.name, class_="team"),
        element("td", score(row.score), class_="score number"),
    ]
    if private:
        moved = "" if row.public_rank is None else f"{row.public_rank - row.rank:+d}".replace("+0", "0")
        public = "" if row.public_score is None else score(row.public_score)
        cells += [element("td", public, class_="number"), element("td", moved, class_="number")]
    cells += [element("td", row.submissions, class_="number"), element("td", moment(row.last_at), class_="soft")]
    return element("tr", *cells, class_="mine" if mine else None)


def column(name: str) -> Html:
    """A table's head: above figures it stands as they do."""
    figures = name in ("#", "Score", "Public", "Private", "Moved", "Files")
    return element("th", name, scope="col", class_="number" if figures else None)


def score(value: float) -> str:
    return f"{value:.6g}"


def _chart(one: ContestView, found: Leaderboard) -> Html:
    """Each leading contestant's best public score over time, as steps."""
    leading = [row for row in found.rows[:MOST_LINES] if row.history]
    points = [point for row in leading for point in row.history]
    if len(points) < 2:
        return EMPTY
    times, scores = [p.at.timestamp() for p in points], [p.score for p in points]
    x = Scale(min(times), max(*times, min(times) + 1.0), LEFT, WIDTH - RIGHT)
    low, high = _range(scores, one.direction == "higher")
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [*_axis(y, low, high), *_days(x, min(points, key=lambda p: p.at).at, max(points, key=lambda p: p.at).at)]
    for place, row in enumerate(leading):
        parts.append(element("path", d=_steps(row, one.direction == "higher", x, y), class_=f"line line-{place}"))
        parts += [
            element("circle", cx=x(p.at.timestamp()), cy=y(p.score), r=2.6, class_=f"dot dot-{place}")
            for p in row.history
        ]
    words = "; ".join(f"{row.name} {score(_best(row, one.direction == 'higher'))}" for row in leading)
    svg = element(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_label=f"Best public scores: {words}",
        class_="chart",
    )
    keys = (element("li", element("span", "■", class_=f"key-{n}"), f" {row.name}") for n, row in enumerate(leading))
    return element("figure", element("div", svg, class_="scroll"), element("ul", *keys, class_="keys"))


def _range(scores: list[float], higher: bool) -> tuple[float, float]:
    """All of the better half, and the worse one as far as twice that: a first random file does not flatten the rest."""
    ordered = sorted(scores, reverse=higher)
    best, middle = ordered[0], ordered[len(ordered) // 2]
    reach = 2.0 * abs(middle - best) or abs(best) * 0.02 or 0.01
    worst = max(min(scores), best - reach) if higher else min(max(scores), best + reach)
    margin = 0.06 * (abs(best - worst) or reach)
    return min(best, worst) - margin, max(best, worst) + margin


def _best(row: Standing, higher: bool) -> float:
    return (max if higher else min)(point.score for point in row.history)


def _steps(row: Standing, higher: bool, x: Scale, y: Scale) -> str:
    better = max if higher else min
    standing = row.history[0].score
    parts = [f"M{x(row.history[0].at.timestamp()):.1f} {y(standing):.1f}"]
    for point in row.history[1:]:
        standing = better(standing, point.score)
        parts.append(f"H{x(point.at.timestamp()):.1f}V{y(standing):.1f}")
    return "".join([*parts, f"H{WIDTH - RIGHT:.1f}"])


def _axis(y: Scale, low: float, high: float) -> list[Html]:
    found = []
    for tick in ticks(low, high):
        found.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(tick), y2=y(tick), class_="axis"))
        found.append(element("text", f"{tick:.5g}", x=LEFT - 6, y=y(tick) + 4, text_anchor="end"))
    return found


def _days(x: Scale, first: datetime, last: datetime) -> list[Html]:
    spelled = "%H:%M:%S" if (last - first).total_seconds() < 7200 else "%m-%d %H:%M"
    ends = ((first, "start"), (last, "end"))
    return [
        element("text", at.strftime(spelled), x=x(at.timestamp()), y=HEIGHT - 8, text_anchor=anchor)
        for at, anchor in ends
    ]
