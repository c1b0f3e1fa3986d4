"""Automatic mail to a server that takes none without a sender."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from postroom.engine.null_sender import ADVICE
from postroom.ports.gateways import RecipientResult, SendOutcome
from postroom.ports.records import ReplyState
from tests.engine.automatic_office import sent
from tests.engine.outgoing import TERMS, Handed, open_office, says


def refuses_null(one: Handed) -> SendOutcome:
    """A server that wants a sender."""
    if one.sender:
        return says(250)(one)
    results = tuple(RecipientResult(address, 550, "5.7.1 no null sender") for address in one.recipients)
    return SendOutcome(results=results, words="5.7.1 no null sender", sender_refused=True)


async def test_it_is_offered_once_more_with_the_bounce_address_the_same_to_the_octet(tmp_path: Path) -> None:
    async with open_office(tmp_path, refuses_null) as office:
        office.terms = replace(TERMS, bounce_address="bounces@acme.example")
        reply = await sent(office)
        await office.deliver()
        assert [one.sender for one in office.gateway.handed] == ["", "bounces@acme.example"]
        assert len({one.raw for one in office.gateway.handed}) == 1
        assert (await office.stored(reply)).state is ReplyState.SENT
        assert len(await office.attempts(reply)) == 1
        assert office.ended == [("sent", "working")]


async def test_without_a_bounce_address_the_refusal_stands_and_says_what_to_set(tmp_path: Path) -> None:
    async with open_office(tmp_path, refuses_null) as office:
        reply = await sent(office)
        await office.deliver()
        assert [one.sender for one in office.gateway.handed] == [""]
        kept = await office.stored(reply)
        assert (kept.state, kept.recipients[0].words) == (ReplyState.FAILED, f"5.7.1 no null sender ({ADVICE})")


async def test_a_refused_recipient_is_no_refused_sender(tmp_path: Path) -> None:
    async with open_office(tmp_path, says(550)) as office:
        office.terms = replace(TERMS, bounce_address="bounces@acme.example")
        await sent(office)
        await office.deliver()
        assert [one.sender for one in office.gateway.handed] == [""]
