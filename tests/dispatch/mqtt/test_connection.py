"""The connection against a real Mosquitto: it comes back, keeps order, and says when a message did not get through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from postroom.dispatch.mqtt.connection import Connection
from postroom.dispatch.mqtt.options import Options
from postroom.engine.world import SystemClock
from postroom.errors import TemporaryError
from postroom.ports.broker import Incoming, Outgoing
from postroom.settings.mqtt import MqttSettings
from tests.dispatch.mqtt.stranger import a_stranger, until
from tests.support.mosquitto import OPEN, Mosquitto, running_mosquitto
from tests.support.ports import free_port

pytestmark = pytest.mark.server


def options(port: int) -> Options:
    return Options(MqttSettings(host="127.0.0.1", port=port, tls=False), Path())


@asynccontextmanager
async def connected(broker: Mosquitto, heard: list[Incoming]) -> AsyncIterator[Connection]:
    async def hear(message: Incoming) -> None:
        heard.append(message)

    connection = Connection(options(broker.port), SystemClock(), hear)
    running = asyncio.ensure_future(connection.run())
    try:
        async with asyncio.timeout(20):
            await connection.wait()
        yield connection
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_messages_go_out_in_order_and_come_in_with_what_is_needed_to_answer() -> None:
    heard: list[Incoming] = []
    with running_mosquitto() as broker, a_stranger(broker, "t/#") as stranger:
        async with connected(broker, heard) as connection:
            await connection.publish([Outgoing(topic="t/a", payload=b"%d" % n) for n in range(200)])
            stranger.publish("postroom/v1/acme/agents/anna/commands/ready", {}, "t/x", b"c7")
            await until(lambda: bool(heard) and len(stranger.messages) == 200)
    assert [message.payload for message in stranger.messages] == [b"%d" % n for n in range(200)]
    assert (heard[0].topic, heard[0].response_topic, heard[0].correlation) == (
        "postroom/v1/acme/agents/anna/commands/ready",
        "t/x",
        b"c7",
    )


async def test_a_broker_that_was_killed_is_found_again() -> None:
    heard: list[Incoming] = []
    with running_mosquitto() as broker:
        async with connected(broker, heard) as connection:
            broker.kill()
            with pytest.raises(TemporaryError):
                await connection.publish([Outgoing(topic="t/a", payload=b"x")] * 200)
            broker.start()
            await until(lambda: connection.times > 1)
            await connection.publish([Outgoing(topic="t/a", payload=b"x")])


async def test_a_broker_that_is_not_there_is_said_so() -> None:
    async def hear(_message: Incoming) -> None: ...

    connection = Connection(options(free_port()), SystemClock(), hear)
    with pytest.raises(TemporaryError):
        await connection.publish([Outgoing(topic="t", payload=b"")])
    with pytest.raises(TemporaryError):
        await connection.try_once()


async def test_what_the_broker_refuses_is_not_published_and_the_connection_stays(tmp_path: Path) -> None:
    """A broker that says no (MQTT 5 §3.4.2.1) is there: nothing is connected anew, and the message is not lost."""
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite open/#\ntopic read postroom/#\n")
    tmp_path.chmod(0o755)
    with running_mosquitto(f"{OPEN}acl_file {rules}\n") as broker:
        async with connected(broker, []) as connection:
            await connection.publish([Outgoing(topic="open/a", payload=b"x")])
            for _ in range(3):
                with pytest.raises(TemporaryError, match="refused a message: Not authorized"):
                    await connection.publish([Outgoing(topic=topic, payload=b"x") for topic in ("open/a", "shut/b")])
            await connection.publish([Outgoing(topic="open/a", payload=b"x")] * 200)
            assert connection.times == 1
