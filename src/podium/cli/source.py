"""What the user names to play: a competition's folder here, or its address on a platform."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from podium.competition.naming import named_by
from podium.errors import UserError
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
        name = self.address.slug if self.address else named_by(path).name if path.name == "public" else path.name
        return Path("campaigns") / re.sub(r"[^A-Za-z0-9._-]+", "-", name)

    def files(self, campaign: Path) -> Path:
        """The folder with the public files, fetched where they are not here yet.

        Raises UserError (credentials, rules, address, answers within), Unreachable; what was fetched stays for the next
        attempt."""
        if self.address is None:
            return _without_answers(Path(self.text))
        into = campaign / FETCHED
        # intake calls a competition by its folder; Kaggle's archive is unpacked into such a one by itself
        return platform_at(self.address).fetch(into if self.address.kind == "kaggle" else into / self.address.slug)


def _without_answers(folder: Path) -> Path:
    """Raises UserError where hidden answers lie within: a campaign must never see them, not even by a host's slip."""
    for home in (folder, folder / "prepared"):
        if (home / "public").is_dir() and (home / "private").is_dir():
            raise UserError(
                f"{folder} holds the hidden answers beside the public files", expected="the public files alone",
                remedy=f"use {home / 'public'}",
            )  # fmt: skip
    return folder
