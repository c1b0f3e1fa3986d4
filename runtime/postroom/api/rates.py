"""How fast one address and one caller may ask: token buckets, in bounded memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from postroom.api.problems import Problem, problem
from postroom.ports.world import Clock
from postroom.settings.process import RateLimits

MOST_KNOWN = 20_000
"""Buckets kept of a kind; the one that was longest not asked for is forgotten, which fills it."""


class Buckets:
    """One bucket a name: each takes `burst` at once and is filled with so many a second."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, per_second: float, burst: float, now: float) -> float:
        """Take one; gives 0 where there was one, else the seconds until there is."""
        left, since = self._known.get(name, (burst, now))
        left = min(burst, left + (now - since) * per_second)
        wait = 0.0 if left >= 1 else (1 - left) / per_second
        self._known[name] = (left - 1 if wait == 0 else left, now)
        self._known.move_to_end(name)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._known)


class Rates:
    """The limits of the settings in force, asked at the door; each raises the 429 problem."""

    def __init__(self, limits: Callable[[], RateLimits], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._addresses, self._callers, self._signing_in = Buckets(), Buckets(), Buckets()

    def address(self, address: str) -> None:
        """A request came from that address."""
        limits = self._limits()
        self._ask(self._addresses, address, limits.address_per_second, limits.address_burst)

    def caller(self, digest: str) -> None:
        """A request came with that token or cookie."""
        limits = self._limits()
        self._ask(self._callers, digest, limits.caller_per_second, limits.caller_burst)

    def signing_in(self, tenant: str, account: str, address: str) -> None:
        """Somebody at that address tries a password for that account: each of the two has a bucket."""
        limits = self._limits()
        for name in (f"account {tenant} {account}", f"address {address}"):
            self._ask(self._signing_in, name, limits.sign_ins_per_minute / 60, limits.sign_ins_per_minute)

    def _ask(self, buckets: Buckets, name: str, per_second: float, burst: float) -> None:
        wait = buckets.take(name, per_second, burst, self._clock.monotonic())
        if wait:
            raise _too_many(wait)


def _too_many(wait: float) -> Problem:
    found = problem(HTTPStatus.TOO_MANY_REQUESTS, "There are too many requests; Retry-After says when to go on.")
    # RFC 6585 §4, RFC 9110 §10.2.3: whole seconds
    return Problem(found.details, {"Retry-After": str(math.ceil(wait))})
