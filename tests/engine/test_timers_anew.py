"""Timers under settings that changed, and a customer's silence that waits for his mailbox to be listed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.timers import LISTING_LOOK, LISTING_LOOK_AT_MOST, TimerLoop, _next_look
from postroom.ports.store import Topic, Tx
from postroom.session.events import OfferAccepted, ReplySent, ReplySubmitted
from postroom.session.policy import CustomerSilence, Policy
from postroom.session.state import Phase, Session, SessionId
from tests.dispatch.house import NINE, House, open_house
from tests.engine.test_timers import expiries, loop_of, offered, phases

HOUR = 3600.0


def offering_for(seconds: float, policy: Policy) -> Policy:
    return replace(policy, queues={name: replace(queue, offer_for=seconds) for name, queue in policy.queues.items()})


def silent(policy: Policy) -> Policy:
    """The session ends after an hour of silence; half of it on, the customer is reminded."""
    return replace(policy, customer_silence=CustomerSilence(end_after=HOUR, remind_after=HOUR / 2))


async def awaiting(house: House) -> Session:
    """A session whose customer has the word from now on."""
    (session,) = await offered(house)
    assert session.offer is not None
    token = session.offer.token

    def unit(tx: Tx) -> Session:
        house.step(tx, session.id, OfferAccepted(agent="anna", token=token))
        house.step(tx, session.id, ReplySubmitted(agent="anna", token=token, reply="r1"))
        return house.step(tx, session.id, ReplySent(reply="r1", sent_at=house.clock.now()))[0]

    return await house.write(unit)


class Mailbox:
    """When the newest finished listing of the channel's mailbox was begun."""

    def __init__(self) -> None:
        self.begun: datetime | None = None
        self.asked: list[datetime] = []

    def listed_since(self, tenant: str, channel: str, when: datetime) -> bool:
        assert (tenant, channel) == ("acme", "support")
        self.asked.append(when)
        return self.begun is not None and self.begun > when


