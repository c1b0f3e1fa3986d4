"""The POP3 gateway against a real Dovecot."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from postroom.gateways.pop3 import Pop3Gateway, Pop3Options, Security
from postroom.ports.gateways import Fetched, GatewayError, GatewayStatus
from tests.support.dovecot import Dovecot, running_dovecot
from tests.support.one_session import MemorySpool, MemorySpooler, collect, content

pytestmark = pytest.mark.server

MAILS = [
    b"From: a@example.org\r\nSubject: %d\r\n\r\n%s\r\n.\r\n..\r\n.dot\r\nend\r\n" % (n, b"text " * 40 * n)
    for n in range(1, 8)
]


def options(server: Dovecot, user: int, security: Security = Security.NONE) -> Pop3Options:
    port = server.pop3s if security is Security.TLS else server.pop3
    return Pop3Options(port=port, **server.account(user, security))


@pytest.mark.parametrize("security", Security)
async def test_every_mail_arrives_octet_for_octet_and_is_gone_after_quit(security: Security, dovecot: Dovecot) -> None:
    dovecot.fill(0, MAILS)
    result = await collect(Pop3Gateway(options(dovecot, 0, security)))
    assert result.mails == MAILS
    assert all(listed == size for listed, size in result.sizes)
    assert result.closed
    assert dovecot.maildir_count(0) == 0


async def test_mails_left_on_the_server_keep_their_names(dovecot: Dovecot) -> None:
    dovecot.fill(1, MAILS)
    gateway = Pop3Gateway(options(dovecot, 1))
    first, second = await collect(gateway, delete=False), await collect(gateway, delete=False)
    assert (first.mails, first.listed) == (second.mails, second.listed)
    assert dovecot.maildir_count(1) == 7


async def test_a_lost_index_changes_every_uidl_and_no_mail(dovecot: Dovecot) -> None:
    dovecot.fill(2, MAILS)
    gateway = Pop3Gateway(options(dovecot, 2))
    first = await collect(gateway, delete=False)
    await asyncio.sleep(1.1)  # the new UIDVALIDITY is a time in seconds
    dovecot.forget_uidls(2)
    second = await collect(gateway, delete=False)
    assert first.mails == second.mails
    assert not {listed.uid for listed in first.listed} & {listed.uid for listed in second.listed}


async def test_a_wrong_password_is_said_to_be_one(dovecot: Dovecot) -> None:
    for security in Security:
        result = await collect(Pop3Gateway(replace(options(dovecot, 3, security), password="wrong")))
        assert result.status is GatewayStatus.AUTH_FAILED
        assert "check both" in result.words


async def test_mails_marked_in_a_session_that_breaks_off_are_kept(dovecot: Dovecot) -> None:
    dovecot.fill(4, MAILS)
    mailbox = await Pop3Gateway(options(dovecot, 4)).open()
    await mailbox.delete(await mailbox.listing())
    mailbox.abort()
    assert not await mailbox.close()
    await asyncio.sleep(0.2)
    assert list(dovecot.mails(4)) == MAILS


async def test_a_mail_over_the_limit_gives_its_header_and_stays(dovecot: Dovecot) -> None:
    large = b"Subject: large\r\n\r\n" + b"x" * 50_000 + b"\r\n"
    dovecot.fill(5, [MAILS[0], large, MAILS[1]])
    result = await collect(Pop3Gateway(replace(options(dovecot, 5), max_message_size=20_000)))
    assert result.mails == MAILS[:2]
    assert result.too_large == [b"Subject: large\r\n"]
    assert list(dovecot.mails(5)) == [large]


async def test_thousands_of_mails_go_through_the_window(dovecot: Dovecot) -> None:
    mails = [b"Subject: %d\r\n\r\n%s\r\n" % (n, b"z" * (n % 700)) for n in range(1_500)]
    dovecot.fill(6, mails)
    result = await collect(Pop3Gateway(replace(options(dovecot, 6, Security.STARTTLS), window=50)))
    assert result.mails == mails
    assert dovecot.maildir_count(6) == 0


async def test_a_mailbox_in_use_is_locked_and_not_a_wrong_password() -> None:
    with running_dovecot(users=1, lock=True) as server:
        holder = await Pop3Gateway(options(server, 0)).open()
        with pytest.raises(GatewayError) as raised:
            await Pop3Gateway(options(server, 0)).open()
        assert await holder.close()
    assert raised.value.status is GatewayStatus.LOCKED
    assert "in use by another POP3 session" in raised.value.words


class KillingSpool(MemorySpool):
    """Kills the server once that many octets of its mail came."""

    def __init__(self, server: Dovecot, after: int) -> None:
        super().__init__()
        self._server = server
        self._left = after

    def write(self, chunk: bytes) -> None:
        super().write(chunk)
        self._left -= len(chunk)
        if self._left < 0:
            self._server.kill()


class KillingSpooler(MemorySpooler):
    """Opens killing spools."""

    def __init__(self, server: Dovecot, after: int) -> None:
        super().__init__()
        self._server = server
        self._after = after

    def open(self, expected: int) -> KillingSpool:
        assert expected > 0
        spool = KillingSpool(self._server, self._after)
        self.opened.append(spool)
        return spool


@pytest.mark.parametrize("security", Security)
async def test_a_server_killed_in_the_middle_of_a_large_mail_never_gives_that_mail(security: Security) -> None:
    large = b"Subject: large\r\n\r\n" + (b"y" * 76 + b"\r\n") * 400_000
    with running_dovecot(users=1) as server:
        server.fill(0, [MAILS[0], large])
        gateway = Pop3Gateway(options(server, 0, security))
        mailbox = await gateway.open()
        killer = KillingSpooler(server, after=1_000_000)
        got = []
        listed = await mailbox.listing()
        words = ""
        try:
            async for item in mailbox.fetch(listed, killer):
                assert isinstance(item, Fetched)
                got.append(content(item))
        except GatewayError as error:
            words = error.words
        assert got == MAILS[:1]
        assert killer.opened[-1].discarded
        assert "in the middle of mail 2" in words
        server.start()
        again = await collect(gateway)
    assert [hashlib.sha256(mail).digest() for mail in again.mails] == [
        hashlib.sha256(mail).digest() for mail in (MAILS[0], large)
    ]
