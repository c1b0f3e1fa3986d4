"""The gateway against servers other people wrote: aiosmtpd in this loop, and Postfix's smtp-sink."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.gateways.test_smtp.world import (
    CUSTOMER,
    DESK,
    IMPATIENT,
    MAIL,
    codes,
    gateway,
    go_on,
    plain_options,
    send,
)
from tests.support.smtp_sink import SmtpSink, smtp_sink

__all__ = ["smtp_sink"]

StartSink = Callable[..., SmtpSink]
DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\n.hidden\r\nin the middle . of it\r\n...\r\n.\r\n"
EIGHT_BIT = b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + "Grüße, 你好\r\n".encode() + b"\xff\xfe\r\n"
UTF8_HEADER = "Subject: Grüße\r\n\r\nbody\r\n".encode()


class Inbox:
    """aiosmtpd's handler: keeps what came, as it came."""

    def __init__(self) -> None:
        self.mails: list[tuple[str | None, list[str], bytes, list[str]]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 its hook's name
        content = envelope.original_content or b""
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, content, envelope.mail_options))
        return "250 taken"


@asynccontextmanager
async def aiosmtpd_server(**more: object) -> AsyncIterator[tuple[int, Inbox]]:
    inbox, receivers = Inbox(), []
    loop = asyncio.get_running_loop()

    def receiver() -> SMTP:
        receivers.append(SMTP(inbox, loop=loop, hostname="sink.example", enable_SMTPUTF8=True, **more))  # type: ignore[arg-type] # the library's own options
        return receivers[-1]

    server = await loop.create_server(receiver, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], inbox
    finally:
        server.close()
        for one in receivers:
            if isinstance(one.transport, asyncio.WriteTransport):
                one.transport.abort()
        if tasks := [task for one in receivers if (task := one._handler_coroutine)]:
            await asyncio.wait(tasks, timeout=5)


@pytest.mark.parametrize(
    "raw",
    [MAIL, DOTS, EIGHT_BIT, UTF8_HEADER, b"\r\n", b".\r\n"],
    ids=["plain", "dots", "8bit", "utf8", "empty", "dot"],
)
async def test_a_mail_arrives_byte_for_byte(raw: bytes) -> None:
    async with aiosmtpd_server() as (port, inbox):
        outcome = await send(plain_options(port), raw=raw)
        assert codes(outcome) == {CUSTOMER: 250}
        assert [mail[2] for mail in inbox.mails] == [raw]


async def test_a_mail_with_lone_line_ends_arrives_as_one_mail_with_whole_ones() -> None:
    raw = b"Subject: x\n\nfirst\n.\r\nMAIL FROM:<evil@example.net>\rlast"
    async with aiosmtpd_server() as (port, inbox):
        await send(plain_options(port), raw=raw)
        lines = b"Subject: x\r\n\r\nfirst\r\n.\r\nMAIL FROM:<evil@example.net>\r\nlast\r\n"
        assert [mail[2] for mail in inbox.mails] == [lines]


async def test_the_null_sender_and_an_international_address_are_sent_as_they_are() -> None:
    async with aiosmtpd_server() as (port, inbox):
        assert codes(await send(plain_options(port), "jürgen@example.org", sender="")) == {"jürgen@example.org": 250}
        sender, recipients, _, mail_options = inbox.mails[0]
        assert (sender, recipients) == ("<>", ["jürgen@example.org"])
        assert "SMTPUTF8" in mail_options


async def test_a_mail_over_the_servers_size_is_never_sent() -> None:
    async with aiosmtpd_server(data_size_limit=100) as (port, inbox):
        outcome = await send(plain_options(port), raw=MAIL + b"x" * 100)
        assert codes(outcome) == {CUSTOMER: 552}
        assert inbox.mails == []


@pytest.mark.server
async def test_smtp_sink_gets_every_mail_once_with_its_envelope(smtp_sink: StartSink) -> None:
    sink = smtp_sink()
    async with gateway(plain_options(sink.port, pool=3)) as relay:
        raws = [b"Subject: %d\r\n\r\n.dots and lines\r\n" % number for number in range(30)]
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(relay.send(DESK, [CUSTOMER, DESK], raw, go_on)) for raw in raws]
    assert all(codes(task.result()) == {CUSTOMER: 250, DESK: 250} for task in sending)
    taken = sink.mails()
    assert sorted(mail.raw.replace(b"\n", b"\r\n") for mail in taken) == sorted(raws)
    assert {(mail.sender, mail.recipients) for mail in taken} == {(DESK, (CUSTOMER, DESK))}


@pytest.mark.server
@pytest.mark.parametrize(
    ("behaviour", "code", "unknown"),
    [
        (("-r", "MAIL"), 450, False),
        (("-f", "MAIL"), 500, False),
        (("-Q", "MAIL"), 421, False),
        (("-q", "MAIL"), 0, False),
        (("-r", "RCPT"), 450, False),
        (("-f", "RCPT"), 500, False),
        (("-Q", "RCPT"), 421, False),
        (("-q", "RCPT"), 0, False),
        (("-r", "DATA"), 450, False),
        (("-f", "DATA"), 500, False),
        (("-Q", "DATA"), 421, False),
        (("-q", "DATA"), 0, False),
        (("-r", "."), 450, False),
        (("-f", "."), 500, False),
        (("-Q", "."), 421, False),
        (("-q", "."), 0, True),
        (("-W", ".:20"), 0, True),
        (("-W", "DATA:20"), 0, False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_smtp_sink_in_a_bad_mood_has_the_outcome_it_should(
    smtp_sink: StartSink, behaviour: tuple[str, str], code: int, *, unknown: bool
) -> None:
    sink = smtp_sink(*behaviour)
    outcome = await send(plain_options(sink.port, deadlines=IMPATIENT))
    assert codes(outcome) == {CUSTOMER: code}
    assert outcome.unknown is unknown
    assert outcome.gateway_fault is None
    assert outcome.words


@pytest.mark.server
async def test_smtp_sink_without_esmtp_is_greeted_the_old_way(smtp_sink: StartSink) -> None:
    sink = smtp_sink("-f", "EHLO", "-B", "502 5.5.1 not implemented")
    assert codes(await send(plain_options(sink.port))) == {CUSTOMER: 250}
    assert len(sink.mails()) == 1


@pytest.mark.server
async def test_smtp_sink_without_8bitmime_is_never_sent_8bit(smtp_sink: StartSink) -> None:
    sink = smtp_sink("-8")
    assert codes(await send(plain_options(sink.port), raw=EIGHT_BIT)) == {CUSTOMER: 554}
    assert sink.mails() == []


@pytest.mark.server
async def test_smtp_sink_that_aborts_in_the_middle_of_data_is_heard(smtp_sink: StartSink) -> None:
    sink = smtp_sink("-A", "0")
    big = b"Subject: big\r\n\r\n" + b"a line\r\n" * 2_000_000
    outcome = await send(plain_options(sink.port, deadlines=IMPATIENT), raw=big)
    assert not outcome.results[0].accepted
    assert sink.mails() == []
