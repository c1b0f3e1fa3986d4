"""Mails that no route matched, given to a channel by hand: served once, as if one had, wherever the process dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from postroom.engine.readers import StoredMailReader
from postroom.engine.settle import Settler
from postroom.engine.unrouted import Unrouted
from postroom.engine.verdict import IntakeRules
from postroom.engine.world import FailpointReached
from postroom.errors import PermanentError
from postroom.ports.desk import Stale
from postroom.ports.records import Receipt
from postroom.routing.outcome import Outcome
from postroom.session.state import Phase
from tests.engine.room import RULES, Room, mail, open_room, trace_of

LOST = replace(RULES, routes=())
MAIL = mail("The lamp is broken.", Message_ID="<lost@example.com>")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as one:
        yield one


def desk(room: Room, rules: IntakeRules | None = LOST) -> Unrouted:
    house = room.house
    reader = StoredMailReader(house.store, room.blobs, room.readers, house.offload)
    settler = Settler(house.step, house.clock, house.ids, room.failpoint)
    return Unrouted(house.store, reader, settler, house.clock, lambda _: rules)


async def given(room: Room, receipt: Receipt, channel: str = "support", rules: IntakeRules | None = LOST) -> Receipt:
    unit = await desk(room, rules).to_channel(receipt.id, channel, "nils")
    return await room.house.write(unit)


async def lost(room: Room, raw: bytes = MAIL) -> Receipt:
    await room.take(raw, by=LOST)
    receipt = (await room.receipts())[-1]
    assert receipt.outcome is Outcome.UNROUTED
    return receipt


async def test_it_is_served_as_a_mail_that_matched_and_keeps_its_id_and_its_time(room: Room) -> None:
    receipt = await lost(room)
    (before,) = await room.mails()
    room.house.clock.passed += 3600
    settled = await given(room, receipt)
    assert (settled.outcome, settled.mail) == (Outcome.CONVERSATION, before.id)
    (stored,) = await room.mails()
    assert (stored.id, stored.channel, stored.received_at) == (before.id, "support", before.received_at)
    assert trace_of(stored)["route"] == "by hand -> support | nils gave it to the channel"
    assert await room.events(stored.conversation) == ["MessageReceived"]
    session = await room.sessions(stored.conversation)
    assert session is not None
    assert (session.phase, session.queue) == (Phase.QUEUED, "help")


async def test_a_second_time_says_what_became_of_it_and_does_nothing(room: Room) -> None:
    receipt = await lost(room)
    await given(room, receipt)
    with pytest.raises(Stale, match="is not unrouted: its outcome is conversation"):
        await given(room, receipt, "shop")
    assert len(await room.mails()) == 1


async def test_two_who_give_it_away_at_the_same_time_serve_it_once(room: Room) -> None:
    receipt = await lost(room)
    units = [await desk(room).to_channel(receipt.id, channel, "nils") for channel in ("support", "shop")]
    ended = await asyncio.gather(*(room.house.write(unit) for unit in units), return_exceptions=True)
    assert [isinstance(one, Stale) for one in ended] == [False, True]
    (stored,) = await room.mails()
    assert stored.channel == "support"


async def test_a_process_that_dies_before_the_commit_leaves_it_unrouted(room: Room) -> None:
    receipt = await lost(room)
    room.failpoint.fails_at = "route_commit_pre"
    with pytest.raises(FailpointReached):
        await given(room, receipt)
    (stays,) = await room.receipts()
    assert (stays.outcome, stays.mail) == (Outcome.UNROUTED, receipt.mail)
    (stored,) = await room.mails()
    assert (stored.outcome, stored.conversation) == (Outcome.UNROUTED, None)
    assert (await given(room, receipt)).outcome is Outcome.CONVERSATION
    assert len(await room.mails()) == 1


async def test_an_answer_goes_on_in_the_conversation_that_it_answers(room: Room) -> None:
    first = await room.only(mail("First.", Message_ID="<one@example.com>"))
    answer = mail("More.", Message_ID="<two@example.com>", In_Reply_To=room.token(first.conversation))
    receipt = await lost(room, answer)
    await given(room, receipt)
    assert {one.conversation for one in await room.mails()} == {first.conversation}


async def test_a_mail_that_is_already_on_that_channel_is_a_copy_there(room: Room) -> None:
    receipt = await lost(room)
    await room.only(mail("The lamp is broken.", Message_ID="<lost@example.com>", X_Hop="another way"))
    assert (await given(room, receipt)).outcome is Outcome.COPY


async def test_automatic_mail_is_filed_where_its_class_is_not_served(room: Room) -> None:
    receipt = await lost(room, mail("Away.", Auto_Submitted="auto-replied"))
    assert (await given(room, receipt)).outcome is Outcome.AUTOMATIC_FILED


async def test_what_cannot_be_given_away_says_why_and_stays(room: Room) -> None:
    receipt = await lost(room)
    with pytest.raises(PermanentError, match="is not configured any more"):
        await given(room, receipt, rules=None)
    with pytest.raises(PermanentError, match="support is retired"):
        await given(room, receipt, rules=replace(LOST, retired=frozenset({"support"})))
    for nothing in ("", "0" * 26):
        with pytest.raises(Stale, match="its outcome is none"):
            await desk(room).to_channel(nothing, "support", "nils")
    assert await room.receipts() == [receipt]
