"""Seats played by a language model through its API: any provider that pydantic-ai knows, any OpenAI-compatible server."""

from podium.team.api.seat import ApiSeat

__all__ = ["ApiSeat"]
