"""Gateways' statuses as retained messages, the only ones there are; a broker that may have lost them gets them anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.dispatch.mqtt.journal import Present
from postroom.errors import TemporaryError
from postroom.ports import topics
from postroom.ports.broker import Outgoing
from postroom.ports.broker_messages import GatewayNews
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0


Statuses = Mapping[tuple[str, str], GatewayNews]
"""By tenant and gateway."""


class StatusesOut:
    """Publishes until cancelled."""

    def __init__(self, broker: Present, clock: Clock, statuses: Callable[[], Statuses]) -> None:
        self._broker = broker
        self._clock = clock
        self._statuses = statuses
        self._published: dict[tuple[str, str], GatewayNews] = {}
        self._times = 0

    async def run(self) -> None:
        """Publish what changed; everything, on a new connection."""
        while True:
            try:
                await self.pass_on()
            except TemporaryError as error:
                log.warning("mqtt_statuses_wait", why=str(error))
            await self._clock.sleep(LOOK_EVERY)

    async def pass_on(self) -> None:
        """Publish once what the broker does not know. Raises TemporaryError where it is away."""
        times = await self._broker.wait()
        if times != self._times:
            self._times, self._published = times, {}
        now = dict(self._statuses())
        gone = self._published.keys() - now.keys()
        changed = {key: news for key, news in now.items() if self._published.get(key) != news}
        # MQTT 5 §3.3.1.3: an empty retained message takes the one before away.
        forgotten = [Outgoing(topic=topics.gateway_status(*key), payload=b"", retain=True) for key in sorted(gone)]
        await self._broker.publish([*forgotten, *(_message(key, news) for key, news in changed.items())])
        self._published = now


def _message(key: tuple[str, str], news: GatewayNews) -> Outgoing:
    tenant, gateway = key
    event_id = f"{topics.level(gateway)}.{news.status}.{news.since.isoformat()}"
    payload = encoded(event_id, tenant, "gateway.status", news, news.since)
    return Outgoing(topic=topics.gateway_status(tenant, gateway), payload=payload, retain=True)
