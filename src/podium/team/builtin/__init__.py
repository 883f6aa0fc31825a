"""The built-in team: every role without an LLM, as pure functions of a brief's facts."""

from podium.team.builtin.seat import BuiltinSeat

__all__ = ["BuiltinSeat"]
