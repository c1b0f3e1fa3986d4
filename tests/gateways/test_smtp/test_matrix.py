"""Every stage of a session, each way a server can fail there, with one recipient and with three."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pytest
from msgspec import Struct

from postroom.gateways.smtp import Auth
from postroom.ports.gateways import GatewayStatus, SendOutcome
from tests.gateways.test_smtp.world import IMPATIENT, MAIL, PASSWORD, codes, plain_options, send
from tests.support.smtp_script import USUAL_EXTENSIONS, Answer, ScriptedServer, Stage, Then, Turn


class Fault(Enum):
    TEMPORARY = "4xx"
    PERMANENT = "5xx"
    CLOSING = "421"
    DROP = "drop"
    HANG = "hang"
    GARBAGE = "garbage"
    MULTI_LINE = "multi-line"


STAGES = (Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
ANSWERS = {
    Fault.TEMPORARY: Answer(b"451 4.3.0 later\r\n"),
    Fault.PERMANENT: Answer(b"554 5.7.1 never\r\n"),
    Fault.CLOSING: Answer(b"421 4.3.2 closing\r\n", Then.CLOSE),
    Fault.DROP: Answer(b"", Then.CLOSE),
    Fault.HANG: Answer(b"", Then.HANG),
    Fault.GARBAGE: Answer(b"\xff\xfewhat is this\r\n"),
}
LONG_REPLIES = {
    Stage.CONNECT: b"220-hello\r\n220-and\r\n220 welcome\r\n",
    Stage.EHLO: b"250-scripted\r\n250-SIZE 1000\r\n250-AUTH PLAIN\r\n250 HELP\r\n",
    Stage.AUTH: b"235-you\r\n235 are in\r\n",
    Stage.MAIL: b"250-sender\r\n250 ok\r\n",
    Stage.RCPT: b"250-recipient\r\n250 ok\r\n",
    Stage.DATA: b"354-go\r\n354 ahead\r\n",
    Stage.DOT: b"250-queued\r\n250 as 17\r\n",
}
ONE_BY_ONE = USUAL_EXTENSIONS[1:]
"""What a server offers that takes one command at a time."""
FAULTY = "two@example.org"
THREE = ("one@example.org", FAULTY, "three@example.org")


class Expected(Struct, frozen=True):
    """What must come out: the code of each recipient, whether it is unknown, whose fault, and mails at the server."""

    codes: tuple[int, ...]
    unknown: bool = False
    fault: GatewayStatus | None = None
    mails: int = 0


BEFORE_MAIL = {
    Fault.TEMPORARY: GatewayStatus.THROTTLED,
    Fault.CLOSING: GatewayStatus.THROTTLED,
    Fault.PERMANENT: GatewayStatus.CONNECTION_FAILED,
    Fault.DROP: GatewayStatus.CONNECTION_FAILED,
    Fault.HANG: GatewayStatus.CONNECTION_FAILED,
    Fault.GARBAGE: GatewayStatus.CONNECTION_FAILED,
}
CODE = {Fault.TEMPORARY: 451, Fault.PERMANENT: 554, Fault.CLOSING: 421, Fault.DROP: 0, Fault.HANG: 0, Fault.GARBAGE: 0}


def expected(stage: Stage, fault: Fault, count: int) -> Expected:
    """The specification, a line a rule."""
    if fault is Fault.MULTI_LINE:
        return Expected((250,) * count, mails=1)
    if stage is Stage.AUTH and fault is Fault.PERMANENT:
        return Expected((0,) * count, fault=GatewayStatus.AUTH_FAILED)
    if stage in {Stage.CONNECT, Stage.EHLO, Stage.AUTH}:
        return Expected((0,) * count, fault=BEFORE_MAIL[fault])
    if stage is Stage.DOT:
        unknown = fault in {Fault.DROP, Fault.HANG, Fault.GARBAGE}
        return Expected((CODE[fault],) * count, unknown=unknown, mails=1)
    refuses_only_one = stage is Stage.RCPT and fault in {Fault.TEMPORARY, Fault.PERMANENT}
    if refuses_only_one and count == 3:
        return Expected((250, CODE[fault], 250), mails=1)
    return Expected((CODE[fault],) * count)


def scripted(stage: Stage, fault: Fault) -> Callable[[Turn], Answer | None]:
    answer = Answer(LONG_REPLIES[stage]) if fault is Fault.MULTI_LINE else ANSWERS[fault]

    def script(turn: Turn) -> Answer | None:
        if turn.stage is not stage or (stage is Stage.RCPT and FAULTY.encode() not in turn.line):
            return None
        return answer

    return script


def in_short(outcome: SendOutcome, recipients: tuple[str, ...], mails: int) -> Expected:
    found = codes(outcome)
    return Expected(tuple(found[address] for address in recipients), outcome.unknown, outcome.gateway_fault, mails)


@pytest.mark.parametrize("extensions", [USUAL_EXTENSIONS, ONE_BY_ONE], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
async def test_every_fault_at_every_stage_has_the_outcome_it_should(
    stage: Stage, fault: Fault, count: int, extensions: tuple[bytes, ...]
) -> None:
    recipients = THREE if count == 3 else (FAULTY,)
    async with ScriptedServer(scripted(stage, fault), extensions=extensions) as server:
        options = plain_options(server.port, auth=Auth.PASSWORD, user="desk", password=PASSWORD, deadlines=IMPATIENT)
        outcome = await send(options, *recipients)
        assert in_short(outcome, recipients, len(server.mails)) == expected(stage, fault, count)
        assert server.connections == 1
        assert all(mail == MAIL for mail in server.mails)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
async def test_every_failure_is_said_in_words_that_name_what_happened(stage: Stage) -> None:
    for fault in set(Fault) - {Fault.MULTI_LINE}:
        async with ScriptedServer(scripted(stage, fault)) as server:
            options = plain_options(
                server.port, auth=Auth.PASSWORD, user="desk", password=PASSWORD, deadlines=IMPATIENT
            )
            outcome = await send(options, FAULTY)
        words = outcome.results[0].words
        assert words == words.strip()
        assert any(hint in words for hint in ("later", "never", "closing", "closed", "within", "SMTP")), words
        assert PASSWORD not in words
