"""The broker: offers a second with many unconfirmed at once and one by one; taking mail in does not wait for it."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from msgspec import Struct

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.dispatch.mqtt.connection import Connection
from postroom.dispatch.mqtt.options import Options
from postroom.engine.world import SystemClock
from postroom.ports.broker import Incoming, Outgoing
from postroom.settings.mqtt import MqttSettings
from tests.benchmarks.report import Row, compared, recorded
from tests.dispatch.mqtt.doors import mqtt_door
from tests.support.mosquitto import OPEN, Mosquitto, running_mosquitto

OFFERS = 5_000
MAILS = 1_000
AS_FAST = 0.8
"""The least share of the speed of taking mail in that is left while the broker is away (P19)."""
SUBJECT = {"session": "s" * 26, "conversation": "c" * 26, "queue": "help", "token": "t" * 27, "subject": "Where is it?"}

SELDOM_SAVED = f"{OPEN}autosave_on_changes false\nautosave_interval 60\nset_tcp_nodelay true\n"
"""As the sample configuration has it: what is measured is not how fast a broker writes its file."""

Say = Callable[[str], None]


class Figures(Struct, frozen=True, kw_only=True):
    """Offers a second, and mails taken in a second with the p99 of one in milliseconds; the middle of some rounds."""

    pipelined: float
    one_by_one: float
    with_broker: float
    without: float
    p99_with: float
    p99_without: float


def run(rounds: int, say: Say, offers: int = OFFERS, mails: int = MAILS) -> Figures:
    """Measure on a Mosquitto of its own."""
    pipelined, one_by_one, there, away = [], [], [], []
    for number in range(rounds):
        with running_mosquitto(SELDOM_SAVED) as broker:
            pipelined.append(asyncio.run(_offers(broker, offers, at_once=offers)))
            one_by_one.append(asyncio.run(_offers(broker, offers, at_once=1)))
            there.append(asyncio.run(_intake(broker, mails, is_away=False)))
            away.append(asyncio.run(_intake(broker, mails, is_away=True)))
        say(f"mqtt, round {number + 1}: {pipelined[-1]:,.0f} offers/s pipelined, {one_by_one[-1]:,.0f} one by one")
    middle = statistics.median
    return Figures(
        pipelined=middle(pipelined),
        one_by_one=middle(one_by_one),
        with_broker=middle(speed for speed, _ in there),
        without=middle(speed for speed, _ in away),
        p99_with=middle(p99 for _, p99 in there),
        p99_without=middle(p99 for _, p99 in away),
    )


def rows(seen: Figures) -> Sequence[Row]:
    """As figures."""
    return (
        compared("mqtt: offers with QoS 1, pipelined", seen.pipelined, "offers/s", "one by one", seen.one_by_one),
        compared("mqtt: intakes, broker away", seen.without, "mails/s", "broker there", seen.with_broker, AS_FAST),
        recorded("mqtt: an intake's p99, broker there", seen.p99_with, "ms"),
        recorded("mqtt: an intake's p99, broker away", seen.p99_without, "ms"),
    )


@asynccontextmanager
async def _connected(broker: Mosquitto) -> AsyncIterator[Connection]:
    async def hear(_message: Incoming) -> None: ...

    settings = MqttSettings(host=broker.host, port=broker.port, tls=False)
    connection = Connection(Options(settings, Path()), SystemClock(), hear)
    running = asyncio.ensure_future(connection.run())
    try:
        await connection.wait()
        yield connection
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _offers(broker: Mosquitto, offers: int, *, at_once: int) -> float:
    messages = [
        Outgoing(topic="postroom/v1/main/queues/help/offers", payload=encoded(f"o{n}", "main", "queue.offer", SUBJECT))
        for n in range(offers)
    ]
    async with _connected(broker) as connection:
        begun = time.perf_counter()
        for first in range(0, offers, at_once):
            await connection.publish(messages[first : first + at_once])
        return offers / (time.perf_counter() - begun)


async def _intake(broker: Mosquitto, mails: int, *, is_away: bool) -> tuple[float, float]:
    """Let so many customers write, one after the other, while the broker hears of each or is not there."""
    with tempfile.TemporaryDirectory(prefix="postroom-mqtt-") as folder:
        async with mqtt_door(Path(folder), broker) as (door, _):
            if is_away:
                broker.kill()
            took, begun = [], time.perf_counter()
            for _ in range(mails):
                at = time.perf_counter()
                await door.house.customer_writes()
                took.append(time.perf_counter() - at)
            speed = mails / (time.perf_counter() - begun)
    return speed, 1_000 * sorted(took)[int(0.99 * (mails - 1))]
