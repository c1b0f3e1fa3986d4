"""Builds the MQTT door: what it is told of gateways, its loop, and a try of the broker for `check --connect`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from postroom.api.inward import InwardDoor
from postroom.dispatch.mqtt.connection import Connection
from postroom.dispatch.mqtt.door import MqttDoor
from postroom.dispatch.mqtt.options import Options
from postroom.dispatch.mqtt.statuses import Statuses
from postroom.engine.board import StatusBoard
from postroom.engine.supervisor import Loop
from postroom.engine.world import SystemClock
from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.broker import Incoming
from postroom.ports.broker_messages import GatewayNews
from postroom.ports.gateways import GatewayStatus
from postroom.settings.schema import Generation
from postroom.wiring.parts import Parts


def mqtt_door(parts: Parts) -> MqttDoor:
    """The door over the broker, if the settings name one."""
    return MqttDoor(parts.store, parts.step, parts.clock, parts.ids, parts.metrics, parts.current)


def mqtt_loop(parts: Parts, door: MqttDoor, inward: InwardDoor, board: StatusBoard) -> Loop:
    """What keeps it open; it hears of new settings."""
    parts.in_force.tell(door.follow)
    return Loop(name="mqtt", run=lambda _: door.run(inward, partial(_statuses, parts, board)))


async def try_broker(generation: Generation) -> list[tuple[str, str, str, str]]:
    """Connect to the broker once: (name, kind, status, words); nothing where there is none."""
    settings = generation.process.mqtt
    if settings is None:
        return []
    connection = Connection(Options(settings, Path(generation.folder)), SystemClock(), _deaf)
    try:
        await connection.try_once()
    except (TemporaryError, ConfigurationError) as error:
        return [("mqtt", "mqtt", GatewayStatus.CONNECTION_FAILED.value, str(error))]
    return [("mqtt", "mqtt", GatewayStatus.CONNECTION_SUCCEEDED.value, "")]


async def _deaf(_message: Incoming) -> None:
    """Hear nothing."""


def _statuses(parts: Parts, board: StatusBoard) -> Statuses:
    found: dict[tuple[str, str], GatewayNews] = {}
    for tenant in parts.current().tenants:
        for gateway in tenant.gateways:
            state = board.of(tenant.name, gateway.name)
            if state is not None:
                news = GatewayNews(gateway=gateway.name, status=state.status.value, since=state.since)
                found[tenant.name, gateway.name] = news
    return found
