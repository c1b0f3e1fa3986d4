"""What an agent sends: what is refused and why, whom it goes to unasked, and how it is threaded."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from postroom.mail.parse import parse
from postroom.mail.tokens import read_token
from postroom.ports.desk import NewAttachment, Refused, ReplyRequest, Stale
from postroom.ports.records import Reply, ReplyState
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.events import EndRequested, ReplySubmitted
from postroom.session.state import Phase, SessionId
from tests.dispatch.house import ACME, GLOBEX
from tests.engine.outgoing import Office, open_office
from tests.engine.room import RING, anchor, dsn, mail, sending_rules

STRANGER = "Stranger <stranger@example.net>"


async def refused(office: Office, request: ReplyRequest) -> tuple[str, ...]:
    with pytest.raises(Refused) as caught:
        await office.desk.prepare(request)
    return caught.value.problems


async def to_of(office: Office, reply: Reply) -> list[str]:
    return [one.address for one in reply.recipients if one.field == "to"]


async def test_a_reply_is_stored_whole_before_anybody_tries_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        stored = await office.stored(reply)
        assert (stored.state, stored.accepted_at) == (ReplyState.ACCEPTED, office.room.house.clock.now())
        assert stored == reply
        (_, ours) = await office.mails(session)
        assert (ours.id, ours.incoming, ours.mail_class, ours.outcome) == (
            reply.mail,
            False,
            "reply",
            Outcome.CONVERSATION,
        )
        assert (ours.subject, ours.preview) == ("Re: It broke", "Here is your answer.")
        assert [line.verdict for line in ours.trace] == ["accepted"]
        assert isinstance((await office.journal(session))[-1].event, ReplySubmitted)
        assert (await office.room.house.session(session.id)).phase is Phase.AWAITING_CUSTOMER
        assert await office.pending() == 1


async def test_the_reply_is_threaded_and_from_the_channel(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned(mail(References="<older@example.com>"))
        reply = await office.reply(session, cc=("eve@example.com",))
        sent: Any = message_from_bytes(office.room.blobs.read(reply.raw), policy=default)
        assert (sent["From"], sent["To"], sent["Cc"]) == (
            "Acme Help <help@acme.example>",
            "carla@example.com",
            "eve@example.com",
        )
        assert sent["In-Reply-To"] == "<first@example.com>"
        expected = [f"<{anchor(session.conversation)}>", "<older@example.com>", "<first@example.com>"]
        assert str(sent["References"]).split() == expected
        token = read_token(RING, ACME, reply.message_id)
        assert token is not None
        assert (token.conversation, token.mail) == (session.conversation, reply.mail)
        assert sent["Bcc"] is None
        assert sent["Auto-Submitted"] is None


async def test_an_answer_to_the_reply_comes_back_into_its_conversation(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        answer = await office.room.only(mail("Thanks!", In_Reply_To=f"<{reply.message_id}>", Message_ID="<2@x>"))
        assert answer.conversation == session.conversation
        assert (await office.room.house.session(session.id)).phase is Phase.QUEUED


async def test_an_answer_that_lost_its_references_comes_back_by_the_tag_of_its_address(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        office.desk._rules = lambda *of: replace(sending_rules(*of), plus_address=True)
        session = await office.assigned()
        reply = await office.reply(session)
        (back_to,) = parse(office.room.blobs.read(reply.raw)).reply_to
        assert back_to.addr.startswith(f"help+{session.conversation}.")
        answer = await office.room.only(mail("Thanks!", To=back_to.addr.upper(), Message_ID="<2@x>"))
        assert answer.conversation == session.conversation
        stranger = await office.room.only(mail("Me too!", To=back_to.addr, From="m@evil.example", Message_ID="<3@x>"))
        assert (stranger.conversation, stranger.new_participant) == (session.conversation, True)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"to": ("a@x.example", "b@x.example", "c@x.example")},
            "To: 3 addresses are more than max_recipients allows (2)",
        ),
        ({"cc": ("a@x.example", "b@x.example")}, "Cc: 2 addresses are more than max_cc allows (1)"),
        ({"bcc": ("a@x.example", "b@x.example")}, "Bcc: 2 addresses are more than max_bcc allows (1)"),
        ({"to": ("no address",)}, "To: 'no address' is not a bare address that mail can be sent to"),
        ({"to": ("Carla <carla@example.com>",)}, "is not a bare address that mail can be sent to"),
        ({"cc": ("a@x.example\r\nBcc: b@x.example",)}, "is not a bare address that mail can be sent to"),
        ({"to": ()}, "To: a mail needs at least one recipient"),
        ({"text": " \n\t"}, "text: the reply is empty"),
        ({"text": "", "html": "  "}, "text: the reply is empty"),
        ({"subject": "Re: x\r\nBcc: eve@x.example"}, "subject: it may not hold a line break or NUL"),
        ({"subject": "x\0y"}, "subject: it may not hold a line break or NUL"),
        ({"text": "a\0b"}, "the text must not hold NUL"),
    ],
)
async def test_what_is_wrong_with_a_reply_is_named_and_nothing_is_stored(
    tmp_path: Path, fields: dict[str, Any], problem: str
) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        problems = await refused(office, replace(office.request(session), **fields))
        assert any(problem in one for one in problems), problems
        assert len(await office.mails(session)) == 1
        assert await office.pending() == 0


async def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        request = replace(
            office.request(await office.assigned()),
            text="",
            subject="a\nb",
            to=("x@a.example", "y@a.example", "z@a.example", "nobody"),
            cc=("c@a.example", "d@a.example"),
        )
        assert len(await refused(office, request)) == 5


async def test_an_address_in_two_fields_counts_once(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        request = replace(
            office.request(await office.assigned()),
            to=("a@x.example", "b@x.example"),
            cc=("A@x.example", "c@x.example"),
            bcc=("b@X.example", "c@x.example"),
        )
        reply = await office.submit(request)
        fields = [(one.address, one.field) for one in reply.recipients]
        assert fields == [("a@x.example", "to"), ("b@x.example", "to"), ("c@x.example", "cc")]


async def test_a_bcc_gets_the_mail_and_no_header_shows_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        request = replace(office.request(await office.assigned()), bcc=("secret@x.example",))
        reply = await office.submit(request)
        assert ("secret@x.example", "bcc") in [(one.address, one.field) for one in reply.recipients]
        assert b"secret@x.example" not in office.room.blobs.read(reply.raw)


async def test_a_reply_larger_than_the_gateway_takes_is_refused(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        file = NewAttachment(name="a.bin", content_type="application/octet-stream", content=b"x" * 100_000)
        request = replace(office.request(await office.assigned()), attachments=(file,))
        (problem,) = await refused(office, request)
        assert problem.endswith("octets; the gateway takes at most 100000")


async def test_an_attachment_alone_is_a_reply_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        file = NewAttachment(name="a.txt", content_type="text/plain", content=b"hello")
        broken = replace(office.request(session, text=""), attachments=(replace(file, content_type="text\r\nX: y"),))
        assert "content type" in (await refused(office, broken))[0]
        named = replace(broken, attachments=(replace(file, name="a\r\nX: y"),))
        assert "the name of an attachment" in (await refused(office, named))[0]
        reply = await office.submit(replace(broken, attachments=(file,)))
        assert b'filename="a.txt"' in office.room.blobs.read(reply.raw)


@pytest.mark.parametrize(
    ("fields", "to"),
    [
        ({}, "carla@example.com"),
        ({"Reply_To": "Desk <desk@example.com>"}, "desk@example.com"),
        ({"Reply_To": "elsewhere@evil.example"}, "carla@example.com"),
        ({"Reply_To": "help@acme.example"}, "carla@example.com"),
        ({"From": "form@acme.example", "Reply_To": "dora@example.net"}, "dora@example.net"),
    ],
)
async def test_whom_a_reply_goes_to_unasked(tmp_path: Path, fields: dict[str, str], to: str) -> None:
    async with open_office(tmp_path) as office:
        reply = await office.reply(await office.assigned(mail(**fields)))
        assert await to_of(office, reply) == [to]


async def test_a_stranger_in_the_thread_is_never_answered_unasked(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        token = office.room.token(session.conversation)
        await office.room.take(mail("Me too.", From=STRANGER, In_Reply_To=f"<{token}>", Message_ID="<s@x>"))
        assert await to_of(office, await office.reply(session)) == ["carla@example.com"]


async def test_a_note_is_not_what_a_reply_answers(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        await office.room.take(dsn(office.room.token(session.conversation)))
        reply = await office.reply(session)
        assert await to_of(office, reply) == ["carla@example.com"]
        assert b"In-Reply-To: <first@example.com>" in office.room.blobs.read(reply.raw)


async def test_a_mail_that_names_nobody_has_to_be_given_a_recipient(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned(mail(From=None))
        problems = await refused(office, office.request(session))
        assert problems == ("To: a mail needs at least one recipient",)
        assert await to_of(office, await office.reply(session, to=("dora@example.net",))) == ["dora@example.net"]


async def test_a_stale_token_is_refused_with_the_name_of_who_has_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        request = replace(office.request(session), agent="ben", token="an older one")
        with pytest.raises(Stale) as caught:
            await office.submit(request)
        assert (caught.value.words, caught.value.holder) == ("the session is not assigned to you", "anna")
        assert len(await office.mails(session)) == 1
        assert await office.pending() == 0


async def test_a_session_that_ended_takes_no_reply(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        prepared = await office.desk.prepare(office.request(session))

        def end(tx: Tx) -> None:
            assert session.assignment is not None
            office.room.house.step(tx, session.id, EndRequested(agent="anna", token=session.assignment.token))

        await office.room.house.write(end)
        with pytest.raises(Stale, match="the session has ended"):
            await office.room.house.write(lambda tx: office.desk.submit(tx, prepared))
        assert await office.pending() == 0


async def test_another_tenants_session_is_not_there(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        request = office.request(await office.assigned())
        for other in (replace(request, tenant=GLOBEX), replace(request, session=SessionId("nowhere"))):
            with pytest.raises(Stale, match="there is no such session"):
                await office.desk.prepare(other)


async def test_the_agents_own_subject_stands_and_else_one_re_is_put_before(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned(mail(Subject="AW: Re: WG: It broke"))
        first = await office.reply(session)
        second = await office.submit(replace(office.request(session), subject="Your lamp"))
        subjects = [one.subject for one in await office.mails(session) if not one.incoming]
        assert subjects == ["Re: WG: It broke", "Your lamp"]
        assert first.message_id != second.message_id


async def test_text_and_html_are_alternatives(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        request = replace(office.request(await office.assigned()), html="<p>Here is your <b>answer</b>.</p>")
        reply = await office.submit(request)
        sent = message_from_bytes(office.room.blobs.read(reply.raw), policy=default)
        assert [part.get_content_type() for part in sent.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]


async def test_the_same_reply_submitted_twice_is_refused_by_the_store(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        prepared = await office.desk.prepare(office.request(await office.assigned()))
        await office.room.house.write(lambda tx: office.desk.submit(tx, prepared))
        with pytest.raises(Exception, match="refused a row"):
            await office.room.house.write(lambda tx: office.desk.submit(tx, prepared))
        assert await office.pending() == 1
