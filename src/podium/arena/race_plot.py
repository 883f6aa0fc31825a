"""Score against time, a line a campaign: what each team's submissions would have scored on the hidden rows."""

from __future__ import annotations

from collections.abc import Sequence

from podium.arena.race import Entry, Result
from podium.competition.plots.frame import EDGE, TOP, WIDTH, Panel, picture, words
from podium.markup import Html, element

HEIGHT = 260.0
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")  # Okabe and Ito


def race_plot(result: Result) -> str:
    """A whole SVG document; empty axes where nothing was scored."""
    runs = [(entry, _points(entry)) for entry in result.entries]
    scores = [score for _, points in runs for _, score in points]
    end = max([at for _, points in runs for at, _ in points] + [entry.ended.seconds for entry, _ in runs] + [1.0])
    low, high = (min(scores), max(scores)) if scores else (0.0, 1.0)
    margin = (high - low) * 0.08 or abs(high) * 0.02 or 0.01
    panel = Panel.at(EDGE + 60, TOP + 22, WIDTH - 2 * EDGE - 80, HEIGHT, (0.0, end), (low - margin, high + margin))
    teams = list(dict.fromkeys(entry.team for entry in result.entries))
    colour = {team: COLOURS[at % len(COLOURS)] for at, team in enumerate(teams)}
    parts = panel.axes()
    for entry, points in runs:
        parts += _steps(panel, points, entry, end, colour[entry.team])
    parts += _key(teams, colour)
    parts.append(words(WIDTH - EDGE, TOP + HEIGHT + 54, "seconds of the campaign", anchor="end"))
    better = "higher" if result.direction == "higher" else "lower"
    note = f"{result.metric} of each submission on {result.rows} hidden rows, {better} is better. {result.outcome.verdict}."
    return picture(f"Race at {result.contest}", note, TOP + HEIGHT + 64, parts)


def _points(entry: Entry) -> list[tuple[float, float]]:
    return [(point.alive_s, point.private) for point in entry.history if point.private is not None]


def _steps(panel: Panel, points: Sequence[tuple[float, float]], entry: Entry, end: float, colour: str) -> list[Html]:
    """A submission stands until the next one, the last until the campaign ended."""
    if not points:
        return []
    path: list[str] = []
    for at, (x, y) in enumerate(points):
        until = points[at + 1][0] if at + 1 < len(points) else min(end, max(x, entry.ended.seconds))
        path += [f"{panel.x(x):.1f},{panel.y(y):.1f}", f"{panel.x(until):.1f},{panel.y(y):.1f}"]
    told = element("title", f"{entry.team}, seed {entry.seed}: {points[-1][1]:.5g} at the end")
    line = element(
        "polyline", told, points=" ".join(path), fill="none", stroke=colour, stroke_width=2.0, stroke_opacity=0.75
    )
    dots = [element("circle", cx=panel.x(x), cy=panel.y(y), r=3.0, fill=colour) for x, y in points]
    return [line, *dots]


def _key(teams: Sequence[str], colour: dict[str, str]) -> list[Html]:
    parts: list[Html] = []
    x = EDGE
    for team in teams:
        parts.append(element("rect", x=x, y=TOP, width=11.0, height=11.0, rx=2.0, fill=colour[team]))
        parts.append(words(x + 16, TOP + 10, team, class_="name", most=24))
        x += 30 + 7.0 * min(len(team), 24)
    return parts


__all__ = ["race_plot"]
