"""Podium: an autonomous team for machine-learning competitions.

import podium
campaign = podium.run("path/to/competition", time="10m")
campaign.experiments        # a polars DataFrame
campaign.predict(new_rows)  # decisions of the campaign's best blend
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.cli.notebook import Campaign, check, open_campaign, run

__version__ = "0.1.0"
__all__ = ["Campaign", "__version__", "check", "open_campaign", "run"]


def __getattr__(name: str) -> object:
    """The Python interface, imported when it is first used: `import podium` alone stays cheap."""
    if name in ("Campaign", "check", "open_campaign", "run"):
        from podium.cli import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'podium' has no attribute {name!r}")
