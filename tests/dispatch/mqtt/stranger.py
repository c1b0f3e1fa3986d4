"""A client of the broker that is not ours: plain paho-mqtt on a thread, keeping what it hears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.support.mosquitto import Mosquitto

WITHIN = 20.0


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what a server does in its own time."""
    async with asyncio.timeout(WITHIN):
        while not is_so():  # noqa: ASYNC110 a server rings no event of ours
            await asyncio.sleep(0.02)


class Stranger:
    """Publishes and hears; `messages` are paho's own."""

    def __init__(self, broker: Mosquitto, name: str = "", user: str = "", password: str = "") -> None:
        self.messages: list[paho.MQTTMessage] = []
        self.subscribed: list[Any] = []
        self.published: dict[int, Any] = {}
        self._broker = broker
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_message = lambda _client, _data, message: self.messages.append(message)
        self.client.on_subscribe = lambda _c, _d, _mid, codes, _p: self.subscribed.extend(codes)
        self.client.on_publish = lambda _c, _d, mid, code, _p: self.published.__setitem__(mid, code)

    def connect(self) -> None:
        self.client.connect(self._broker.host, self._broker.port)
        self.client.loop_start()
        until = time.monotonic() + WITHIN
        while not self.client.is_connected():
            assert time.monotonic() < until, "the stranger did not connect"
            time.sleep(0.01)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, *topics: str) -> None:
        before = len(self.subscribed)
        for topic in topics:
            self.client.subscribe(topic, qos=1)
        until = time.monotonic() + WITHIN
        while len(self.subscribed) < before + len(topics):
            assert time.monotonic() < until, "the broker confirmed no subscription"
            time.sleep(0.01)

    def publish(self, topic: str, content: object, answer: str = "", correlation: bytes = b"c1") -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it so
        if answer:
            properties.ResponseTopic = answer
            properties.CorrelationData = correlation
        payload = content if isinstance(content, bytes) else msgspec.json.encode(content)
        self.client.publish(topic, payload, qos=1, properties=properties).wait_for_publish(WITHIN)

    def events(self, topic: str = "") -> list[dict[str, Any]]:
        """What was heard on topics that end so, as JSON."""
        return [msgspec.json.decode(one.payload) for one in list(self.messages) if one.topic.endswith(topic)]

    async def hears(self, is_it: Callable[[dict[str, Any]], bool], topic: str = "") -> dict[str, Any]:
        """The first message heard that is it, waited for."""
        await until(lambda: any(map(is_it, self.events(topic))))
        return next(filter(is_it, self.events(topic)))


@contextmanager
def a_stranger(
    broker: Mosquitto, *topics: str, name: str = "", user: str = "", password: str = ""
) -> Iterator[Stranger]:
    """A connected client that listens to these topics."""
    client = Stranger(broker, name, user, password)
    client.connect()
    try:
        if topics:
            client.subscribe(*topics)
        yield client
    finally:
        client.close()
