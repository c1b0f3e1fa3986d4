"""How much may leave by a gateway: ceilings of a day by the tenant's clock, and a pace, all counted in the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from postroom.engine.ceilings import DAILY_CEILING, HeldBack, day_of, next_day
from postroom.engine.held_back import comes_too_late
from postroom.ports.records import Reply, ReplyState
from postroom.session.automatic import AutomaticKind
from postroom.session.effects import NotifyAgent
from postroom.session.events import ReplyDelayed
from tests.dispatch.house import ACME
from tests.engine.automatic_office import RULES, sent
from tests.engine.outgoing import TERMS, Office, faults, goes_silent, open_office, says
from tests.engine.room import mail

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600.0


async def answered(office: Office, count: int) -> list[Reply]:
    """So many conversations, each with a reply of the agent's on its way."""
    replies = []
    for number in range(count):
        raw = mail(Message_ID=f"<{number}@example.com>", From=f"Carla <c{number}@example.com>", body=f"Help {number}.")
        replies.append(await office.reply(await office.assigned(raw)))
    return replies


async def states(office: Office, replies: list[Reply]) -> list[str]:
    return [(await office.stored(reply)).state.value for reply in replies]


async def count_of_today(office: Office) -> int:
    day = day_of(office.room.house.clock.now(), office.terms.zone)
    return sum((await office.room.house.read(lambda tx: tx.sent.by_gateway(ACME, day))).values())


async def test_at_the_ceiling_of_the_day_what_agents_write_waits_for_the_next_day(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=2, zone=BERLIN)
        replies = await answered(office, 3)
        await office.deliver()
        assert await states(office, replies) == ["sent", "sent", "delayed"]
        words = (await office.stored(replies[2])).recipients[0].words
        assert "the 2 of out: goes on at" in words
        assert "00:00 Europe/Berlin" in words
        assert await office.attempts(replies[2]) == []
        midnight = next_day(office.room.house.clock.now(), BERLIN)
        while await office.pending():
            await office.deliver_due()
        assert await states(office, replies) == ["sent", "sent", "sent"]
        (attempt,) = await office.attempts(replies[2])
        assert attempt.started_at == midnight


async def test_the_agent_is_told_once_that_his_mail_waits_for_the_next_day(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, tenant_ceiling=1)
        first = await office.assigned()
        await office.reply(first)
        await office.deliver()
        session = await office.assigned(mail(Message_ID="<2@example.com>", body="Another."))
        reply = await office.reply(session)
        for _ in range(3):
            await office.deliver_due()
        told = [entry for entry in await office.journal(session) if isinstance(entry.event, ReplyDelayed)]
        assert len(told) == 1
        assert told[0].event.reply == reply.id  # type: ignore[union-attr]  # the list holds no other kind
        assert told[0].effects == (NotifyAgent(agent="anna", what="reply_delayed"),)
        assert office.held_back[:2] == ["tenant_ceiling", "tenant_ceiling"]


async def test_a_ceiling_that_is_lifted_is_heard_of_within_the_hour(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=1)
        replies = await answered(office, 2)
        await office.deliver()
        office.terms = replace(TERMS, daily_ceiling=2)
        assert await office.deliver_next() == HOUR
        assert await states(office, replies) == ["sent", "sent"]


async def test_a_text_of_the_channels_is_suppressed_at_the_ceiling_and_a_robots_waits(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=1)
        await answered(office, 1)
        await office.deliver()
        text = await sent(office, 7)
        await office.deliver()
        assert (await office.stored(text)).state is ReplyState.FAILED
        assert "as many mails as may leave in a day" in (await office.stored(text)).recipients[0].words
        assert office.ended == [("suppressed", "daily_ceiling")]
        waiting = HeldBack(why=DAILY_CEILING, until=office.room.house.clock.now(), words="tomorrow")
        assert comes_too_late(text, waiting)
        assert not comes_too_late(replace(text, automatic=AutomaticKind.ROBOT.value), waiting)


async def test_what_no_server_took_counts_for_nothing_and_what_may_have_arrived_counts(tmp_path: Path) -> None:
    async with open_office(tmp_path, faults(), says(451), says(550), goes_silent) as office:
        office.terms = replace(TERMS, daily_ceiling=1, hold_unknown=True)
        await answered(office, 1)
        for expected in (0, 0, 0):
            await office.deliver_due()
            assert await count_of_today(office) == expected
        assert await office.pending() == 0
        session = await office.assigned(mail(Message_ID="<u@example.com>", body="Unknown."))
        await office.reply(session)
        await office.deliver()
        assert await count_of_today(office) == 1


