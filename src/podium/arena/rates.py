"""Token buckets: how often one address, or one account, may ask."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from podium.arena.errors import TooFast
from podium.arena.settings import Rate

MOST_KEYS = 50_000  # a crowd of addresses cannot fill the memory: the longest unseen are forgotten


class Rates:
    """A bucket for each key: `rate.burst` at first, refilled at `rate.per_s`."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock, self._lock = rate, clock, threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (left, at)

    def take(self, key: str) -> None:
        """Raises TooFast with `retry_after_s`."""
        with self._lock:
            now = self._clock()
            left, at = self._buckets.pop(key, (float(self._rate.burst), now))
            left = min(float(self._rate.burst), left + (now - at) * self._rate.per_s)
            granted = left >= 1.0
            self._buckets[key] = (left - granted, now)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        if not granted:
            wait = max(1, math.ceil((1.0 - left) / self._rate.per_s))
            raise TooFast("too many requests; come back later", retry_after_s=wait)


def address_key(host: str) -> str:
    """An IPv4 address, or the /64 network of an IPv6 one: a household has as many addresses there as it likes."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
