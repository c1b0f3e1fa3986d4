"""What Prometheus is told of decisions and of what is stored, from the real store's journal and counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from postroom.engine.gauges import show
from postroom.engine.tally import Tally
from postroom.observability.metrics import Metrics
from postroom.ports.happenings import read_batch
from postroom.ports.store import Tx
from postroom.ports.telling import Told, events_for
from postroom.routing.agents import AgentState
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    AnyEvent,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReplyDelayed,
)
from postroom.session.state import Session
from tests.dispatch.house import ACME, House, open_house
from tests.engine.outgoing import goes_silent, open_office, says


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"postroom_{name}", labels) or 0.0


async def offered_and(house: House, last: type[AnyEvent]) -> Session:
    """A session offered to anna, and how that ended."""
    session = await house.customer_writes()
    token = house.ids.new()
    endings: dict[type, AnyEvent] = {
        OfferAccepted: OfferAccepted(agent="anna", token=token),
        OfferDeclined: OfferDeclined(agent="anna", token=token),
        OfferExpired: OfferExpired(token=token),
        AgentLeft: AgentLeft(agent="anna"),
    }

    def unit(tx: Tx) -> Session:
        house.step(tx, session.id, AgentReserved(agent="anna", token=token))
        return house.step(tx, session.id, endings[last])[0]

    return await house.write(unit)


async def test_each_end_of_an_offer_is_counted_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        metrics = Metrics("test")
        tally = Tally(house.store, metrics, lambda: (ACME,), house.step.policy)
        await offered_and(house, OfferAccepted)
        await tally._count_new(ACME)
        assert value(metrics, "offers_total", tenant=ACME, queue="help", outcome="accepted") == 0
        endings: dict[type[AnyEvent], str] = {
            OfferAccepted: "accepted",
            OfferDeclined: "declined",
            OfferExpired: "expired",
            AgentLeft: "withdrawn",
        }
        for ending in endings:
            await offered_and(house, ending)
        await tally._count_new(ACME)
        await tally._count_new(ACME)
        for outcome in endings.values():
            assert value(metrics, "offers_total", tenant=ACME, queue="help", outcome=outcome) == 1


async def test_a_reply_is_counted_once_with_its_times(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451), says(250), goes_silent, says(250), says(550)) as office:
        metrics = Metrics("test")
        tally = Tally(office.room.house.store, metrics, lambda: (ACME,), office.room.house.step.policy)
        await tally._count_new(ACME)
        session = await office.assigned()
        await office.reply(session)
        await office.deliver()
        await office.deliver_next()
        await tally._count_new(ACME)
        labels = {"tenant": ACME, "channel": "support"}
        assert value(metrics, "replies_total", **labels, outcome="sent") == 1
        assert value(metrics, "reply_seconds_sum", **labels) == 300
        assert value(metrics, "first_response_seconds_sum", **labels) == 300
        office.room.house.clock.passed += 1
        await office.reply(session)
        await office.deliver()
        await office.deliver_next()
        await office.reply(session)
        await office.deliver()
        await tally._count_new(ACME)
        assert value(metrics, "replies_total", **labels, outcome="unknown") == 1
        assert value(metrics, "replies_total", **labels, outcome="failed") == 1
        assert value(metrics, "replies_total", **labels, outcome="sent") == 1
        assert value(metrics, "first_response_seconds_count", **labels) == 1


async def test_the_running_tally_counts_as_soon_as_it_is_decided(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, asyncio.TaskGroup() as group:
        metrics = Metrics("test")
        running = group.create_task(Tally(house.store, metrics, lambda: (ACME,), house.step.policy).run())
        async with asyncio.timeout(20):
            while not value(metrics, "offers_total", tenant=ACME, queue="help", outcome="declined"):
                await offered_and(house, OfferDeclined)
                await asyncio.sleep(0.01)
        running.cancel()


async def test_gauges_show_what_is_stored_and_nought_for_the_rest(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        metrics = Metrics("test")
        await house.stand("anna")
        await house.stand("ben", AgentState.NOT_READY, "lunch")
        await house.customer_writes()
        await house.customer_writes()
        await offered_and(house, OfferAccepted)
        house.clock.passed += 100
        counts = await house.read(lambda tx: tx.counts())
        show(metrics, counts, house.generation, house.clock.now())
        assert value(metrics, "sessions", tenant=ACME, channel="support", phase="queued") == 2
        assert value(metrics, "sessions", tenant=ACME, channel="support", phase="assigned") == 1
        assert value(metrics, "queue_length", tenant=ACME, queue="help") == 2
        assert value(metrics, "queue_oldest_seconds", tenant=ACME, queue="help") == 102
        names = {"tenant": ACME, "queue": "orders"}
        assert metrics.registry.get_sample_value("postroom_queue_length", names) == 0
        agents = [value(metrics, "agents", tenant=ACME, state=state.value) for state in AgentState]
        assert agents == [1, 1, 1]
        assert value(metrics, "outbox_oldest_seconds") == 0


async def test_a_late_reply_is_counted_and_shown_to_its_agent_with_its_words(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(451)) as office:
        house, metrics = office.room.house, Metrics("test")
        tally = Tally(house.store, metrics, lambda: (ACME,), house.step.policy)
        await tally._count_new(ACME)
        session = await office.assigned()
        late = ReplyDelayed(reply="r1", agent="anna", words="not out after 30 min")
        await house.write(lambda tx: house.step(tx, session.id, late))
        await tally._count_new(ACME)
        assert value(metrics, "replies_total", tenant=ACME, channel="support", outcome="delayed") == 1
        batch = await house.read(lambda tx: read_batch(tx, ACME, 0))
        told = [event for event in events_for("anna", batch.happenings[-1]) if isinstance(event.data, Told)]
        assert [(one.name, one.data.what, one.data.reason) for one in told] == [  # type: ignore[attr-defined]  # as filtered above
            ("notice", "reply_delayed", ""),
            ("reply", "delayed", "not out after 30 min"),
        ]
