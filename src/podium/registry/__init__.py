"""The campaign's SQLite database: the single source of truth."""

from podium.registry.registry import Registry

__all__ = ["Registry"]
