"""Schemathesis against the API: what the OpenAPI document promises, and nothing else, is what happens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, cast

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from still_arena import SLUG, World, world

from podium.arena.app import make_app
from podium.arena.service import ArenaService
from podium.arena.settings import ArenaSettings, Rate

EXAMPLES = int(os.environ.get("PODIUM_SCHEMATHESIS_EXAMPLES", "8"))  # an operation; a longer run by hand sets more
FREE = Rate(1e9, 10**9)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = world(tmp_path_factory.mktemp("openapi"), quota=None)
    made.queue.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(arena: World) -> Any:
    account, _ = arena.service.register("Ann")
    arena.service.join(account, SLUG)
    app = make_app(
        arena.service, ArenaSettings(("testserver",), address_rate=FREE, token_rate=FREE, register_rate=FREE)
    )
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


def operations() -> list[tuple[str, str]]:
    document = make_app(cast(ArenaService, None), ArenaSettings()).openapi()
    return [(path, method) for path, methods in document["paths"].items() for method in methods]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), operations())
def test_the_api_does_what_its_document_says(
    api: Any, arena: World, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    """With all checks on, for input that fits the document and for input that does not."""
    operation = api[path][method]
    token = [arena.admin.new_token("Ann")]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def obey(case: Any) -> None:
        if path == "/api/account/token":  # it ends the token it is asked with
            token[:] = [arena.admin.new_token("Ann")]
        if mode is schemathesis.GenerationMode.POSITIVE and "slug" in case.path_parameters:
            case.path_parameters["slug"] = SLUG  # else every call would end at "no such contest"
        case.call_and_validate(headers={"Authorization": f"Bearer {token[0]}"})

    try:
        obey()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE, "nothing can be wrong where nothing is asked for"
