"""What the user names to play: a competition's folder here, or its address on a platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from podium.platforms.choose import Address, address_of, platform_at

FETCHED = "competition"  # below the campaign's folder: the public files of a competition that lives elsewhere


@dataclass(frozen=True)
class Source:
    """`text` as given; `address` None for a folder here."""

    text: str
    address: Address | None

    @classmethod
    def of(cls, text: str) -> Source:
        """Raises UserError for an address that no competition can have."""
        return cls(text, None if Path(text).exists() else address_of(text))

    @property
    def identity(self) -> str:
        """What a campaign remembers of where it plays."""
        return str(self.address or Path(self.text).resolve())

    @property
    def campaign(self) -> Path:
        """The default folder of a campaign at it."""
        path = Path(self.text).resolve()
        name = self.address.slug if self.address else path.parent.name if path.name == "public" else path.name
        return Path("campaigns") / re.sub(r"[^A-Za-z0-9._-]+", "-", name)

    def files(self, campaign: Path) -> Path:
        """The folder with the public files, fetched where they are not here yet.

        Raises UserError (credentials, rules, address), Unreachable; what was fetched stays for the next attempt."""
        if self.address is None:
            return Path(self.text)
        return platform_at(self.address).fetch(campaign / FETCHED)
