"""The JSON API: each route calls one method of the service. It knows bearer tokens and no cookies, so no form of another
site can use it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Literal, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from podium.arena import names
from podium.arena.errors import Unauthorised
from podium.arena.views import Account, ContestView, Leaderboard, QuotaView, SubmissionView
from podium.arena.web import address_of, limited, registration_allowed, service_of

IN_MEMORY = 1 << 20

bearer = HTTPBearer(auto_error=False, description="The token of `POST /api/accounts`.")
Slug = Annotated[str, Path(pattern=names.SLUG, max_length=names.LONGEST_SLUG)]
Id = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]


class ErrorText(BaseModel):
    code: str
    message: str
    details: dict[str, Any]


class Error(BaseModel):
    error: ErrorText


class NewAccount(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=names.NAME, max_length=names.LONGEST_NAME)


class Joining(BaseModel):
    model_config = ConfigDict(extra="forbid")
    accept_rules: Literal[True]


class Selection(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ids: list[Id] = Field(max_length=100)


@dataclass(frozen=True)
class NewToken:
    """Shown this once."""

    account: Account
    token: str


def account_of(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Account:
    """Whose token the request bears. Raises Unauthorised, Banned, TooFast."""
    if credentials is None:
        raise Unauthorised("send your token as `Authorization: Bearer …`")
    return limited(request, service_of(request).account_of(credentials.credentials))


Me = Annotated[Account, Depends(account_of)]


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Which refusals a route may give, for the OpenAPI document."""
    return {status: {"model": Error} for status in (400, 413, 422, 429, *statuses)}


router = APIRouter(prefix="/api", responses=refusals())


@router.post("/accounts", status_code=201, responses=refusals(403, 409), tags=["accounts"])
def register(request: Request, new: NewAccount) -> NewToken:
    """A new account. Its token is shown this once, and only a hash of it is kept."""
    registration_allowed(request)
    return NewToken(*service_of(request).register(new.name, address_of(request)))


@router.get("/account", responses=refusals(401, 403), tags=["accounts"])
def account(me: Me) -> Account:
    return me


@router.post("/account/token", responses=refusals(401, 403), tags=["accounts"])
def rotate(request: Request, me: Me) -> NewToken:
    """A new token in place of all earlier ones."""
    return NewToken(me, service_of(request).rotate(me, address_of(request)))


@router.delete("/account/token", status_code=204, responses=refusals(401, 403), tags=["accounts"])
def revoke(request: Request, me: Me) -> Response:
    """End all tokens; only the host can let the account in again."""
    service_of(request).revoke(me, address_of(request))
    return Response(status_code=204)


@router.get("/contests", tags=["contests"])
def contests(request: Request) -> tuple[ContestView, ...]:
    """Newest first."""
    return service_of(request).contests()


@router.get("/contests/{slug}", responses=refusals(404), tags=["contests"])
def contest(request: Request, slug: Slug) -> ContestView:
    return service_of(request).contest(slug)


@router.post("/contests/{slug}/join", status_code=204, responses=refusals(401, 403, 404), tags=["contests"])
def join(request: Request, slug: Slug, me: Me, joining: Joining) -> Response:
    """Accept the contest's rules."""
    service_of(request).join(me, slug, address_of(request))
    return Response(status_code=204)


@router.get(
    "/contests/{slug}/files/{name:path}",
    responses={**refusals(401, 403, 404), 200: {"content": {"application/octet-stream": {}}}},
    response_class=FileResponse,
    tags=["contests"],
)
def file(request: Request, slug: Slug, name: str, me: Me) -> FileResponse:
    """One of the contest's `files`, by its name."""
    path = service_of(request).file(me, slug, name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.post(
    "/contests/{slug}/submissions",
    status_code=201,
    responses={**refusals(401, 403, 404, 409), 200: {"model": SubmissionView, "description": "Received before."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
        }
    },
    tags=["submissions"],
)
async def submit(
    request: Request,
    response: Response,
    slug: Slug,
    me: Me,
    file_name: Annotated[str, Query(max_length=names.LONGEST_FILE_NAME)] = "submission.csv",
    tag: Annotated[
        str | None,
        Query(
            pattern=names.TAG,
            max_length=names.LONGEST_TAG,
            description="An idempotency key: the same tag and file again give back what was received before.",
        ),
    ] = None,
    message: Annotated[str, Query(max_length=names.LONGEST_MESSAGE)] = "",
) -> SubmissionView:
    """The body is the file: a CSV, plain or packed by gzip or zip. It is graded soon after."""
    service = service_of(request)
    await run_in_threadpool(service.check_may_submit, me, slug, tag or "")
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        async for chunk in request.stream():
            spool.write(chunk)
        spool.seek(0)
        view, new = await run_in_threadpool(
            service.submit, me, slug, file_name, cast(BinaryIO, spool), tag or "", message, address_of(request)
        )
    response.status_code = 201 if new else 200
    return view


@router.get("/contests/{slug}/submissions", responses=refusals(401, 403, 404), tags=["submissions"])
def submissions(request: Request, slug: Slug, me: Me) -> tuple[SubmissionView, ...]:
    """Your own, oldest first."""
    return service_of(request).submissions(me, slug)


@router.get("/contests/{slug}/submissions/{id}", responses=refusals(401, 403, 404), tags=["submissions"])
def submission(request: Request, slug: Slug, id: Annotated[Id, Path()], me: Me) -> SubmissionView:
    return service_of(request).submission(me, slug, id)


@router.put("/contests/{slug}/selection", responses=refusals(401, 403, 404, 409), tags=["submissions"])
def select(request: Request, slug: Slug, me: Me, chosen: Selection) -> tuple[SubmissionView, ...]:
    """Your final submissions, in place of any chosen before. Where you choose none, the best public ones count."""
    return service_of(request).select(me, slug, chosen.ids, address_of(request))


@router.get("/contests/{slug}/quota", responses=refusals(401, 403, 404), tags=["submissions"])
def quota(request: Request, slug: Slug, me: Me) -> QuotaView:
    return service_of(request).quota(me, slug)


@router.get("/contests/{slug}/leaderboard", responses=refusals(404), tags=["contests"])
def leaderboard(request: Request, slug: Slug) -> Leaderboard:
    """By public score until the deadline has passed; by private score of the final submissions after."""
    return service_of(request).leaderboard(slug)
