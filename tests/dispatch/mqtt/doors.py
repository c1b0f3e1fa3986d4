"""The MQTT door of a house on a real broker, with the HTTP door behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from postroom.api.inward import InwardDoor
from postroom.dispatch.mqtt.door import MqttDoor
from postroom.dispatch.mqtt.statuses import Statuses
from postroom.observability.metrics import Metrics
from postroom.ports.broker_messages import GatewayNews
from postroom.settings.mqtt import MqttSettings
from postroom.settings.process import Process
from postroom.settings.robots import MqttRobot
from postroom.settings.schema import Generation, Queue
from tests.api.door import Door, open_door
from tests.dispatch.house import ACME, NINE
from tests.dispatch.mqtt.stranger import until
from tests.support.mosquitto import Mosquitto

T = f"postroom/v1/{ACME}"
NEWS = GatewayNews(gateway="in", status="connection_succeeded", since=NINE)


def with_broker(before: Generation, broker: Mosquitto, *, offer_for: float = 60.0) -> Generation:
    """The house's settings with that broker, the queue `help` served over it, and a robot behind it."""
    mqtt = MqttSettings(host=broker.host, port=broker.port, tls=False)
    tenant = before.tenants[0]
    queues = (Queue(name="help", served_by="mqtt", offer_for=offer_for), *tenant.queues[1:])
    acme = replace(tenant, queues=queues, robots=(MqttRobot(name="helper"),))
    return replace(before, number=before.number + 1, process=Process(mqtt=mqtt), tenants=(acme, *before.tenants[1:]))


@asynccontextmanager
async def mqtt_door(
    folder: Path, broker: Mosquitto, *, outside: bool = False, offer_for: float = 60.0
) -> AsyncIterator[tuple[Door, MqttDoor]]:
    """The door, open; `outside` where the queue `help` is served over the broker."""
    async with open_door(folder) as door:
        house = door.house
        there = with_broker(house.generation, broker, offer_for=offer_for)
        house.generation = there if outside else replace(house.generation, process=there.process)
        metrics = Metrics("test")
        mqtt = MqttDoor(house.store, house.step, house.clock, house.ids, metrics, house.current)

        def statuses() -> Statuses:
            return {(ACME, "in"): NEWS}

        running = asyncio.ensure_future(mqtt.run(InwardDoor(door.app), statuses))
        try:
            await until(lambda: b"postroom_mqtt_connected 1.0" in metrics.render())
            yield door, mqtt
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
