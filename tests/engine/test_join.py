"""Two conversations that a late mail shows to be one are laid together, and nobody is answered or asked twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from postroom.ports.records import StoredMail
from postroom.session.events import AgentReserved, SessionFiled
from postroom.session.state import Phase
from tests.engine.room import Room, mail, open_room, trace_of

LATE = mail("The middle.", Message_ID="<second@example.com>", In_Reply_To="<first@example.com>")
END = mail("The end.", Message_ID="<third@example.com>", In_Reply_To="<second@example.com>")


@asynccontextmanager
async def halves(folder: Path) -> AsyncIterator[tuple[Room, StoredMail, StoredMail]]:
    """A thread whose middle has not come, so that its end stands apart."""
    async with open_room(folder) as room:
        first, third = await room.only(mail("The beginning.")), await room.only(END)
        assert first.conversation != third.conversation
        yield room, first, third


async def test_the_younger_is_laid_into_the_older_and_served_there_once(tmp_path: Path) -> None:
    async with halves(tmp_path) as (room, first, third):
        second = await room.only(LATE)
        assert second.conversation == first.conversation
        assert trace_of(second)["joined"].endswith(f"it ties in {third.conversation}, of the same people")
        assert {one.conversation for one in await room.mails()} == {first.conversation}
        events = await room.events(first.conversation)
        assert events == [
            "MessageReceived",
            "MessageReceived",
            "ConversationMerged",
            "MessageReceived",
            "MessageReceived",
        ]
        older, younger = await room.sessions(first.conversation), await room.sessions(third.conversation)
        assert older is not None
        assert younger is not None
        assert (older.phase, younger.phase, younger.ended_because) == (Phase.QUEUED, Phase.ENDED, "merged")
        counts = await room.house.read(lambda tx: tx.counts())
        assert [queue.waiting for queue in counts.queues] == [1]
        again = await room.only(mail("More.", Message_ID="<4@example.com>", In_Reply_To="<third@example.com>"))
        assert again.conversation == first.conversation


async def test_what_an_agent_has_in_hand_is_not_taken_from_him(tmp_path: Path) -> None:
    async with halves(tmp_path) as (room, first, third):
        session = await room.sessions(third.conversation)
        assert session is not None
        reserved = AgentReserved(agent="anna", token="t")
        await room.house.write(lambda tx: room.house.step(tx, session.id, reserved))
        second = await room.only(LATE)
        assert second.conversation == first.conversation
        assert "joined" not in trace_of(second)
        kept = await room.sessions(third.conversation)
        assert kept is not None
        assert (kept.phase, kept.holder) == (Phase.OFFERED, "anna")


async def test_a_younger_one_that_was_dealt_with_asks_for_nothing_more(tmp_path: Path) -> None:
    async with halves(tmp_path) as (room, first, third):
        session = await room.sessions(third.conversation)
        assert session is not None
        filed = SessionFiled(by="sue", reason="no answer needed")
        await room.house.write(lambda tx: room.house.step(tx, session.id, filed))
        await room.only(LATE)
        assert {one.conversation for one in await room.mails()} == {first.conversation}
        events = await room.events(first.conversation)
        assert events == ["MessageReceived", "MessageReceived", "SessionFiled", "MessageReceived"]


async def test_a_chosen_one_that_an_agent_has_stays_where_it_is(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        third, first = await room.only(END), await room.only(mail("The beginning."))
        session = await room.sessions(first.conversation)
        assert session is not None
        reserved = AgentReserved(agent="anna", token="t")
        await room.house.write(lambda tx: room.house.step(tx, session.id, reserved))
        second = await room.only(LATE)
        assert second.conversation == first.conversation != third.conversation
        assert "joined" not in trace_of(second)


async def test_the_mail_follows_the_older_where_it_names_the_younger_first(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        third, first = await room.only(END), await room.only(mail("The beginning."))
        second = await room.only(LATE)
        assert second.conversation == third.conversation
        assert {one.conversation for one in await room.mails()} == {third.conversation}
        assert first.conversation != third.conversation


async def test_a_strangers_half_is_not_laid_to_ours(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        first = await room.only(mail("The beginning."))
        trap = await room.only(END.replace(b"Carla Customer <carla@example.com>", b"Mallory <mallory@example.net>"))
        second = await room.only(LATE)
        assert second.conversation == first.conversation
        assert trap.conversation not in {first.conversation, None}
        assert (await room.conversation(first)).participants == ("carla@example.com",)
