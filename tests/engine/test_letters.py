"""What an agent's mail bears and says on the wire: his name, signature, quote, canned answer; and what is passed on."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from postroom.engine.letters import Canned, Hand
from postroom.engine.sending_rules import SendingRules
from postroom.mail.letter import Words
from postroom.ports.desk import ForwardRequest, NewAttachment, Refused, Stale
from postroom.ports.records import Reply
from postroom.session.events import ForwardFailed, ForwardSubmitted, ReplySubmitted
from postroom.session.state import Phase, Session, SessionId
from tests.dispatch.house import ACME
from tests.engine.outgoing import Office, open_office, says
from tests.engine.room import DOMAIN, HELP, anchor, dsn, mail, sending_rules

ANNA = Hand(
    name="Anna <Auer>",
    signature=Words(text="{agent_name}\n{channel_name}", html="<b>{agent_name}</b>"),
    personal="anna@acme.example",
    is_preset=True,
)
REFUND = Canned(name="refund", words=Words(text="Dear {customer_name}, we pay back.", html="<p>{customer_name}</p>"))
REFUND_DE = Canned(name="refund", language="de", words=Words(text="Wir zahlen {customer_address} zurück."))
PICTURE = b"\x89PNG" * 30
WITH_FILES = (
    b"From: Carla Customer <carla@example.com>\r\nTo: help@acme.example\r\nBcc: spy@example.com\r\n"
    b"Subject: It broke\r\nMessage-ID: <first@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
    b'<p>See<script>x()</script> <img src="cid:p@x"> <img src="https://spy.example/1.png"></p>\r\n'
    b"--b\r\nContent-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Disposition: inline; filename=../p.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"
    b"--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n"
    b"all of it\r\n--b--\r\n"
)


def with_rules(office: Office, changes: dict[str, Any]) -> None:
    """Let the office send by these rules."""

    def rules(tenant: str, channel: str) -> SendingRules:
        return replace(sending_rules(tenant, channel), **changes)

    office.desk._rules = rules


def read(office: Office, reply: Reply) -> EmailMessage:
    return message_from_bytes(office.room.blobs.read(reply.raw), policy=default)


def body(sent: EmailMessage, kind: str = "plain") -> str:
    part = sent.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def forward_of(session: Session, more: dict[str, Any] | None = None) -> ForwardRequest:
    assert session.assignment is not None
    wanted = {"to": ("lab@workshop.example",), "text": "Can you mend it?"} | (more or {})
    owner = session.assignment
    return ForwardRequest(tenant=ACME, agent=owner.agent, session=session.id, token=owner.token, **wanted)


async def forward(office: Office, request: ForwardRequest) -> Reply:
    prepared = await office.desk.prepare_forward(request)
    return await office.room.house.write(lambda tx: office.desk.submit_forward(tx, prepared))


async def test_an_agent_writes_under_his_own_address_and_is_answered_at_the_channels(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        with_rules(office, {"hand_of": lambda _: ANNA})
        session = await office.assigned()
        sent = read(office, reply := await office.reply(session))
        assert (sent["From"].addresses[0].addr_spec, sent["Reply-To"]) == ("anna@acme.example", HELP)
        assert reply.envelope_from == "bounces@acme.example"
        event = (await office.journal(session))[-1].event
        assert isinstance(event, ReplySubmitted)
        assert event.sender == "personal"
        assert [line.verdict for line in (await office.mails(session))[-1].trace] == ["accepted", "personal"]


@pytest.mark.parametrize(
    ("hand", "wanted", "told"),
    [
        (ANNA, "channel", ""),
        (replace(ANNA, is_preset=False), "", ""),
        (replace(ANNA, personal="", why_not="not admitted"), "", "not admitted"),
        (replace(ANNA, personal="", why_not="not admitted"), "personal", "not admitted"),
        (Hand(), "personal", "the agent's own address is not known"),
    ],
)
async def test_else_the_mail_is_from_the_gateway_and_the_event_says_why(
    tmp_path: Path, hand: Hand, wanted: str, told: str
) -> None:
    async with open_office(tmp_path) as office:
        with_rules(office, {"hand_of": lambda _: hand})
        session = await office.assigned()
        sent = read(office, await office.submit(replace(office.request(session), sender=wanted)))
        assert sent["From"].addresses[0].addr_spec == HELP
        event = (await office.journal(session))[-1].event
        assert isinstance(event, ReplySubmitted)
        assert event.sender == told


async def test_the_reply_is_signed_and_quotes_what_it_answers(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        with_rules(office, {"hand_of": lambda _: ANNA, "subject_tag": True, "reply_to": "desk@acme.example"})
        session = await office.assigned(mail("My lamp is broken."))
        sent = read(office, await office.submit(replace(office.request(session), quote=True)))
        text = body(sent)
        assert text == (
            "Here is your answer.\n\n-- \nAnna <Auer>\nsupport\n\nCarla Customer wrote:\n> My lamp is broken.\n"
        )
        assert "<b>Anna &lt;Auer&gt;</b>" in body(sent, "html")
        tag = f"[#{session.conversation[-8:].upper()}]"
        assert (sent["Subject"], sent["Reply-To"]) == (f"Re: It broke {tag}", "desk@acme.example")
        answer = await office.room.only(mail("Thanks", Message_ID="<2@example.com>", Subject=f"Re: It broke {tag}"))
        assert answer.conversation == session.conversation
        strange = mail("Me too", Message_ID="<3@x>", Subject=f"x {tag}", From="eve@elsewhere.example")
        assert (await office.room.only(strange)).conversation != session.conversation


async def test_html_is_cleaned_and_has_a_text_beside_it(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        html = '<p onclick="x()">Dear <b>Carla</b><script>x()</script><a href="javascript:x()">a</a></p>'
        sent = read(office, await office.submit(replace(office.request(session), text="", html=html)))
        assert body(sent).split() == ["Dear", "Carlaa"]
        assert body(sent, "html").strip() == '<p>Dear <b>Carla</b><a rel="noopener noreferrer">a</a></p>'
        with pytest.raises(Refused, match="too large to be cleaned"):
            await office.desk.prepare(replace(office.request(session), html="<b>" * 10_001))


async def test_a_canned_answer_is_chosen_by_name_and_language(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        with_rules(office, {"canned": (REFUND, REFUND_DE)})
        session = await office.assigned()
        ready = await office.desk.ready_answers(ACME, "anna", session.id)
        assert [(one.name, one.language) for one in ready] == [("refund", ""), ("refund", "de")]
        assert ready[0].text == "Dear Carla Customer, we pay back."
        request = office.request(session)
        sent = read(office, await office.submit(replace(request, text="", canned="refund", language="de")))
        assert body(sent).strip() == "Wir zahlen carla@example.com zurück."
        sent = read(office, await office.submit(replace(request, canned="refund", language="fr")))
        assert body(sent).strip() == "Here is your answer.\n\nDear Carla Customer, we pay back."
        with pytest.raises(Refused, match="there is no canned answer 'other'"):
            await office.desk.prepare(replace(request, canned="other"))


async def test_a_mail_is_passed_on_with_its_files_and_answers_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned(WITH_FILES)
        file = NewAttachment(name="new.txt", content_type="text/plain", content=b"more")
        reply = await forward(office, forward_of(session, {"attachments": (file,)}))
        sent = read(office, reply)
        assert (sent["To"], sent["Subject"], sent["In-Reply-To"]) == ("lab@workshop.example", "Fwd: It broke", None)
        assert str(sent["References"]).split() == [f"<{anchor(session.conversation)}>"]
        text, rich = body(sent), body(sent, "html")
        assert text.startswith(
            "Can you mend it?\n\n---------- Forwarded message ----------\nFrom: Carla Customer <carla"
        )
        assert 'src="cid:p@x"' in rich
        for gone in ("script", "spy.example", "spy@example.com"):
            assert gone not in text + rich + str(sent)
        files = [(one.get_filename(), one.get_content()) for one in sent.iter_attachments()]
        assert files[0] == ("p.png", b"\x89PNG")
        assert (files[1][0], files[2][0]) == ("a.txt", "new.txt")
        before = await office.room.house.session(session.id)
        assert (before.phase, before.unanswered_since) == (Phase.ASSIGNED, session.unanswered_since)
        assert isinstance((await office.journal(session))[-1].event, ForwardSubmitted)
        assert await office.deliver() == 1
        assert await office.states(reply) == {"lab@workshop.example": "sent"}
        assert await office.room.house.session(session.id) == before
        assert (
            await office.room.house.read(lambda tx: tx.replies.last_to_customer(ACME, "support", "carla@example.com"))
            is None
        )


async def test_an_answer_to_what_was_passed_on_comes_back_from_a_new_participant(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        reply = await forward(office, forward_of(session))
        answer = await office.room.only(
            mail("Yes we can.", From="lab@workshop.example", In_Reply_To=f"<{reply.message_id}>", Message_ID="<l@w>")
        )
        assert (answer.conversation, answer.new_participant) == (session.conversation, True)


async def test_a_forward_that_comes_back_is_told_and_no_reply_is_lost(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(550)) as office:
        session = await office.assigned()
        await forward(office, forward_of(session))
        await office.deliver()
        assert isinstance((await office.journal(session))[-1].event, ForwardFailed)
        assert (await office.room.house.session(session.id)).phase is Phase.ASSIGNED


async def test_a_bounce_of_a_forward_is_told_as_one(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(250)) as office:
        session = await office.assigned()
        reply = await forward(office, forward_of(session, {"to": ("carla@example.com",)}))
        await office.deliver()
        await office.room.only(dsn(reply.message_id))
        assert isinstance((await office.journal(session))[-1].event, ForwardFailed)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"to": ()}, "To: a mail needs at least one recipient"),
        ({"to": ("a@x.example", "b@x.example", "c@x.example")}, "more than max_recipients allows"),
        ({"mail": "of another conversation"}, "mail: the conversation has no such mail"),
        ({"files": (7,)}, "files: the mail has no file 7"),
    ],
)
async def test_what_is_wrong_with_a_forward_is_named(tmp_path: Path, more: dict[str, Any], problem: str) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        with pytest.raises(Refused, match=problem):
            await office.desk.prepare_forward(forward_of(session, more))
        assert len(await office.mails(session)) == 1


async def test_a_forward_under_an_older_token_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        with pytest.raises(Stale):
            await forward(office, replace(forward_of(session), token="older"))
        with pytest.raises(Stale):
            await office.desk.prepare_forward(replace(forward_of(session), session=SessionId("none")))
        assert len(await office.mails(session)) == 1


async def test_a_stranger_in_the_thread_is_quoted_nothing(tmp_path: Path) -> None:
    async with open_office(tmp_path) as office:
        session = await office.assigned()
        reply = await office.reply(session)
        strange = mail("Me", From="eve@x.example", In_Reply_To=f"<{reply.message_id}>", Message_ID="<e@x>")
        await office.room.only(strange)
        situation = await office.room.house.session(session.id)
        assert situation.conversation == session.conversation
        prepared = await office.desk.prepare(replace(office.request(session), quote=True, to=("eve@x.example",)))
        assert ">" not in body(read(office, prepared.reply))
        assert DOMAIN in prepared.reply.message_id
