"""A contest's own page: what is asked, the files, the rules."""

from __future__ import annotations

from fastapi import Request

from podium.arena.pages.frame import button, hidden, link, moment
from podium.arena.views import ContestView, FileView
from podium.markup import EMPTY, Html, element
from podium.prose import prose


def listing(contests: tuple[ContestView, ...]) -> Html:
    """All contests, newest first."""
    if not contests:
        return element("p", "No contest yet. Its host makes one with ", element("code", "podium arena create"), ".")
    return element("ul", *(_card(one) for one in contests), class_="cards")


def _card(one: ContestView) -> Html:
    state = (
        element("span", "ended", class_="state ended") if one.ended else element("span", "open", class_="state open")
    )
    ends = element("span", "ends ", moment(one.deadline)) if one.deadline and not one.ended else EMPTY
    figures = f"{one.metric_title}; {one.contestants} contestants, {one.submissions} submissions"
    return element(
        "li", link(f"/contests/{one.slug}", one.title, "title"), " ", state, element("p", figures, class_="soft"), ends
    )


def tabs(one: ContestView, here: str) -> Html:
    """Where one is within a contest."""
    places = (("", "Overview"), ("/leaderboard", "Leaderboard"), ("/submissions", "Submissions"))
    links = (
        element("a", name, href=f"/contests/{one.slug}{at}", aria_current="page" if name == here else None)
        for at, name in places
    )
    return element("nav", *links, class_="tabs", aria_label="The contest")


def overview(request: Request, one: ContestView, *, known: bool, joined: bool) -> Html:
    return element(
        "div",
        _facts(one),
        prose(_without_title(one)),
        _files(one, joined),
        _rules(request, one, known=known, joined=joined),
    )


def _without_title(one: ContestView) -> str:
    """A description that begins with its own title would say it twice."""
    first, _, rest = one.description.lstrip().partition("\n")
    return rest if first.lstrip("# ").strip() == one.title.strip() else one.description


def _facts(one: ContestView) -> Html:
    quota = "no limit" if one.quota is None else f"{one.quota} a day (UTC)"
    pairs: list[tuple[str, Html | str]] = [
        ("Metric", f"{one.metric_title}, {one.direction} is better"),
        ("Submissions", quota),
        ("Final ones", f"{one.final_selections}, chosen by you, else the best public ones"),
        ("Deadline", moment(one.deadline)),
        ("A file", f"{one.rows:,} rows of {', '.join(one.columns[:6])}{' …' if len(one.columns) > 6 else ''}"),
    ]
    return element("dl", *(Html(element("dt", k).text + element("dd", v).text) for k, v in pairs))


def _files(one: ContestView, joined: bool) -> Html:
    rows = (element("li", _file(one, file, joined), f" {_size(file.bytes)}") for file in one.files)
    return element("section", element("h2", "Files"), element("ul", *rows, class_="files"))


def _file(one: ContestView, file: FileView, joined: bool) -> Html:
    if not joined:
        return element("span", file.name)
    return element("a", file.name, href=f"/contests/{one.slug}/files/{file.name}", class_="file", download="")


def _rules(request: Request, one: ContestView, *, known: bool, joined: bool) -> Html:
    parts = [element("h2", "Rules"), prose(one.rules)]
    if joined:
        parts.append(element("p", "You have accepted these rules.", class_="joined"))
    elif one.ended:
        parts.append(element("p", "The contest has ended.", class_="soft"))
    elif known:
        parts.append(
            button("Accept the rules and join", hidden(request), action=f"/contests/{one.slug}/join", class_="join")
        )
    else:
        parts.append(
            element("p", link(f"/login?next=/contests/{one.slug}", "Log in"), " to accept the rules and join.")
        )
    return element("section", *parts)


def _size(n: int) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}"
        n /= 1000  # type: ignore[assignment]
    return f"{n:.1f} GB"
