"""Registering, and logging in by a token."""

from __future__ import annotations

from podium.arena.pages.frame import link
from podium.arena.pages.mine import refusal
from podium.markup import EMPTY, Html, element


def register(problem: str = "", *, closed: bool = False) -> Html:
    if closed:
        return element("p", "The host of this arena makes the accounts: ask there.")
    form = element(
        "form",
        element("label", "Your name on the leaderboard", for_="name"),
        element("input", id="name", name="name", required="", maxlength="40", autocomplete="username"),
        element("button", "Register", type="submit"),
        method="post", action="/register", class_="narrow",
    )  # fmt: skip
    return element("div", refusal(problem) if problem else EMPTY, form)


def registered(name: str, token: str) -> Html:
    """The one time that a token is shown."""
    return element(
        "div",
        element("p", f"Welcome, {name}. This is your token; it is shown this once, so keep it:"),
        element("p", element("code", token, class_="token")),
        element("p", "Log in with it here, or set ", element("code", "PODIUM_ARENA_TOKEN"), " for podium."),
        element("p", link("/login", "Log in")),
    )


def login(next_: str, problem: str = "") -> Html:
    form = element(
        "form",
        element("label", "Your token", for_="token"),
        element("input", id="token", type="password", name="token", required="", autocomplete="current-password"),
        element("input", type="hidden", name="next", value=next_),
        element("button", "Log in", type="submit"),
        method="post", action="/login", class_="narrow",
    )  # fmt: skip
    return element(
        "div", refusal(problem) if problem else EMPTY, form, element("p", "None yet? ", link("/register", "Register"))
    )
