"""What every gateway must do for the engine, whatever protocol it speaks: one to collect from, one to hand mail to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import pytest

from postroom.ports.gateways import (
    Fetched,
    GatewayError,
    GatewayStatus,
    Listed,
    ReceivingGateway,
    SendingGateway,
    SendOutcome,
    TooLarge,
)
from tests.support.one_session import MemorySpool, MemorySpooler

SOON = 30.0
"""Seconds after which a gateway on this machine must have answered, whatever befell it."""


class Box(Protocol):
    """A mailbox on a real server, with a gateway to it."""

    gateway: ReceivingGateway
    limit: int
    """Octets of the largest mail the gateway keeps."""

    def deliver(self, raw: bytes) -> None:
        """Lay a mail into the box."""
        ...

    def mails(self) -> Sequence[bytes]:
        """What lies in the box."""
        ...

    def with_wrong_password(self) -> ReceivingGateway:
        """The same box, and a password that is not its own."""
        ...

    def nowhere(self) -> ReceivingGateway:
        """A gateway to a port nobody listens on."""
        ...


def a_mail(number: int, lines: int = 3) -> bytes:
    body = b"".join(b"line %d of mail %d\r\n" % (line, number) for line in range(lines))
    return b"From: a@example.org\r\nSubject: mail %d\r\n\r\n.\r\n..\r\n%b.\r\n" % (number, body)


def bytes_of(arrival: Fetched) -> bytes:
    assert isinstance(arrival.spool, MemorySpool)
    return b"".join(arrival.spool.chunks)


class ReceivingGatewayContract:
    async def test_every_mail_is_listed_once_with_a_name_of_its_own(self, box: Box) -> None:
        for number in range(5):
            box.deliver(a_mail(number))
        mailbox = await box.gateway.open()
        listing = await mailbox.listing()
        assert await mailbox.close()
        assert len({one.uid for one in listing}) == len({one.number for one in listing}) == 5
        assert [one.size for one in listing] == [len(a_mail(number)) for number in range(5)]

    async def test_an_empty_box_has_nothing_and_ends_in_order(self, box: Box) -> None:
        mailbox = await box.gateway.open()
        assert list(await mailbox.listing()) == []
        assert await mailbox.close()

    async def test_each_mail_comes_whole_and_in_the_order_wanted(self, box: Box) -> None:
        raws = [a_mail(number, lines=1 + 40 * number) for number in range(6)]
        for raw in raws:
            box.deliver(raw)
        mailbox = await box.gateway.open()
        arrivals = [one async for one in mailbox.fetch(await mailbox.listing(), MemorySpooler())]
        assert [bytes_of(one) for one in arrivals if isinstance(one, Fetched)] == raws
        assert await mailbox.close()
        assert len(box.mails()) == 6

    async def test_what_is_deleted_is_gone_after_the_close_and_only_that(self, box: Box) -> None:
        for number in range(3):
            box.deliver(a_mail(number))
        mailbox = await box.gateway.open()
        listing = await mailbox.listing()
        await mailbox.delete([listing[0], listing[2]])
        assert await mailbox.close()
        assert [b"mail 1" in raw for raw in box.mails()] == [True]

    async def test_what_was_marked_stays_where_the_session_was_dropped(self, box: Box) -> None:
        box.deliver(a_mail(1))
        mailbox = await box.gateway.open()
        await mailbox.delete(await mailbox.listing())
        mailbox.abort()
        assert len(box.mails()) == 1

    async def test_names_last_from_session_to_session(self, box: Box) -> None:
        for number in range(3):
            box.deliver(a_mail(number))
        names = []
        for _ in range(2):
            mailbox = await box.gateway.open()
            names.append([one.uid for one in await mailbox.listing()])
            await mailbox.close()
        assert names[0] == names[1]

    async def test_who_stops_reading_early_may_still_delete_and_close(self, box: Box) -> None:
        for number in range(20):
            box.deliver(a_mail(number, lines=200))
        mailbox = await box.gateway.open()
        fetching = mailbox.fetch(await mailbox.listing(), MemorySpooler())
        first = await anext(fetching)
        await fetching.aclose()
        await mailbox.delete([first.listed])
        assert await mailbox.close()
        assert len(box.mails()) == 19

    async def test_a_mail_over_the_limit_leaves_its_header_and_does_not_stop_the_others(self, box: Box) -> None:
        large = a_mail(1, lines=box.limit // 10)
        for raw in (a_mail(0), large, a_mail(2)):
            box.deliver(raw)
        mailbox = await box.gateway.open()
        arrivals = [one async for one in mailbox.fetch(await mailbox.listing(), MemorySpooler())]
        assert await mailbox.close()
        (stub,) = [one for one in arrivals if isinstance(one, TooLarge)]
        assert b"Subject: mail 1\r\n" in stub.header
        assert len(stub.header) < 1_000
        assert [bytes_of(one) for one in arrivals if isinstance(one, Fetched)] == [a_mail(0), a_mail(2)]

    async def test_a_wrong_password_is_told_from_every_other_fault(self, box: Box) -> None:
        async with asyncio.timeout(SOON):
            with pytest.raises(GatewayError) as caught:
                await box.with_wrong_password().open()
        assert caught.value.status is GatewayStatus.AUTH_FAILED
        assert caught.value.words

    async def test_a_server_that_is_not_there_is_said_with_its_place(self, box: Box) -> None:
        async with asyncio.timeout(SOON):
            with pytest.raises(GatewayError) as caught:
                await box.nowhere().open()
        assert caught.value.status is GatewayStatus.CONNECTION_FAILED
        assert "127.0.0.1" in caught.value.words

    async def test_a_listed_mail_that_is_wanted_by_nobody_stays(self, box: Box) -> None:
        box.deliver(a_mail(1))
        mailbox = await box.gateway.open()
        listing: Sequence[Listed] = await mailbox.listing()
        assert [one async for one in mailbox.fetch(listing[:0], MemorySpooler())] == []
        assert list(mailbox.declined) == []
        assert await mailbox.close()
        assert len(box.mails()) == 1


class Relay(Protocol):
    """A real relay, with a gateway to it; its habits are chosen by the address written to."""

    gateway: SendingGateway

    def received(self) -> Sequence[tuple[tuple[str, ...], bytes]]:
        """Recipients and bytes of every mail it took, in order."""
        ...

    def refuse(self, recipient: str, code: int) -> None:
        """Answer this recipient so from now on."""
        ...

    def fall_silent_after_the_dot(self) -> None:
        """Close the connection from now on where the answer to the final dot should be."""
        ...

    def nowhere(self) -> SendingGateway:
        """A gateway to a port nobody listens on."""
        ...


CARLA, DORA = "carla@example.com", "dora@example.com"
OURS = b"From: help@acme.example\r\nTo: carla@example.com\r\nSubject: Re: x\r\n\r\n.\r\n..\r\nAn answer.\r\n"


async def holds() -> bool:
    return True


async def lost() -> bool:
    return False


async def hand(gateway: SendingGateway, *recipients: str) -> SendOutcome:
    async with asyncio.timeout(SOON):
        return await gateway.send("bounces@acme.example", recipients, OURS, holds)


class SendingGatewayContract:
    async def test_a_mail_is_handed_over_once_for_all_its_recipients_and_octet_for_octet(self, relay: Relay) -> None:
        outcome = await hand(relay.gateway, CARLA, DORA)
        assert [(one.address, one.accepted) for one in outcome.results] == [(CARLA, True), (DORA, True)]
        assert (outcome.unknown, outcome.gateway_fault) == (False, None)
        assert relay.received() == [((CARLA, DORA), OURS)]

    @pytest.mark.parametrize("code", [450, 550])
    async def test_each_recipient_has_the_servers_own_answer(self, relay: Relay, code: int) -> None:
        relay.refuse(DORA, code)
        outcome = await hand(relay.gateway, CARLA, DORA)
        assert {one.address: one.accepted for one in outcome.results} == {CARLA: True, DORA: False}
        refused = next(one for one in outcome.results if one.address == DORA)
        assert refused.code == code
        assert refused.words
        assert [recipients for recipients, _ in relay.received()] == [(CARLA,)]

    async def test_where_every_recipient_is_refused_nothing_is_sent(self, relay: Relay) -> None:
        relay.refuse(CARLA, 550)
        outcome = await hand(relay.gateway, CARLA)
        assert ([one.code for one in outcome.results], outcome.gateway_fault) == ([550], None)
        assert relay.received() == []

    async def test_no_answer_to_the_final_dot_is_an_unknown_outcome(self, relay: Relay) -> None:
        relay.fall_silent_after_the_dot()
        outcome = await hand(relay.gateway, CARLA)
        assert outcome.unknown
        assert [(one.address, one.code) for one in outcome.results] == [(CARLA, 0)]
        assert outcome.words

    async def test_who_lost_the_mail_to_another_sender_does_not_send_the_dot(self, relay: Relay) -> None:
        async with asyncio.timeout(SOON):
            outcome = await relay.gateway.send("bounces@acme.example", [CARLA], OURS, lost)
        assert [one.accepted for one in outcome.results] == [False]
        assert not outcome.unknown
        assert relay.received() == []

    async def test_a_relay_that_is_not_there_is_the_gateways_fault_and_says_nothing_of_the_mail(
        self, relay: Relay
    ) -> None:
        outcome = await hand(relay.nowhere(), CARLA)
        assert outcome.gateway_fault is GatewayStatus.CONNECTION_FAILED
        assert [(one.address, one.code) for one in outcome.results] == [(CARLA, 0)]
        with pytest.raises(GatewayError) as caught:
            await relay.nowhere().probe()
        assert caught.value.status is GatewayStatus.CONNECTION_FAILED

    async def test_mails_may_be_handed_over_at_the_same_time(self, relay: Relay) -> None:
        async with asyncio.TaskGroup() as group:
            handing = [group.create_task(hand(relay.gateway, f"c{number}@example.com")) for number in range(12)]
        assert all(task.result().results[0].accepted for task in handing)
        assert len({recipients for recipients, _ in relay.received()}) == 12

    async def test_a_probe_sends_nothing(self, relay: Relay) -> None:
        async with asyncio.timeout(SOON):
            await relay.gateway.probe()
        assert relay.received() == []
