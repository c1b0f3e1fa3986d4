"""Tells in good time of what expires: certificates 30 days before, grants of OAuth 2.0 servers 7 days before.

It shows and warns; whether something that has expired still works is for the servers to say.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum

import structlog
from msgspec import Struct

from postroom.observability.metrics import Metrics
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 3_600.0


class What(Enum):
    """What can expire."""

    CERTIFICATE = "certificate"
    GRANT = "oauth2"


WARN_BEFORE = {What.CERTIFICATE: timedelta(days=30), What.GRANT: timedelta(days=7)}


class Expiry(Struct, frozen=True, kw_only=True):
    """Something of a tenant that expires; `name` is the certificate's or the gateway's."""

    what: What
    tenant: str
    name: str
    at: datetime


Source = Callable[[], Awaitable[Sequence[Expiry]]]
"""Gives what expires and when; never raises for what it cannot read."""


class ExpiryWatch:
    """Looks once an hour; warns once a day of each."""

    def __init__(self, sources: Sequence[Source], metrics: Metrics, clock: Clock) -> None:
        self._sources = sources
        self._metrics = metrics
        self._clock = clock
        self._warned: dict[tuple[What, str, str], datetime] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Show how long everything has, and warn of what has little."""
        for source in self._sources:
            self._show(await source())

    def _show(self, expiries: Iterable[Expiry]) -> None:
        now = self._clock.now()
        for one in expiries:
            left = one.at - now
            show = self._metrics.certificate_expiry if one.what is What.CERTIFICATE else self._metrics.oauth2_expiry
            show(one.tenant, one.name, left.total_seconds())
            if left <= WARN_BEFORE[one.what]:
                self._warn(one, now)

    def _warn(self, one: Expiry, now: datetime) -> None:
        key = (one.what, one.tenant, one.name)
        if key in self._warned and now - self._warned[key] < timedelta(days=1):
            return
        self._warned[key] = now
        event = "expired" if one.at <= now else "expires_soon"
        log.warning(event, what=one.what.value, tenant=one.tenant, name=one.name, at=one.at.isoformat())
