"""MAIL and every RCPT in one go (RFC 2920), and nothing more than that: no reply is ever taken for another's."""

from __future__ import annotations

import pytest

from postroom.gateways.smtp.reply_lines import LONGEST_LINE, LONGEST_REPLY, NotSmtp, ReplyLines, Said
from tests.gateways.test_smtp.world import CUSTOMER, DESK, MAIL, codes, gateway, go_on, plain_options, send
from tests.support.smtp_script import USUAL_EXTENSIONS, Answer, ScriptedServer, Stage, Then, Turn

THREE = ("one@example.org", "two@example.org", "three@example.org")
SILENT = b""


def silent_until_the_last(turn: Turn) -> Answer | None:
    """Answer MAIL and RCPT only when the last recipient was named, as a server may."""
    if turn.stage is Stage.MAIL or (turn.stage is Stage.RCPT and b"three" not in turn.line):
        return Answer(SILENT)
    return Answer(b"250 s\r\n250 1\r\n250 2\r\n250 3\r\n") if turn.stage is Stage.RCPT else None


async def test_a_server_that_offers_it_is_told_the_sender_and_every_recipient_before_it_answers() -> None:
    async with ScriptedServer(silent_until_the_last) as server:
        outcome = await send(plain_options(server.port), *THREE)
        assert codes(outcome) == dict.fromkeys(THREE, 250)
        assert server.verbs()[:5] == ["EHLO", "MAIL", "RCPT", "RCPT", "RCPT"]
        assert server.mails == [MAIL]


async def test_data_is_said_only_when_every_recipient_was_answered() -> None:
    heard_before: list[int] = []

    def script(turn: Turn) -> Answer | None:
        if turn.stage is Stage.RCPT:
            heard_before.append(server.verbs().count("DATA"))
        return None

    async with ScriptedServer(script) as server:
        await send(plain_options(server.port), *THREE)
    assert heard_before == [0, 0, 0]


async def test_a_server_that_does_not_offer_it_is_told_one_thing_at_a_time() -> None:
    seen: list[int] = []

    def script(turn: Turn) -> Answer | None:
        if turn.stage in {Stage.MAIL, Stage.RCPT}:
            seen.append(len(server.lines))
        return None

    async with ScriptedServer(script, extensions=USUAL_EXTENSIONS[1:]) as server:
        assert codes(await send(plain_options(server.port), *THREE)) == dict.fromkeys(THREE, 250)
    assert seen == [2, 3, 4, 5]


@pytest.mark.parametrize("said", [b"451 later\r\n", b"550 not you\r\n"])
async def test_a_refused_sender_leaves_no_reply_behind_for_the_next_mail(said: bytes) -> None:
    def script(turn: Turn) -> Answer | None:
        is_first = server.verbs().count("MAIL") == 1
        if is_first and turn.stage is Stage.MAIL:
            return Answer(said)
        return Answer(b"503 MAIL first\r\n") if is_first and turn.stage is Stage.RCPT else None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        assert codes(await relay.send(DESK, THREE, MAIL, go_on)) == dict.fromkeys(THREE, int(said[:3]))
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 1
        assert server.mails == [MAIL]


async def test_a_server_that_refuses_the_sender_and_leaves_is_dialled_anew_for_the_next_mail() -> None:
    def script(turn: Turn) -> Answer | None:
        if turn.connection == 1 and turn.stage is Stage.MAIL:
            return Answer(b"550 not you\r\n", Then.CLOSE)
        return None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        assert codes(await relay.send(DESK, THREE, MAIL, go_on)) == dict.fromkeys(THREE, 550)
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.mails == [MAIL]


async def test_a_reply_too_many_to_the_sender_is_never_a_recipients() -> None:
    doubled = Answer(b"250 ok\r\n250 ok\r\n")
    async with ScriptedServer(lambda turn: doubled if turn.stage is Stage.MAIL else None) as server:
        outcome = await send(plain_options(server.port), *THREE)
    assert codes(outcome) == dict.fromkeys(THREE, 0)
    assert server.mails == []


@pytest.mark.parametrize("cut", range(1, 24))
def test_replies_are_read_however_they_come(cut: int) -> None:
    came, lines, said = b"250-one\r\n250 two\r\n550 no\r\n", ReplyLines(), []
    for start in range(0, len(came), cut):
        lines.feed(came[start : start + cut])
        while (reply := lines.take()) is not None:
            said.append(reply)
    assert said == [Said(250, "one\ntwo"), Said(550, "no")]
    assert lines.rest() == b""


@pytest.mark.parametrize(
    "came",
    [
        b"what\r\n",
        b"\r\n",
        b"25\r\n",
        "٢٥٠ ok\r\n".encode(),
        b"x" * (LONGEST_LINE + 1),
        b"250-" + b"x" * LONGEST_LINE + b"\r\n",
        b"250-x\r\n" * LONGEST_REPLY,
    ],
)
def test_what_is_no_reply_is_said_to_be_none(came: bytes) -> None:
    lines = ReplyLines()
    lines.feed(came)
    with pytest.raises(NotSmtp):
        lines.take()
