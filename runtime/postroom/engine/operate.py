"""What an operator does with a gateway: rebuild its connection, disconnect it, try it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from postroom.engine.board import GatewayState, StatusBoard
from postroom.engine.probe import Probes
from postroom.engine.switches import Switches
from postroom.ports.gateways import GatewayStatus
from postroom.ports.world import Clock

ANSWER_WITHIN = 50.0
"""Seconds to wait for what comes of a rebuild; later it is on the board."""
_UNDECIDED = frozenset([GatewayStatus.CONNECTING, GatewayStatus.DISCONNECTED])

TryOut = Callable[[str, str], Awaitable[tuple[GatewayStatus, str]]]
"""Signs in to a gateway once, by tenant and name, and says how it went in words."""


class GatewayOperations:
    """The verbs of an operator."""

    def __init__(self, switches: Switches, probes: Probes, board: StatusBoard, clock: Clock, try_out: TryOut) -> None:
        self._switches = switches
        self._probes = probes
        self._board = board
        self._clock = clock
        self._try_out = try_out

    async def rebuild(self, tenant: str, gateway: str) -> None:
        """Connect anew, now; returns when it is known how that went. Raises TemporaryError."""
        self._board.note(tenant, gateway, GatewayStatus.CONNECTING, "")
        await self._switches.turn(tenant, gateway, off=False)
        if not await self._probes.ask(tenant, gateway):
            await self._decided(tenant, gateway)

    async def disconnect(self, tenant: str, gateway: str) -> None:
        """Take out of service until it is rebuilt; a session in hand is ended in order. Raises TemporaryError."""
        await self._switches.turn(tenant, gateway, off=True)
        self._board.note(tenant, gateway, GatewayStatus.DISCONNECTED, "")

    async def try_out(self, tenant: str, gateway: str) -> tuple[GatewayStatus, str]:
        """Sign in once beside whatever goes on; no status changes by it."""
        return await self._try_out(tenant, gateway)

    async def _decided(self, tenant: str, gateway: str) -> None:
        until = self._clock.monotonic() + ANSWER_WITHIN
        while _is_undecided(self._board.of(tenant, gateway)) and (left := until - self._clock.monotonic()) > 0:
            await self._clock.wait(self._board.news, left)


def _is_undecided(state: GatewayState | None) -> bool:
    return state is None or state.status in _UNDECIDED
