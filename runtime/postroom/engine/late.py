"""Tells an agent, once, that a reply of his is still not out; and shows how much left today by each gateway.

It looks at the store and not at attempts: what nobody tried, because it is held back or waits behind another, is late
all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from postroom.engine.ceilings import day_of
from postroom.engine.held_back import tell_late
from postroom.engine.sending_terms import Sending, Terms
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports.step import Step
from postroom.ports.store import Store, Tx
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 30.0
AT_ONCE = 200
WAITS = "it has not had its turn yet"


class LateReplies:
    """Looks every LOOK_EVERY seconds."""

    def __init__(
        self,
        store: Store,
        step: Step,
        clock: Clock,
        sending: Callable[[], Mapping[tuple[str, str], Sending]],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._sending = sending
        self._metrics = metrics

    async def run(self) -> None:
        """Look until cancelled; what cannot be told now is told at the next look."""
        while True:
            try:
                await self.look()
                await self.show()
            except TemporaryError as error:
                log.warning("late_replies_wait", why=str(error))
            await self._clock.sleep(LOOK_EVERY)

    async def look(self) -> int:
        """Tell of what is late now; gives how many replies that were."""
        told = 0
        for tenant in {tenant for tenant, _ in self._sending()}:
            for gateway in await self._store.read(partial(_gateways, tenant)):
                told += await self._tell_of(tenant, gateway)
        return told

    async def _tell_of(self, tenant: str, gateway: str) -> int:
        sending = self._sending().get((tenant, gateway))
        terms = sending.terms if sending is not None else Terms()
        before = self._clock.now() - timedelta(seconds=terms.notify_after)
        late = await self._store.read(partial(_late, tenant, gateway, before))
        return sum([await self._tell(reply, terms.notify_after) for reply in late])

    async def show(self) -> None:
        """Show how much left today."""
        sending, now = dict(self._sending()), self._clock.now()
        days = {(tenant, day_of(now, one.terms.zone)) for (tenant, _), one in sending.items()}
        for tenant, day in days:
            sent = await self._store.read(partial(_sent, tenant, day))
            for space, gateway in sending:
                if space == tenant:
                    self._metrics.sent_today(tenant, gateway, sent.get(gateway, 0))

    async def _tell(self, reply: str, notify_after: float) -> bool:
        try:
            return await self._store.write(lambda tx: _tell(tx, self._step, reply, notify_after))
        except TemporaryError:
            raise
        except Exception:
            # One session that cannot be told keeps no other agent from being told.
            log.exception("late_reply_not_told", reply=reply)
            return False


def _tell(tx: Tx, step: Step, reply_id: str, notify_after: float) -> bool:
    reply = tx.replies.get(reply_id)
    if reply is None:
        return False
    last = next((one.words for one in reply.recipients if one.words), WAITS)
    return tell_late(tx, step, reply, f"not out after {notify_after / 60:.0f} min: {last}")


def _gateways(tenant: str, tx: Tx) -> Sequence[str]:
    return tx.replies.gateways_of_late(tenant)


def _late(tenant: str, gateway: str, before: datetime, tx: Tx) -> Sequence[str]:
    return tx.replies.late(tenant, gateway, before, AT_ONCE)


def _sent(tenant: str, day: str, tx: Tx) -> Mapping[str, int]:
    return tx.sent.by_gateway(tenant, day)
