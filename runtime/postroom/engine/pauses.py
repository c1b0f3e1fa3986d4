"""What an operator holds back, for a tenant or for all of them, also over restarts; and what settings hold.

It remembers and tells; holding back is done by those who ask it: collectors, the relay, automatic replies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
import structlog
from msgspec import Struct

from postroom.errors import PermanentError
from postroom.ports.kept import Keeper
from postroom.ports.pauses import EVERYBODY, Pause, Paused
from postroom.ports.world import Clock
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

KEPT_AS = "paused"


class _Kept(Struct, frozen=True):
    what: Paused
    tenant: str
    since: datetime


Told = Callable[[Paused, str], Awaitable[None]]
"""Told of what goes on again, and for which tenant, EVERYBODY for all."""


class Pauses:
    """What is held back now."""

    def __init__(self, keeper: Keeper, clock: Clock, current: Callable[[], Generation]) -> None:
        self._keeper = keeper
        self._clock = clock
        self._current = current
        self._since: dict[tuple[Paused, str], datetime] = {}
        self._told: Sequence[Told] = ()

    async def load(self) -> None:
        """Find what was paused when the last process ended. Raises TemporaryError."""
        content = await self._keeper.read(KEPT_AS)
        if content is None:
            return
        try:
            kept = msgspec.json.decode(content, type=list[_Kept])
        except msgspec.MsgspecError as error:
            raise PermanentError(
                f"what is paused cannot be read from kept/{KEPT_AS}, so nothing is sent or collected: "
                "remove that file, start again, and pause anew"
            ) from error
        self._since = {(one.what, one.tenant): one.since for one in kept}

    def tell(self, *told: Told) -> None:
        """Let these hear whenever something goes on again."""
        self._told = told

    def is_paused(self, what: Paused, tenant: str) -> bool:
        """Whether it is held back for the tenant, by an operator or by his settings."""
        if (what, EVERYBODY) in self._since or (what, tenant) in self._since:
            return True
        return what is Paused.SENDING and tenant in self._held_by_settings()

    def held(self) -> tuple[str, ...]:
        """The tenants nothing is sent for; EVERYBODY stands for all."""
        by_operator = {tenant for what, tenant in self._since if what is Paused.SENDING}
        return (EVERYBODY,) if EVERYBODY in by_operator else tuple(sorted(by_operator | self._held_by_settings()))

    def all(self) -> tuple[Pause, ...]:
        """Everything that is held back."""
        by_operator = [Pause(what=what, tenant=tenant, since=since) for (what, tenant), since in self._since.items()]
        by_settings = [Pause(what=Paused.SENDING, tenant=tenant) for tenant in self._held_by_settings()]
        return tuple(sorted([*by_operator, *by_settings], key=lambda one: (one.what.value, one.tenant, one.by)))

    async def pause(self, what: Paused, tenant: str) -> None:
        """Hold it back, at once and until it is resumed. Raises TemporaryError, nothing held back."""
        if (what, tenant) not in self._since:
            await self._keep(self._since | {(what, tenant): self._clock.now()})
            log.warning("paused", what=what.value, tenant=tenant)

    async def resume(self, what: Paused, tenant: str) -> None:
        """Let it go on, for EVERYBODY also what was paused for one tenant.

        Raises TemporaryError, and PermanentError where it is not the operator's pause of this tenant that holds it.
        """
        if tenant != EVERYBODY and (what, EVERYBODY) in self._since:
            raise PermanentError(f"{what.value} is paused for every tenant: resume it without naming one")
        gone = {key for key in self._since if key[0] is what and tenant in {EVERYBODY, key[1]}}
        if gone:
            await self._keep({key: since for key, since in self._since.items() if key not in gone})
            log.warning("resumed", what=what.value, tenant=tenant)
            for told in self._told:
                await told(what, tenant)

    async def _keep(self, wanted: dict[tuple[Paused, str], datetime]) -> None:
        kept = [_Kept(what, tenant, since) for (what, tenant), since in wanted.items()]
        await self._keeper.keep(KEPT_AS, msgspec.json.encode(kept))
        self._since = wanted

    def _held_by_settings(self) -> set[str]:
        return {tenant.name for tenant in self._current().tenants if tenant.sending == "hold"}
