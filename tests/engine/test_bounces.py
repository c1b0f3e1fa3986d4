"""A reply that comes back: who of its recipients lost it, and when that is work for its agent again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from postroom.engine.bounces import close_loop
from postroom.engine.report_outcome import recipients_reported, undeliverable
from postroom.mail.message import DeliveryReport, ReportedRecipient
from postroom.ports.records import Reply, ReplyRecipient, ReplyState
from postroom.ports.store import Tx
from postroom.session.events import EndRequested
from postroom.session.state import Phase, Session
from tests.dispatch.house import ACME
from tests.engine.outgoing import Office, open_office, says
from tests.engine.room import mail, trace_of

CARLA, ERIC = "carla@example.com", "eric@example.com"


def report(about: str, *said: tuple[str, str, str], name: str = "b1") -> bytes:
    """A delivery report: address, action and status of each recipient."""
    blocks = "".join(
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} sorry\r\n\r\n"
        for address, action, status in said
    )
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nAlas.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n{blocks}"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{about}>\r\nSubject: Re: It broke\r\n\r\n--b--"
    )
    return mail(
        body,
        From="Mail Delivery System <MAILER-DAEMON@mx.example.com>",
        To="bounces@acme.example",
        Subject="Undelivered Mail Returned to Sender",
        Message_ID=f"<{name}@mx.example.com>",
        Return_Path="<>",
        MIME_Version="1.0",
        Content_Type="multipart/report; report-type=delivery-status; boundary=b",
    )


async def sent(office: Office, *to: str) -> Reply:
    """A reply that a server took for everybody."""
    session = await office.assigned()
    reply = await office.reply(session, to)
    await office.deliver()
    return reply


def _ended(office: Office, session: Session, tx: Tx) -> None:
    assert session.assignment is not None
    event = EndRequested(agent=session.assignment.agent, token=session.assignment.token)
    office.room.house.step(tx, session.id, event)


async def phase(office: Office, reply: Reply) -> Phase:
    found = await office.room.sessions(reply.conversation)
    assert found is not None
    return found.phase


async def test_a_reply_that_comes_back_from_its_only_recipient_is_the_agents_work_again(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        assert await phase(office, reply) is Phase.AWAITING_CUSTOMER
        stored = await office.room.only(report(reply.message_id, (CARLA, "failed", "5.1.1")))
        assert await phase(office, reply) is Phase.ASSIGNED
        assert await office.states(reply) == {CARLA: "failed"}
        assert trace_of(stored)["bounce"].startswith("1 of 1 failed | ")
        events = await office.room.events(reply.conversation)
        assert events[-2:] == ["MessageAttached", "ReplyFailed"]


async def test_a_second_report_about_the_same_failure_changes_nothing(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        await office.room.only(report(reply.message_id, (CARLA, "failed", "5.1.1")))
        again = await office.room.only(report(reply.message_id, (CARLA, "failed", "5.1.1"), name="b2"))
        assert trace_of(again)["bounce"].startswith("nothing new | ")
        assert (await office.room.events(reply.conversation)).count("ReplyFailed") == 1


async def test_one_of_two_recipients_lost_changes_no_phase(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA, ERIC)
        await office.room.only(report(reply.message_id, (ERIC, "failed", "5.2.2")))
        assert await office.states(reply) == {CARLA: "sent", ERIC: "failed"}
        assert await phase(office, reply) is Phase.AWAITING_CUSTOMER
        await office.room.only(report(reply.message_id, (CARLA.upper(), "failed", "5.1.1"), name="b2"))
        assert await phase(office, reply) is Phase.ASSIGNED


async def test_a_delay_is_shown_and_fails_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        await office.room.only(report(reply.message_id, (CARLA, "delayed", "4.2.0")))
        (one,) = (await office.stored(reply)).recipients
        assert (one.state, one.words) == (ReplyState.SENT, "delayed on its way: 550 4.2.0 sorry")
        assert await phase(office, reply) is Phase.AWAITING_CUSTOMER


async def test_after_the_end_a_failed_reply_opens_a_new_session(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        session = await office.room.sessions(reply.conversation)
        assert session is not None
        await office.room.house.write(partial(_ended, office, session))
        await office.room.only(report(reply.message_id, (CARLA, "failed", "5.1.1")))
        newer = await office.room.sessions(reply.conversation)
        assert newer is not None
        assert newer.id != session.id
        assert newer.no_automatic_mail


@pytest.mark.parametrize(("status", "kept"), [("5.1.1", True), ("5.2.2", False)])
async def test_nothing_is_sent_by_itself_to_a_mailbox_that_is_not_there(
    tmp_path: Path, status: str, kept: bool
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        await office.room.only(report(reply.message_id, (CARLA, "failed", status)))
        now = office.room.house.clock.now()
        has = await office.room.house.read(lambda tx: tx.undeliverable.has(ACME, CARLA.upper(), now))
        assert has is kept


async def test_a_guess_marks_its_recipient_and_keeps_nobody_from_mail(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        stored = await office.stored(reply)
        failed = ReportedRecipient(address=CARLA, action="failed", status="5.1.1")
        guess = DeliveryReport(recipients=(failed,), original_message_id=reply.message_id, is_guess=True)
        now = office.room.house.clock.now()
        house = office.room.house
        await house.write(lambda tx: close_loop(tx, house.step, stored.conversation, guess, now))
        assert (await office.stored(reply)).state is ReplyState.FAILED
        assert not await house.read(lambda tx: tx.undeliverable.has(ACME, CARLA, now))


async def test_a_report_about_a_look_alike_marks_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, "strasse@example.com", "dora@example.com")
        await office.room.only(report(reply.message_id, ("straße@example.com", "failed", "5.1.1")))
        assert {one.state for one in (await office.stored(reply)).recipients} == {ReplyState.SENT}


async def test_a_report_about_another_mail_of_the_conversation_marks_nothing(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        reply = await sent(office, CARLA)
        other = office.room.token(reply.conversation)
        stored = await office.room.only(report(other, (CARLA, "failed", "5.1.1")))
        assert trace_of(stored)["bounce"] == "of no reply known here | "
        assert await office.states(reply) == {CARLA: "sent"}


def test_a_forwarders_report_is_about_the_only_recipient_there_was() -> None:
    alone = (ReplyRecipient(address=CARLA, field="to", state=ReplyState.SENT),)
    far = DeliveryReport(
        recipients=(ReportedRecipient(address="carla@home.example", action="failed", status="5.1.1"),),
        original_message_id=None,
    )
    after = recipients_reported(alone, far)
    assert [one.state for one in after] == [ReplyState.FAILED]
    assert undeliverable(alone, after, far) == (CARLA,)
    both = (*alone, ReplyRecipient(address=ERIC, field="cc", state=ReplyState.SENT))
    assert recipients_reported(both, far) == both


def test_who_is_still_being_tried_is_not_lost_by_a_report() -> None:
    tried = (ReplyRecipient(address=CARLA, field="to", state=ReplyState.DELAYED),)
    said = ReportedRecipient(address=CARLA, action="failed", status="5.0.0")
    assert recipients_reported(tried, DeliveryReport(recipients=(said,), original_message_id=None)) == tried
