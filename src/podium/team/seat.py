"""The seat protocol: what plays a role. A seat is given a brief and hands back a typed deliverable and its usage."""

from __future__ import annotations

from typing import Protocol

from podium.records import Brief, Reply


class Seat(Protocol):
    """Every implementation passes `podium.testing.seat_conformance`.

    A seat proposes: it never scores, decides, submits, or charges the ledger. The same brief may be given again after
    a crash; a seat must not count on having been asked only once.
    """

    name: str

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError when no valid deliverable can be handed back."""
        ...
