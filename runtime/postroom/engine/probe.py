"""Signs in to every sending gateway at start, and again whenever nothing was heard of it for a while.

It only looks: what it finds is on the board and in the log, and no reply waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog

from postroom.engine.board import StatusBoard
from postroom.engine.sending_terms import Sending
from postroom.ports.gateways import GatewayError, GatewayStatus, SendingGateway
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 30.0
ASK_AFTER = 900.0
"""Seconds of silence after which a gateway is asked again."""
ASK_AGAIN_AFTER = {GatewayStatus.CONNECTION_FAILED: 60.0, GatewayStatus.AUTH_FAILED: 1_230.0}
"""One that may come back is asked soon; a password the server refused is tried at most three times an hour."""


SendingGateways = Mapping[tuple[str, str], Sending]
"""By tenant and name."""


class Probes:
    """Asks the sending gateways in force; what one answers reaches the board through the gateway itself."""

    def __init__(self, sending: Callable[[], SendingGateways], board: StatusBoard, clock: Clock) -> None:
        self._sending = sending
        self._board = board
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Ask every gateway of which nothing was heard for too long, all at once."""
        async with asyncio.TaskGroup() as group:
            for key, one in self._sending().items():
                if self._is_due(*key):
                    group.create_task(self._ask("/".join(key), one.gateway))

    def _is_due(self, tenant: str, gateway: str) -> bool:
        state = self._board.of(tenant, gateway)
        heard = [at for at in (state.last_success_at, state.last_error_at) if at] if state else []
        if state is not None and state.status is GatewayStatus.DISCONNECTED:
            return False
        if state is None or not heard:
            return True
        silent = (self._clock.now() - max(heard)).total_seconds()
        return silent >= ASK_AGAIN_AFTER.get(state.status, ASK_AFTER)

    async def ask(self, tenant: str, gateway: str) -> bool:
        """Ask this one now; False where it is no sending gateway."""
        one = self._sending().get((tenant, gateway))
        if one is not None:
            await self._ask(f"{tenant}/{gateway}", one.gateway)
        return one is not None

    async def _ask(self, name: str, gateway: SendingGateway) -> None:
        try:
            await gateway.probe()
        except GatewayError as error:
            if error.status is GatewayStatus.DISCONNECTED:
                return
            log.warning("gateway_failed", gateway=name, status=error.status.value, why=error.words)