async def test_a_timer_whose_settings_made_it_later_is_put_back_and_fires_once_then(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        late: list[float] = []
        loop = loop_of(house, late)
        (session,) = await offered(house)
        assert session.offer is not None
        house.ruled = lambda policy: offering_for(90, policy)
        house.clock.passed += 60
        await loop.fire_due()
        assert late == []
        assert await phases(house, [session]) == [Phase.OFFERED]
        assert await house.read(lambda tx: tx.timers.next_due()) == session.offer.offered_at + timedelta(seconds=90)
        house.clock.passed += 29.999
        assert await loop.fire_due() == 0
        house.clock.passed += 0.001
        for _ in range(3):
            await loop.fire_due()
        assert late == [0.0]
        assert await expiries(house, session) == 1


async def test_a_timer_whose_settings_took_it_away_does_not_fire(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = silent
        session = await awaiting(house)
        house.ruled = lambda policy: replace(policy, customer_silence=CustomerSilence(end_after=None))
        house.clock.passed += 2 * HOUR
        late: list[float] = []
        await loop_of(house, late).fire_due()
        assert late == []
        assert await phases(house, [session]) == [Phase.AWAITING_CUSTOMER]
        assert await house.read(lambda tx: tx.timers.next_due()) is None


async def test_a_timer_of_a_session_that_is_nowhere_does_not_fire(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (session,) = await offered(house)
        (row,) = await house.read(lambda tx: tx.timers.of_session(session.id))
        await house.write(lambda tx: tx.timers.arm(replace(row, session=SessionId("nowhere"))))
        house.clock.passed += 60
        late: list[float] = []
        assert await loop_of(house, late).fire_due() == 2
        assert late == [0.0]


async def test_a_customers_silence_waits_for_a_listing_begun_after_its_time_and_then_counts_once(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = silent
        session = await awaiting(house)
        mailbox = Mailbox()
        late: list[float] = []
        loop = loop_of(house, late, listed_since=mailbox.listed_since)
        silent_since = house.clock.now()
        house.clock.passed += HOUR / 2
        await loop.fire_due()
        mailbox.begun = silent_since + timedelta(minutes=30)  # begun at that very time it may have missed his mail
        house.clock.passed += 10
        await loop.fire_due()
        assert late == []
        assert not (await house.session(session.id)).reminded
        mailbox.begun = silent_since + timedelta(minutes=30, seconds=1)
        house.clock.passed += 10
        for _ in range(3):
            await loop.fire_due()
        assert (await house.session(session.id)).reminded
        assert len(late) == 1
        mailbox.begun = silent_since + timedelta(days=1)
        house.clock.passed += HOUR / 2
        for _ in range(3):
            await loop.fire_due()
        assert await phases(house, [session]) == [Phase.ENDED]
        assert len(late) == 2
        assert set(mailbox.asked) == {silent_since + timedelta(minutes=m) for m in (30, 60)}


async def test_while_the_mailbox_is_away_it_is_asked_for_ever_more_seldom(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.ruled = lambda policy: replace(policy, customer_silence=CustomerSilence(end_after=HOUR))
        session = await awaiting(house)
        mailbox = Mailbox()
        loop = loop_of(house, [], listed_since=mailbox.listed_since)
        due = house.clock.now() + timedelta(seconds=HOUR)
        house.clock.passed += HOUR
        pauses: list[timedelta] = []
        for _ in range(60):
            await loop.fire_due()
            again = await house.read(lambda tx: tx.timers.next_due())
            assert again is not None
            pauses.append(again - house.clock.now())
            house.clock.passed = (again - NINE).total_seconds()
        assert pauses == sorted(pauses)
        assert (pauses[0], pauses[-1]) == (LISTING_LOOK, LISTING_LOOK_AT_MOST)
        assert set(mailbox.asked) == {due}, "whatever the row says, its time is that of the settings"
        assert await phases(house, [session]) == [Phase.AWAITING_CUSTOMER]


async def test_after_a_long_downtime_the_first_listing_is_not_waited_for_long(tmp_path: Path) -> None:
    """The silence was over days ago; what counts is that this process has only just begun to look."""
    async with open_house(tmp_path) as house:
        house.ruled = lambda policy: replace(policy, customer_silence=CustomerSilence(end_after=HOUR))
        session = await awaiting(house)
        house.clock.passed += 3 * 24 * HOUR
        mailbox = Mailbox()
        loop = loop_of(house, [], listed_since=mailbox.listed_since)
        await loop.fire_due()
        again = await house.read(lambda tx: tx.timers.next_due())
        assert again == house.clock.now() + LISTING_LOOK
        mailbox.begun = house.clock.now()
        house.clock.passed += 1
        await loop.fire_due()
        assert await phases(house, [session]) == [Phase.ENDED]


@pytest.mark.parametrize(("behind", "pause"), [(0, 1), (8, 1), (16, 2), (480, 60), (960, 120), (86_400, 120)])
def test_the_next_look_is_an_eighth_of_the_delay_away_within_its_bounds(behind: float, pause: float) -> None:
    assert _next_look(NINE, NINE + timedelta(seconds=behind)) == timedelta(seconds=pause)


async def test_an_offer_runs_out_whether_or_not_the_mailbox_was_listed(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (session,) = await offered(house)
        house.clock.passed += 60
        await loop_of(house, [], listed_since=lambda _tenant, _channel, _when: False).fire_due()
        assert await phases(house, [session]) == [Phase.QUEUED]


async def test_what_is_to_be_done_first_is_done_before_any_timer_fires_and_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (session,) = await offered(house)
        house.clock.passed += 61
        loop = loop_of(house, [])
        seen: list[Phase] = []
        begun: list[int] = []

        async def first() -> None:
            begun.append(1)
            seen.extend(await phases(house, [session]))

        await run_until_fired(house, loop, first, session)
        await run_until_fired(house, loop, first, session)
        assert (begun, seen) == ([1], [Phase.OFFERED])


async def test_what_failed_to_be_done_first_is_tried_again_when_the_loop_begins_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (session,) = await offered(house)
        loop = loop_of(house, [])

        async def failing() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await loop.run(failing)
        done: list[int] = []

        async def first() -> None:
            done.append(1)

        house.clock.passed += 61
        await run_until_fired(house, loop, first, session)
        assert done == [1]


async def run_until_fired(
    house: House, loop: TimerLoop, first: Callable[[], Awaitable[object]], session: Session
) -> None:
    """Let the loop run until the session's offer ran out."""
    decided = house.store.bell(Topic.JOURNAL)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(loop.run(first))
        async with asyncio.timeout(20):
            while (await house.session(session.id)).phase is not Phase.QUEUED:
                await decided.wait(20)
        await asyncio.sleep(0)
        running.cancel()
    decided.close()
