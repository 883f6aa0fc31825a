"""The arena's pages: plain HTML without a script, readable on a phone; every form works by keyboard alone."""

from podium.arena.pages.frame import refused
from podium.arena.pages.routes import router

__all__ = ["refused", "router"]
