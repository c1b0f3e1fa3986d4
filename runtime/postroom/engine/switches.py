"""Which gateways an operator took out of service, also over restarts; and the bell that tells their loops.

It remembers and rings; connecting and ending sessions is the loops'.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from postroom.ports.kept import Keeper

log = structlog.get_logger(__name__)

KEPT_AS = "disconnected"
WORDS = "an operator disconnected it; `postroom gateways rebuild` connects it again"


class Switch:
    """One gateway's switch. `bell` is set when something has changed, or the service stops."""

    def __init__(self, bell: asyncio.Event | None = None) -> None:
        self.bell = bell or asyncio.Event()
        self.is_off = False
        self._is_new = False

    def turn(self, *, off: bool) -> None:
        """Take it out of service, or ask for a new connection."""
        self.is_off = off
        self._is_new = not off
        self.bell.set()

    def renew(self) -> None:
        """Its settings changed: where it is in service, a new connection is asked for."""
        self._is_new = not self.is_off
        self.bell.set()

    def answer(self) -> bool:
        """Stop the bell; whether a new connection was asked for since the last time."""
        self.bell.clear()
        asked, self._is_new = self._is_new, False
        return asked


class Switches:
    """Every gateway's switch, by (tenant, gateway)."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._switches: dict[tuple[str, str], Switch] = {}

    async def load(self) -> None:
        """Find those that were off when the last process ended. Raises TemporaryError."""
        content = await self._keeper.read(KEPT_AS)
        if content is None:
            return
        try:
            pairs = msgspec.json.decode(content, type=list[tuple[str, str]])
        except msgspec.MsgspecError:
            log.warning("kept_switches_unreadable", name=KEPT_AS)
            return
        for tenant, gateway in pairs:
            self.of(tenant, gateway).is_off = True

    def of(self, tenant: str, gateway: str) -> Switch:
        """The gateway's switch; on, where nobody turned it."""
        return self._switches.setdefault((tenant, gateway), Switch())

    def ring(self, tenant: str) -> None:
        """Call every loop of the tenant, of all of them where there is none named, to look what is asked of it."""
        for (of, _), switch in self._switches.items():
            if tenant in {"", of}:
                switch.bell.set()

    async def turn(self, tenant: str, gateway: str, *, off: bool) -> None:
        """Turn the switch, and keep it so. Raises TemporaryError, the switch as it was."""
        switch = self.of(tenant, gateway)
        if off is not switch.is_off:
            others = {key for key, one in self._switches.items() if one.is_off and one is not switch}
            now = sorted(others | {(tenant, gateway)} if off else others)
            await self._keeper.keep(KEPT_AS, msgspec.json.encode(now))
        switch.turn(off=off)

    async def run(self, stopping: asyncio.Event) -> None:
        """Ring every bell when the service stops."""
        await stopping.wait()
        for switch in self._switches.values():
            switch.bell.set()