async def test_a_restart_forgets_nothing_of_what_was_sent(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=1)
        await answered(office, 1)
        await office.deliver()
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=1)
        replies = [await office.reply(await office.assigned(mail(Message_ID="<9@example.com>", body="After.")))]
        await office.deliver()
        assert await states(office, replies) == ["delayed"]


async def test_a_later_reply_of_a_conversation_never_overtakes_one_that_waits_for_the_next_day(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, daily_ceiling=1)
        await answered(office, 1)
        await office.deliver()
        session = await office.assigned(mail(Message_ID="<o@example.com>", body="Order."))
        earlier = await office.reply(session)
        await office.deliver()
        office.room.house.clock.passed += 60
        later = await office.submit(replace(office.request(session), text="And one more thing."))
        while await office.pending():
            office.room.house.clock.passed += HOUR
            await office.deliver()
        begun = [(await office.attempts(one))[0].started_at for one in (earlier, later)]
        assert begun[1] - begun[0] >= timedelta(hours=23)  # one a day, in the order they were written
        assert [one.raw for one in office.gateway.handed[1:]] == [
            office.room.blobs.read(one.raw) for one in (earlier, later)
        ]


async def test_mails_leave_at_the_pace_of_their_gateway(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, rate=6)
        replies = await answered(office, 9)
        began = office.room.house.clock.now()
        while await office.pending():
            await office.deliver_due()
        begun = sorted([(await office.attempts(one))[0].started_at - began for one in replies])
        assert begun == [timedelta(seconds=10 * number) for number in range(9)]
        assert office.held_back == ["rate"] * 8
        assert await states(office, replies) == ["sent"] * 9


async def test_a_turn_within_a_second_is_waited_for_with_the_mail_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(tmp_path, says(250)) as office:

        async def sleep(seconds: float) -> None:
            office.room.house.clock.passed += seconds

        monkeypatch.setattr(office.room.house.clock, "sleep", sleep)
        office.terms = replace(TERMS, rate=120)
        await answered(office, 3)
        began = office.room.house.clock.passed
        await office.deliver()
        assert (len(office.gateway.handed), office.held_back) == (3, [])
        assert office.room.house.clock.passed - began == pytest.approx(1.0, abs=0.1)


async def test_turns_are_given_ten_minutes_ahead_and_no_farther(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, rate=1)
        replies = await answered(office, 13)
        began = office.room.house.clock.now()
        await office.deliver()
        text = await sent(office, 50, by=replace(RULES, per_minute=0))
        await office.deliver()
        assert office.ended == [("suppressed", "breaker")]
        assert (await office.stored(text)).state is ReplyState.FAILED
        while await office.pending():
            await office.deliver_due()
        begun = sorted([(await office.attempts(one))[0].started_at - began for one in replies])
        assert min(after - before for before, after in pairwise(begun)) >= timedelta(minutes=1)
        assert begun[-1] <= timedelta(minutes=13)


async def test_a_turn_that_was_missed_for_long_is_given_anew(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        office.terms = replace(TERMS, rate=2)
        await answered(office, 6)
        await office.deliver()
        office.room.house.clock.passed += 4 * HOUR
        await office.deliver()
        assert len(office.gateway.handed) == 2
        while await office.pending():
            await office.deliver_due()
        assert len(office.gateway.handed) == 6


@pytest.mark.parametrize(
    ("now", "zone", "midnight"),
    [
        ("2026-03-02T22:30", "UTC", "2026-03-03T00:00"),
        ("2026-03-02T22:30", "Europe/Berlin", "2026-03-02T23:00"),
        ("2026-03-02T23:30", "Europe/Berlin", "2026-03-03T23:00"),
        ("2026-03-29T12:00", "Europe/Berlin", "2026-03-29T22:00"),
        ("2026-03-07T12:00", "Asia/Beirut", "2026-03-07T22:00"),
    ],
)
def test_a_day_ends_at_the_tenants_midnight_whatever_its_clocks_do(now: str, zone: str, midnight: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    ends = next_day(moment, ZoneInfo(zone))
    assert ends == datetime.fromisoformat(midnight).replace(tzinfo=UTC)
    assert day_of(ends, ZoneInfo(zone)) > day_of(ends - timedelta(seconds=1), ZoneInfo(zone))
