"""Automatic replies against the store: decided on what is true, put in once, and written from what is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from postroom.engine.automatic import Occasion, facts_of, put_in, trace_of
from postroom.mail.answering import Answering
from postroom.mail.parse import parse
from postroom.mail.tokens import read_token
from postroom.ports.records import Reply, ReplyState, StoredMail
from postroom.routing.outcome import Outcome
from postroom.session.automatic import (
    AutomaticFacts,
    Reason,
    Send,
    Suppressed,
)
from postroom.session.state import Phase
from tests.dispatch.house import ACME
from tests.engine.automatic_office import REMINDER, RULES, WORKING, answered, arrive, read, reason, sent
from tests.engine.outgoing import open_office, says
from tests.engine.room import HELP, RING, mail, rules


async def test_a_fresh_mail_is_answered_once_by_a_mail_of_ours(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        stored, session = await arrive(office)
        reply = await answered(office, stored)
        assert isinstance(reply, Reply)
        assert await office.deliver() == 1
        (handed,) = office.gateway.handed
        assert (handed.sender, handed.recipients) == ("", ("carla@example.com",))
        written = parse(handed.raw)
        assert written.to[0].addr == "carla@example.com"
        assert written.header("X-Loop") == HELP
        assert written.in_reply_to == ("1@example.com",)
        token = read_token(RING, ACME, written.message_id or "")
        assert token is not None
        assert (token.conversation, token.mail) == (session.conversation, reply.mail)
        assert written.text.startswith(f"working: {session.conversation[-8:].upper()}")
        assert await reason(office, stored) is Reason.MAIL_ANSWERED
        assert office.ended == [("sent", "working")]
        assert await office.pending() == 0


async def test_it_is_stored_as_a_reply_of_nobody_in_the_conversation(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office)
        kept = await office.stored(reply)
        assert (kept.automatic, kept.agent, kept.envelope_from, kept.state) == ("working", "", "", ReplyState.ACCEPTED)
        session = await office.room.house.session(reply.session)
        mails = await office.mails(session)
        (ours,) = [one for one in mails if not one.incoming]
        assert (ours.id, ours.mail_class, ours.message_id) == (reply.mail, "automatic_reply", reply.message_id)
        assert ours.trace[0].step == "automatic_reply"
        assert ours.answering is None


async def test_the_session_hears_nothing_of_it(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office)
        before, events = await office.room.house.session(reply.session), await office.room.events(reply.conversation)
        await office.deliver()
        assert await office.room.house.session(reply.session) == before
        assert await office.room.events(reply.conversation) == events


async def test_one_that_fails_is_work_for_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(550, "no such user")) as office:
        reply = await sent(office)
        before = await office.room.house.session(reply.session)
        await office.deliver()
        assert (await office.stored(reply)).state is ReplyState.FAILED
        assert await office.room.house.session(reply.session) == before
        assert before.phase is Phase.QUEUED
        assert office.ended == [("failed", "delivery")]
        assert await office.pending() == 0


async def test_an_answer_to_it_comes_back_to_its_conversation_and_our_own_mail_is_known(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office)
        back = await office.room.only(
            mail(From="carla1@example.com", Message_ID="<2@example.com>", In_Reply_To=f"<{reply.message_id}>")
        )
        assert back.conversation == reply.conversation
        await office.room.take(office.room.blobs.read(reply.raw))
        assert (await office.room.outcomes())[-1] is Outcome.OWN


async def test_the_same_occasion_twice_is_one_reply(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office)
        occasion, now = Occasion(kind=WORKING, mail=stored), office.room.house.clock.now()
        first = await office.room.house.write(lambda tx: put_in(tx, session, occasion, RULES, now))
        again = await office.room.house.write(lambda tx: put_in(tx, session, occasion, RULES, now))
        assert first is not None
        assert again is None
        assert await office.pending() == 1


def unfit(recipient: str) -> Callable[[StoredMail], StoredMail]:
    return lambda stored: replace(stored, answering=Answering(why_not="", recipient=recipient))


UNFIT = [lambda stored: replace(stored, answering=None), unfit(""), unfit("a b@example.com")]


@pytest.mark.parametrize("made_unfit", UNFIT)
async def test_where_it_cannot_be_written_nothing_is_put_in_and_nothing_is_raised(
    tmp_path: Path, made_unfit: Callable[[StoredMail], StoredMail]
) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office)
        occasion, now = Occasion(kind=WORKING, mail=made_unfit(stored)), office.room.house.clock.now()
        assert await office.room.house.write(lambda tx: put_in(tx, session, occasion, RULES, now)) is None
        assert await office.pending() == 0


class BrokenZone(ZoneInfo):
    """A zone of the settings that cannot tell its time."""

    def fromutc(self, _at: datetime, /) -> datetime:
        raise ZeroDivisionError("a fault of ours")


async def test_a_fault_in_writing_it_keeps_no_mail_from_being_taken_in(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office)
        now = office.room.house.clock.now()
        occasion, broken = Occasion(kind=WORKING, mail=stored, next_opening=now), replace(RULES, zone=BrokenZone("UTC"))
        assert await office.room.house.write(lambda tx: put_in(tx, session, occasion, broken, now)) is None
        assert await office.pending() == 0


async def test_a_kind_without_a_text_is_not_put_in(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office)
        silent, now = replace(RULES, texts={}), office.room.house.clock.now()
        occasion = Occasion(kind=WORKING, mail=stored)
        assert await office.room.house.write(lambda tx: put_in(tx, session, occasion, silent, now)) is None


async def test_names_have_their_values_and_the_language_is_the_mails(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office, Content_Language="de-AT")
        now = office.room.house.clock.now()
        german = await office.room.house.write(
            lambda tx: put_in(tx, session, Occasion(kind=WORKING, mail=stored), RULES, now)
        )
        assert german is not None
        written = read(office, german)
        assert (written.subject, (written.html or "").strip()) == ("Danke", "<b>help</b>")
        occasion = Occasion(kind=REMINDER, mail=stored, next_opening=now, agent_name="Anna Auer")
        english = replace(RULES, language="en", envelope_from="bounces@acme.example")
        reply = await office.room.house.write(lambda tx: put_in(tx, session, occasion, english, now))
        assert reply is not None
        assert reply.envelope_from == "bounces@acme.example"
        assert "Monday, 2 March 2026, 10:00 (Europe/Berlin) Anna Auer" in " ".join(read(office, reply).text.split())


async def test_the_facts_are_those_of_the_mail_as_it_was_judged(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, session = await arrive(office, Precedence="bulk")
        now, start = office.room.house.clock.now(), office.room.house.clock.now() + timedelta(days=1)
        by = replace(RULES, start_from=start, paused=True)
        found = await office.room.house.read(lambda tx: facts_of(tx, session, stored, by, now, offline=True))
        assert found == AutomaticFacts(
            mail=stored.id,
            received_at=stored.received_at,
            answerable=False,
            why_not="bulk: precedence",
            recipient="carla@example.com",
            start_from=start,
            offline=True,
            paused=True,
        )
        unknown = replace(stored, answering=None)
        found = await office.room.house.read(lambda tx: facts_of(tx, session, unknown, RULES, now, offline=False))
        assert (found.answerable, found.recipient) == (False, "")


async def test_a_conversation_is_not_answered_again_within_a_day(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        reply = await sent(office)
        later = await office.room.only(
            mail(From="carla1@example.com", Message_ID="<2@example.com>", In_Reply_To=f"<{reply.message_id}>")
        )
        assert await reason(office, later) is Reason.ONCE_A_SESSION
        session = await office.room.house.session(reply.session)
        ended = replace(session, phase=Phase.ENDED)
        await office.room.house.write(lambda tx: tx.sessions.save(ended))
        next_session = await office.room.only(
            mail(From="carla1@example.com", Message_ID="<3@example.com>", In_Reply_To=f"<{reply.message_id}>")
        )
        assert await reason(office, next_session) is Reason.AGAIN_AFTER


async def test_a_session_is_reminded_once(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, _ = await arrive(office)
        assert isinstance(await answered(office, stored, REMINDER), Reply)
        assert await reason(office, stored, REMINDER) is Reason.ONCE_A_SESSION
        assert await reason(office, stored) is None


async def test_a_sender_has_three_in_ten_minutes_and_ten_a_day_however_he_tags_his_name(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        reasons = []
        for number in range(16):
            stored, _ = await arrive(office, number, From=f"Carla+{number}@Example.com")
            reasons.append(await reason(office, stored))
            office.room.house.clock.passed += 0 if number < 4 else 601
        assert reasons[:5] == [None, None, None, Reason.TEN_MINUTE_CAP, Reason.TEN_MINUTE_CAP]
        assert reasons[5:12] == [None] * 7
        assert reasons[12:] == [Reason.DAY_CAP] * 4


async def test_mails_decided_on_at_the_same_time_do_not_pass_the_cap(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        mails = [(await arrive(office, number))[0] for number in range(30)]
        found = await asyncio.gather(*(answered(office, one) for one in mails))
        assert sum(isinstance(one, Reply) for one in found) == 3


async def test_the_same_mail_on_two_channels_is_answered_once(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        stored, _ = await arrive(office)
        assert isinstance(await answered(office, stored), Reply)
        other = await office.room.only(
            mail("Help 1.", Message_ID="<1@example.com>"), by=rules(gateway="in", tenant=ACME)
        )
        elsewhere = replace(other, id=office.room.house.ids.new(), channel="shop", conversation=stored.conversation)
        assert await reason(office, elsewhere) is Reason.COPY_ANSWERED


async def test_a_gateway_with_ten_minutes_of_them_waiting_opens_the_breaker(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        slow = replace(RULES, per_minute=1)
        for number in range(10):
            await sent(office, number, by=slow)
        stored, _ = await arrive(office, 99, From="dora@example.com")
        found = await answered(office, stored, by=slow)
        assert isinstance(found, Suppressed)
        assert found.reason is Reason.BREAKER
        assert isinstance(await answered(office, stored, by=replace(RULES, per_minute=0)), Reply)


def test_every_decision_has_a_line_for_the_trace() -> None:
    sent_line = trace_of(WORKING, Send(kind=WORKING))
    assert (sent_line.verdict, sent_line.evidence) == ("sent", "the channel's text for working")
    not_sent = trace_of(WORKING, Suppressed(reason=Reason.OLD, words="came long ago"))
    assert (not_sent.verdict, not_sent.evidence) == ("not sent", "old: came long ago")
