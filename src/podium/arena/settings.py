"""How a server is run: what it answers to, and how much it takes from one contestant."""

from __future__ import annotations

from dataclasses import dataclass

BURST_S = 10.0


@dataclass(frozen=True)
class Rate:
    """`per_s` requests a second in the long run, `burst` at once."""

    per_s: float
    burst: int

    @classmethod
    def of(cls, per_s: float, seconds: float) -> Rate:
        """So many a second, and those of some seconds at once."""
        return cls(per_s, max(1, round(per_s * seconds)))


@dataclass(frozen=True)
class ArenaSettings:
    """`hosts`: names this server answers to beside localhost and plain addresses (a name that points here without being
    named is somebody's trick). `https`: it is reached through TLS, so cookies are Secure and browsers are told to stay."""

    hosts: tuple[str, ...] = ()
    https: bool = False
    open_registration: bool = True
    address_rate: Rate = Rate(50.0, 500)
    token_rate: Rate = Rate(20.0, 200)
    register_rate: Rate = Rate(0.1, 50)  # an address
    max_upload: int = 1_000_000_000
    max_json: int = 65_536
