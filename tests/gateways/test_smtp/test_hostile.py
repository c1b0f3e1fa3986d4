"""Relays that flood, drip, babble and break off, at each stage: a bounded end in time, and nothing sent twice."""

from __future__ import annotations

import asyncio
import resource

import pytest

from postroom.gateways.smtp import Auth
from postroom.ports.gateways import GatewayStatus
from tests.gateways.test_smtp.world import CUSTOMER, IMPATIENT, MAIL, PASSWORD, plain_options, send
from tests.support.smtp_script import Answer, ScriptedServer, Stage, Then, Turn

STAGES = (Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
OF_THE_GATEWAY = {Stage.CONNECT, Stage.EHLO, Stage.AUTH}
ATTACKS = {
    "a line without end": Answer(b"x" * 65_536, Then.FLOOD),
    "a code and a line without end": Answer(b"250-" + b"x" * 65_532, Then.FLOOD),
    "continuations without end": Answer(b"250-more\r\n" * 1_000, Then.FLOOD),
    "an octet at a time": Answer(b"250 " + b"slow " * 30 + b"\r\n", Then.DRIP),
    "half a reply, and the end": Answer(b"250-half\r\n250", Then.CLOSE),
    "half a reply, and silence": Answer(b"250-half\r\n2", Then.HANG),
    "a reply of another protocol": Answer(b"* OK IMAP4rev1\r\n"),
    "NULs": Answer(b"\0\0\0 \0\r\n"),
    "letters for a code": Answer(b"ABC fine\r\n"),
    "an impossible code": Answer(b"999 fine\r\n"),
}
MOST_MEMORY = 64 * 1024
"""Kilobytes by which the process may grow in one attack."""


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_ends_in_time_and_sends_nothing_twice(attack: str, stage: Stage) -> None:
    def script(turn: Turn) -> Answer | None:
        return ATTACKS[attack] if turn.stage is stage else None

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with ScriptedServer(script) as server, asyncio.timeout(30):
        options = plain_options(server.port, auth=Auth.PASSWORD, user="u", password=PASSWORD, deadlines=IMPATIENT)
        outcome = await send(options)
    assert [result.accepted for result in outcome.results] == [False]
    assert outcome.unknown == (stage is Stage.DOT)
    assert server.mails == ([MAIL] if stage is Stage.DOT else [])
    assert server.verbs().count("DATA") <= 1
    assert server.connections == 1
    assert (outcome.gateway_fault is not None) == (stage in OF_THE_GATEWAY)
    assert outcome.gateway_fault in {None, GatewayStatus.CONNECTION_FAILED, GatewayStatus.AUTH_FAILED}
    words = outcome.words or outcome.results[0].words
    assert words
    assert len(words) < 1_000
    assert PASSWORD not in words
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY
    assert outcome.results[0].address == CUSTOMER
