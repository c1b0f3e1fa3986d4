"""The one connection to the broker, made again whenever it is lost; publishing is pipelined and confirmed (QoS 1).

Nothing is kept here for a broker that is away: what has to reach it is in the store, and its loops wait for `wait`.
What comes in is confirmed as it is read; who commands repeats with the same id until answered.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from postroom.dispatch.mqtt.confirmed import ConfirmedClient, NotTaken
from postroom.dispatch.mqtt.options import Options
from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.broker import Incoming, Outgoing
from postroom.ports.topics import ANSWERS, COMMANDS
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 10.0
CONFIRM_WITHIN = 20.0
"""Seconds without a confirmation after which the broker counts as away."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
KEPT_FOR_US = 24 * 3600
"""Seconds for which the broker keeps commands while we are away (MQTT 5 §3.1.2.11.2)."""
AT_ONCE_OUTWARD = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""Small messages behind one another are not held back until the broker's machine says that it has the first."""
UNREAD_AT_MOST = 1_000
AT_ONCE_INWARD = 100

Heard = Callable[[Incoming], Awaitable[None]]


class Connection:
    """Connects, listens, and publishes while it is connected (ports.broker.Broker)."""

    def __init__(
        self, options: Options, clock: Clock, heard: Heard, told: Callable[[bool], None] = lambda _is_there: None
    ) -> None:
        self._options = options
        self._clock = clock
        self._heard = heard
        self._told = told
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self.times = 0
        """How often it was connected: who finds another number starts anew what the broker may have lost."""

    async def wait(self) -> int:
        """Wait until the broker is there, and give how often it was by now."""
        await self._up.wait()
        return self.times

    async def run(self) -> None:
        """Be connected until cancelled."""
        pause = FIRST_PAUSE
        while True:
            before = self.times
            try:
                await self._be_connected()
            except (aiomqtt.MqttError, OSError, ValueError, ConfigurationError) as error:
                log.warning("mqtt_away", host=self._options.host, why=_words(error))
            pause = FIRST_PAUSE if self.times > before else min(pause * 2, LONGEST_PAUSE)
            await self._clock.sleep(pause)

    async def try_once(self) -> None:
        """Connect and subscribe once, without taking the running service's name. Raises TemporaryError."""
        try:
            async with self._new_client(identifier=None, session=0) as client:
                await self._subscribe(client)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise TemporaryError(_words(error)) from error

    async def _be_connected(self) -> None:
        async with self._new_client(identifier=self._options.client_id, session=KEPT_FOR_US) as client:
            await self._subscribe(client)
            self._client, self.times = client, self.times + 1
            self._lost.clear()
            self._up.set()
            self._told(True)
            log.info("mqtt_connected", host=self._options.host)
            try:
                await self._listen(client)
            finally:
                self._up.clear()
                self._client = None
                self._told(False)

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Pass on what comes, until the broker goes away or stops confirming."""
        async with asyncio.TaskGroup() as group:
            ends = {group.create_task(self._read(client)), group.create_task(self._until_lost())}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()

    async def _until_lost(self) -> None:
        await self._lost.wait()

    async def _read(self, client: aiomqtt.Client) -> None:
        try:
            async for message in client.messages:
                incoming = _incoming(message, self._options.max_message_size)
                if incoming is not None:
                    await self._heard(incoming)
        except aiomqtt.MqttError as error:
            log.warning("mqtt_lost", host=self._options.host, why=_words(error))

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish in order, pipelined. Raises TemporaryError where the broker is away, goes away, or refuses one."""
        client = self._client
        if client is None:
            raise TemporaryError("the broker is away")
        step = self._options.in_flight
        for begin in range(0, len(messages), step):
            try:
                async with asyncio.TaskGroup() as group:
                    for message in messages[begin : begin + step]:
                        group.create_task(self._publish(client, message))
            except ExceptionGroup as errors:
                raise self._unconfirmed(client, errors) from errors

    def _unconfirmed(self, client: aiomqtt.Client, errors: ExceptionGroup[Exception]) -> Exception:
        """The broker of that connection is away: look for it anew; any other error stays what it is."""
        _, others = errors.split((aiomqtt.MqttError, OSError))
        if others is not None:
            return others
        refused, others = errors.split(NotTaken)
        if refused is not None and others is None:
            return TemporaryError(f"the broker refused a message: {_words(refused.exceptions[0])}")
        if self._client is client:
            self._lost.set()
        return TemporaryError(f"the broker did not confirm: {_words(errors.exceptions[0])}")

    async def _publish(self, client: aiomqtt.Client, message: Outgoing) -> None:
        if len(message.payload) > self._options.max_message_size:
            log.error("mqtt_message_too_large", topic=message.topic, octets=len(message.payload))
            return
        await client.publish(
            message.topic, message.payload, qos=1, retain=message.retain, properties=_properties(message)
        )

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        for topic in (*COMMANDS, ANSWERS):
            granted = await client.subscribe(topic, qos=1)
            refused = [str(code) for code in granted if getattr(code, "is_failure", False)]
            if refused:
                raise aiomqtt.MqttError(f"the broker does not let us hear {topic}: {refused[0]}")

    def _new_client(self, identifier: str | None, session: int) -> aiomqtt.Client:
        options = self._options
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types it so
        connect.SessionExpiryInterval = session
        connect.MaximumPacketSize = options.max_message_size + 64 * 1024
        connect.ReceiveMaximum = AT_ONCE_INWARD
        client = ConfirmedClient(
            options.host,
            options.port,
            username=options.user or None,
            password=options.password(),
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            timeout=CONNECT_WITHIN if identifier is None else CONFIRM_WITHIN,
            keepalive=math.ceil(options.keep_alive),
            clean_start=session == 0,
            max_queued_incoming_messages=UNREAD_AT_MOST,
            max_inflight_messages=options.in_flight,
            properties=connect,
            tls_context=options.tls_context(),
            socket_options=AT_ONCE_OUTWARD,
        )
        client.pending_calls_threshold = 2 * options.in_flight + AT_ONCE_INWARD
        return client


def _properties(message: Outgoing) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it so
    properties.ContentType = "application/cloudevents+json; charset=utf-8"
    if message.response_topic:
        properties.ResponseTopic = message.response_topic
    if message.correlation:
        properties.CorrelationData = message.correlation
    if message.expires_after is not None:
        properties.MessageExpiryInterval = max(1, math.ceil(message.expires_after))
    return properties


def _incoming(message: aiomqtt.Message, largest: int) -> Incoming | None:
    """The message, or None of one that was kept by the broker, or is too large: no command of ours is ever retained."""
    payload: bytes = message.payload
    if message.retain or len(payload) > largest:
        log.warning("mqtt_message_refused", retained=message.retain)
        return None
    properties: Any = message.properties
    return Incoming(
        topic=message.topic.value,
        payload=payload,
        response_topic=getattr(properties, "ResponseTopic", ""),
        correlation=getattr(properties, "CorrelationData", b""),
    )


def _words(error: Exception) -> str:
    words: str = str(error)[:200]
    return words or type(error).__name__
