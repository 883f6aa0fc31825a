"""The web application: the API, the pages where they are installed, and one shape for every refusal."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from podium.arena import api
from podium.arena.errors import ArenaError, BadInput
from podium.arena.guard import Guard, error_body, error_headers
from podium.arena.rates import Rates
from podium.arena.service import ArenaService
from podium.arena.settings import ArenaSettings
from podium.arena.store.database import healthy

PAGES = "podium.arena.pages"
DESCRIPTION = "Contests with hidden answers. Register, join, download, submit, and read the leaderboard."


def make_app(service: ArenaService, settings: ArenaSettings) -> FastAPI:
    """The pages package has `router`, and `refused(request, problem, status) -> Response` for a refusal as a page; it finds
    what it needs by `podium.arena.web`: `service_of(request)` and the like."""
    app = FastAPI(
        title="Podium arena", version="1", description=DESCRIPTION, openapi_url="/api/openapi.json", docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    app.state.service, app.state.settings = service, settings
    app.state.token_rates, app.state.register_rates = Rates(settings.token_rate), Rates(settings.register_rate)
    app.include_router(api.router)
    app.add_api_route("/healthz", health, include_in_schema=False)
    app.state.pages = import_module(PAGES) if find_spec(PAGES) is not None else None
    if app.state.pages is not None:
        app.include_router(app.state.pages.router, include_in_schema=False)
    app.add_exception_handler(ArenaError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Guard, settings=settings)
    return app


def health(request: Request) -> dict[str, bool]:
    return {"ok": healthy(request.app.state.service.database)}


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, ArenaError)
    return _told(request, problem, problem.status, error_headers(problem))


async def _http(request: Request, problem: Exception) -> Response:
    """What the framework refuses: no such route, no such method, a body that is no JSON."""
    assert isinstance(problem, HTTPException)
    told = ArenaError(str(problem.detail))
    told.code = {404: "not_found", 405: "no_such_method"}.get(problem.status_code, "bad_request")
    return _told(request, told, problem.status_code, problem.headers)


async def _invalid(request: Request, problem: Exception) -> Response:
    """What does not fit the OpenAPI document: where, and what was expected."""
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    told = BadInput(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
    return _told(request, told, told.status, None)


def _told(request: Request, problem: ArenaError, status: int, headers: Any) -> Response:
    pages = request.app.state.pages
    if pages is not None and not request.url.path.startswith("/api/"):
        page: Response = pages.refused(request, problem, status)
        page.headers.update(headers or {})
        return page
    return JSONResponse(error_body(problem), status, headers=headers)
