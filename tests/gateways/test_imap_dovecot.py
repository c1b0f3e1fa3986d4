"""The IMAP gateway against a real Dovecot, alone and with the engine behind it."""

from __future__ import annotations

import asyncio
import imaplib
from dataclasses import replace
from pathlib import Path

import pytest

from postroom.gateways.imap import After, ImapGateway, ImapOptions
from postroom.gateways.reading import Security
from postroom.ports.gateways import Fetched, GatewayStatus
from tests.journeys.oracle import Oracle
from tests.support.collecting import house
from tests.support.dovecot import Dovecot
from tests.support.one_session import MemorySpooler, collect, content

pytestmark = pytest.mark.server

MAILS = [
    b"From: a@example.org\r\nSubject: %d\r\n\r\n%s\r\n.\r\n) OK\r\n{9}\r\nend\r\n" % (n, b"text " * 40 * n)
    for n in range(1, 8)
]


def options(server: Dovecot, user: int, security: Security = Security.NONE) -> ImapOptions:
    port = server.imaps if security is Security.TLS else server.imap
    return ImapOptions(port=port, **server.account(user, security))


def beside(server: Dovecot, user: int) -> imaplib.IMAP4:
    """Another client, signed in and in INBOX."""
    client = imaplib.IMAP4("localhost", server.imap)
    client.login(*server.login(user))
    client.select()
    return client


@pytest.mark.parametrize("security", Security)
async def test_every_mail_arrives_octet_for_octet_and_is_gone_after_the_end(
    security: Security, dovecot: Dovecot
) -> None:
    dovecot.fill(0, MAILS)
    result = await collect(ImapGateway(options(dovecot, 0, security)))
    assert result.mails == MAILS
    assert all(listed == size for listed, size in result.sizes)
    assert (result.closed, dovecot.maildir_count(0)) == (True, 0)


async def test_a_lost_index_gives_every_mail_another_name(dovecot: Dovecot) -> None:
    dovecot.fill(1, MAILS)
    gateway = ImapGateway(options(dovecot, 1))
    first = await collect(gateway, delete=False)
    assert first.listed == (await collect(gateway, delete=False)).listed
    await asyncio.sleep(1.1)  # the new UIDVALIDITY is a time in seconds
    dovecot.forget_uidls(1)
    second = await collect(gateway, delete=False)
    assert first.mails == second.mails
    assert not {listed.uid for listed in first.listed} & {listed.uid for listed in second.listed}


async def test_what_another_client_removes_under_our_feet_is_declined_and_the_rest_arrives(dovecot: Dovecot) -> None:
    dovecot.fill(2, MAILS)
    mailbox = await ImapGateway(options(dovecot, 2)).open()
    listing = await mailbox.listing()
    other = await asyncio.to_thread(beside, dovecot, 2)
    other.store("2", "+FLAGS", "\\Deleted")
    other.expunge()
    other.logout()
    got = [item async for item in mailbox.fetch(listing, MemorySpooler()) if isinstance(item, Fetched)]
    assert [content(item) for item in got] == [MAILS[0], *MAILS[2:]]
    assert [one.listed for one in mailbox.declined] == [listing[1]]
    await mailbox.delete([item.listed for item in got])
    assert await mailbox.close()
    assert dovecot.maildir_count(2) == 0


async def test_a_mail_somebody_else_marked_as_deleted_stays_when_ours_are_removed(dovecot: Dovecot) -> None:
    dovecot.fill(3, MAILS[:3])
    mailbox = await ImapGateway(options(dovecot, 3)).open()
    listing = await mailbox.listing()
    other = await asyncio.to_thread(beside, dovecot, 3)
    other.store("2", "+FLAGS", "\\Deleted")
    other.logout()
    await mailbox.delete([listing[0]])
    assert await mailbox.close()
    assert dovecot.mails(3) == MAILS[1:3]


async def test_mails_are_moved_to_a_folder_with_a_name_outside_ascii(dovecot: Dovecot) -> None:
    dovecot.fill(4, MAILS[:2])
    chosen = replace(options(dovecot, 4), after=After.MOVE, move_to="Erledigt – ü")
    assert (await collect(ImapGateway(chosen))).closed
    assert dovecot.maildir_count(4) == 0
    there = replace(chosen, folders=("Erledigt – ü",), after=After.DELETE, move_to="")
    assert (await collect(ImapGateway(there))).mails == MAILS[:2]


async def test_mails_stay_and_are_marked_as_seen(dovecot: Dovecot) -> None:
    dovecot.fill(5, MAILS[:2])
    chosen = replace(options(dovecot, 5), after=After.FLAG)
    assert (await collect(ImapGateway(chosen), delete=False)).mails == MAILS[:2]
    other = await asyncio.to_thread(beside, dovecot, 5)
    assert other.search(None, "UNSEEN")[1] == [b""]
    other.logout()
    assert dovecot.maildir_count(5) == 2


async def test_new_mail_is_told_of_while_we_wait(dovecot: Dovecot) -> None:
    dovecot.fill(6, [])
    gateway, news = ImapGateway(replace(options(dovecot, 6), idle=True)), asyncio.Event()
    assert (await collect(gateway)).mails == []
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(gateway.idle(news))
        await asyncio.sleep(0.2)
        dovecot.deliver(6, MAILS[0])
        await news.wait()
    assert (await collect(gateway)).mails == MAILS[:1]
    await gateway.leave()


async def test_a_wrong_password_is_said_to_be_one(dovecot: Dovecot) -> None:
    for security in Security:
        result = await collect(ImapGateway(replace(options(dovecot, 7, security), password="wrong")))
        assert result.status is GatewayStatus.AUTH_FAILED
        assert "check both" in result.words


async def test_a_server_that_dies_in_the_middle_of_a_mail_loses_nothing(dovecot: Dovecot) -> None:
    large = b"Subject: large\r\n\r\n" + b"x" * 70 * 100_000
    dovecot.fill(7, [MAILS[0], large])
    mailbox = await ImapGateway(options(dovecot, 7)).open()
    listing = await mailbox.listing()
    fetching = mailbox.fetch(listing, MemorySpooler())
    await anext(fetching)
    mailbox.abort()
    await fetching.aclose()
    assert dovecot.maildir_count(7) == 2


async def test_the_engine_takes_each_mail_in_once_whatever_becomes_of_its_names(
    tmp_path: Path, dovecot: Dovecot
) -> None:
    oracle = Oracle(tmp_path / "var" / "postroom.db")
    dovecot.fill(0, [oracle.mail(f"tok{number}") for number in range(6)])
    async with house(tmp_path) as here:
        gateway = ImapGateway(options(dovecot, 0))
        staying = here.collecting(gateway, leave=True)
        await here.polls(here.collector(staying), 2)
        await asyncio.sleep(1.1)  # the new UIDVALIDITY is a time in seconds
        dovecot.forget_uidls(0)
        await here.polls(here.collector(staying), 2)
        assert dovecot.maildir_count(0) == 6
        await here.polls(here.collector(here.collecting(gateway)), 2)
    assert dovecot.maildir_count(0) == 0
    oracle.check_mails()
