"""What API and pages share: the service behind a request, who asks, by token or by cookie, and the forged-form check."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from podium.arena import secret
from podium.arena.errors import Closed, Forged, Unauthorised
from podium.arena.rates import Rates
from podium.arena.service import ArenaService
from podium.arena.settings import ArenaSettings
from podium.arena.views import Account, Session

COOKIE = "podium_arena"


def service_of(request: Request) -> ArenaService:
    service: ArenaService = request.app.state.service
    return service


def settings_of(request: Request) -> ArenaSettings:
    settings: ArenaSettings = request.app.state.settings
    return settings


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def limited(request: Request, account: Account) -> Account:
    """The account, where it has not asked too often. Raises TooFast."""
    rates: Rates = request.app.state.token_rates
    rates.take(str(account.id))
    return account


def registration_allowed(request: Request) -> None:
    """Raises Closed where the host makes the accounts, TooFast where this address made many."""
    if not settings_of(request).open_registration:
        raise Closed("the host of this arena makes the accounts: ask there")
    rates: Rates = request.app.state.register_rates
    rates.take(address_of(request))


# ---------------------------------------------------------------- for pages


def visitor(request: Request) -> Account | None:
    """Who is logged in by cookie; None where nobody is. Raises Banned, TooFast."""
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    try:
        return limited(request, service_of(request).account_of_session(cookie))
    except Unauthorised:
        return None


def csrf_of(request: Request) -> str:
    """What each form must carry in a hidden field `csrf`; "" where nobody is logged in."""
    cookie = request.cookies.get(COOKIE)
    return secret.csrf_of(cookie) if cookie else ""


def check_form(request: Request, csrf: str) -> None:
    """Before any post by cookie is obeyed. Raises Forged: the field is wrong, or a browser says another site sent it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forged("this form was sent by another site")
    expected = csrf_of(request)
    if not expected or not secret.same(csrf, expected):
        raise Forged("this form is out of date; load the page again")


def set_cookie(request: Request, response: Response, session: Session) -> None:
    response.set_cookie(
        COOKIE, session.secret, expires=session.expires_at, path="/", httponly=True, samesite="lax",
        secure=settings_of(request).https,
    )  # fmt: skip


def clear_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=settings_of(request).https)
