"""Addresses of the pages. Each asks the service, as the API does; posts are checked against forged forms."""

from __future__ import annotations

from importlib import resources
from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from podium.arena import names
from podium.arena.errors import ArenaError, NotJoined, Unauthorised
from podium.arena.pages import account as accounts
from podium.arena.pages import contest as contests
from podium.arena.pages import leaderboard, mine
from podium.arena.pages.frame import STYLE, page
from podium.arena.views import Account, SubmissionView
from podium.arena.web import (
    COOKIE,
    address_of,
    check_form,
    clear_cookie,
    registration_allowed,
    service_of,
    set_cookie,
    settings_of,
    visitor,
)
from podium.markup import EMPTY, Html, element

SEE_OTHER = 303
Slug = Annotated[str, Path(pattern=names.SLUG, max_length=names.LONGEST_SLUG)]
Csrf = Annotated[str, Form()]

router = APIRouter()


@router.get(STYLE)
def style() -> Response:
    text = (resources.files("podium.arena.pages") / "arena.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/")
def home(request: Request) -> HTMLResponse:
    return page(request, "Contests", element("h1", "Contests"), contests.listing(service_of(request).contests()))


# ---------------------------------------------------------------- accounts


@router.get("/register")
def register_form(request: Request) -> HTMLResponse:
    closed = not settings_of(request).open_registration
    return page(request, "Register", element("h1", "Register"), accounts.register(closed=closed))


@router.post("/register")
def register(request: Request, name: Annotated[str, Form()]) -> HTMLResponse:
    try:
        registration_allowed(request)
        account, token = service_of(request).register(name, address_of(request))
    except ArenaError as problem:
        told = accounts.register(str(problem))
        return page(request, "Register", element("h1", "Register"), told, status=problem.status)
    return page(request, "Registered", element("h1", "Registered"), accounts.registered(account.name, token))


@router.get("/login")
def login_form(request: Request, next: str = "/") -> HTMLResponse:
    return page(request, "Log in", element("h1", "Log in"), accounts.login(_here(next)))


@router.post("/login")
def login(request: Request, token: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
    try:
        session = service_of(request).login(token.strip(), address_of(request))
    except ArenaError as problem:
        told = accounts.login(_here(next), str(problem))
        return page(request, "Log in", element("h1", "Log in"), told, status=problem.status)
    answer = RedirectResponse(_here(next), SEE_OTHER)
    set_cookie(request, answer, session)
    return answer


@router.post("/logout")
def logout(request: Request, csrf: Csrf = "") -> Response:
    check_form(request, csrf)
    service_of(request).logout(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/", SEE_OTHER)
    clear_cookie(request, answer)
    return answer


# ---------------------------------------------------------------- a contest


@router.get("/contests/{slug}")
def overview(request: Request, slug: Slug) -> HTMLResponse:
    service, me = service_of(request), visitor(request)
    one = service.contest(slug)
    joined = me is not None and service.joined(me, slug)
    told = contests.overview(request, one, known=me is not None, joined=joined)
    return page(request, one.title, element("h1", one.title), contests.tabs(one, "Overview"), told, account=me)


@router.get("/contests/{slug}/files/{name:path}")
def file(request: Request, slug: Slug, name: str) -> FileResponse:
    path = service_of(request).file(_known(request), slug, name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.post("/contests/{slug}/join")
def join(request: Request, slug: Slug, csrf: Csrf = "") -> Response:
    check_form(request, csrf)
    service_of(request).join(_known(request), slug, address_of(request))
    return RedirectResponse(f"/contests/{slug}", SEE_OTHER)


@router.get("/contests/{slug}/leaderboard")
def board(request: Request, slug: Slug) -> HTMLResponse:
    service, me = service_of(request), visitor(request)
    one = service.contest(slug)
    told = leaderboard.board(one, service.leaderboard(slug), me.name if me else "")
    return page(request, one.title, element("h1", one.title), contests.tabs(one, "Leaderboard"), told, account=me)


@router.get("/contests/{slug}/submissions")
def submissions(request: Request, slug: Slug) -> HTMLResponse:
    return _submissions(request, _known(request), slug)


@router.post("/contests/{slug}/submissions")
async def submit(
    request: Request,
    slug: Slug,
    file: Annotated[UploadFile, File()],
    message: Annotated[str, Form()] = "",
    csrf: Csrf = "",
) -> HTMLResponse:
    check_form(request, csrf)
    return await run_in_threadpool(_submit, request, slug, file, message)


def _submit(request: Request, slug: str, file: UploadFile, message: str) -> HTMLResponse:
    me, service = _known(request), service_of(request)
    try:
        one, _ = service.submit(me, slug, file.filename or "file.csv", file.file, "", message, address_of(request))
    except (Unauthorised, NotJoined):
        raise
    except ArenaError as problem:
        return _submissions(request, me, slug, mine.refusal(str(problem)), problem.status)
    return _submissions(request, me, slug, mine.taken(one), 201)


@router.post("/contests/{slug}/select")
def select(request: Request, slug: Slug, ids: Annotated[list[str] | None, Form()] = None, csrf: Csrf = "") -> Response:
    check_form(request, csrf)
    me = _known(request)
    try:
        service_of(request).select(me, slug, ids or [], address_of(request))
    except ArenaError as problem:
        return _submissions(request, me, slug, mine.refusal(str(problem)), problem.status)
    return RedirectResponse(f"/contests/{slug}/submissions", SEE_OTHER)


def _submissions(request: Request, me: Account, slug: str, said: Html = EMPTY, status: int = 200) -> HTMLResponse:
    service = service_of(request)
    one = service.contest(slug)
    if not service.joined(me, slug):
        raise NotJoined("accept the contest's rules first: they are on its overview")
    sent: tuple[SubmissionView, ...] = service.submissions(me, slug)
    told = mine.submissions(request, one, sent, service.quota(me, slug))
    head = element("h1", one.title)
    return page(request, one.title, head, contests.tabs(one, "Submissions"), said, told, status=status, account=me)


def _known(request: Request) -> Account:
    """Who is logged in. Raises Unauthorised where nobody is."""
    found = visitor(request)
    if found is None:
        raise Unauthorised("this page is for those who are logged in")
    return found


def _here(address: str) -> str:
    """An address of this arena; the first page in place of any other, which a forged link may name."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and "\\" not in address else "/"
