"""What every page stands in: the head, who is logged in, where one can go."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse

from podium.arena.errors import ArenaError
from podium.arena.views import Account
from podium.arena.web import csrf_of, visitor
from podium.markup import EMPTY, Child, Html, element

STYLE = "/static/arena.css"


def page(
    request: Request, title: str, *children: Child, status: int = 200, account: Account | None = None
) -> HTMLResponse:
    """A whole document. `account`: who is logged in, where the caller has asked already."""
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", f"{title} · Podium arena"),
        Html(f'<link rel="stylesheet" href="{STYLE}">'),
    )
    body = element("body", _header(request, account), element("main", *children))
    return HTMLResponse("<!doctype html>\n" + element("html", head, body, lang="en").text, status_code=status)


def refused(request: Request, problem: ArenaError, status: int) -> HTMLResponse:
    """A refusal as a page: the one line, and a way on."""
    titles = {401: "Log in first", 403: "Not allowed", 404: "Not found", 429: "Too much for now"}
    way = link("/login", "Log in") if status == 401 else link("/", "All contests")
    title = titles.get(status, "That did not work")
    return page(
        request,
        title,
        element("h1", title),
        element("p", str(problem), class_="refused"),
        element("p", way),
        status=status,
    )


def _header(request: Request, account: Account | None) -> Html:
    who = account
    if who is None:
        try:
            who = visitor(request)
        except ArenaError:  # banned or too fast: the page says so itself
            who = None
    if who is None:
        side = element("nav", link("/login", "Log in"), " ", link("/register", "Register"))
    else:
        out = button("Log out", hidden(request), action="/logout", class_="quiet")
        side = element("nav", element("span", who.name, class_="account"), " ", out)
    return element("header", element("a", "Podium arena", href="/", class_="home"), side)


def link(to: str, text: Child, class_: str | None = None) -> Html:
    return element("a", text, href=to, class_=class_)


def hidden(request: Request) -> Html:
    """The field by which a form proves that one of this session's own pages made it."""
    return element("input", type="hidden", name="csrf", value=csrf_of(request))


def button(text: str, *fields: Child, action: str, class_: str | None = None) -> Html:
    """A form of one button."""
    return element("form", *fields, element("button", text, type="submit"), method="post", action=action, class_=class_)


def moment(at: datetime | None, missing: str = "none") -> Html:
    """A time in UTC, for people and programs."""
    if at is None:
        return Html(missing) if missing.isalpha() else EMPTY
    told = at.astimezone(UTC)
    return element("time", f"{told:%Y-%m-%d %H:%M} UTC", datetime=told.isoformat())
