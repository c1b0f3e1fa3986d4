"""Between DATA and the answer to the final dot: who may stop a mail, and what is known after."""

from __future__ import annotations

import asyncio

import pytest

from postroom.gateways.smtp import Deadlines
from tests.gateways.test_smtp.world import (
    CUSTOMER,
    DESK,
    IMPATIENT,
    MAIL,
    codes,
    gateway,
    go_on,
    lease_lost,
    plain_options,
    send,
)
from tests.support.smtp_script import Answer, ScriptedServer, Stage, Then, Turn

BIG = b"Subject: big\r\n\r\n" + b"a line of a big mail, thirty-nine octets\r\n" * 400_000


async def test_a_sender_that_lost_its_lease_does_not_send_the_final_dot() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        outcome = await relay.send(DESK, [CUSTOMER], MAIL, lease_lost)
        assert codes(outcome) == {CUSTOMER: 0}
        assert not outcome.unknown
        assert "another sender" in outcome.words
        again = await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        assert codes(again) == {CUSTOMER: 250}
    assert server.mails == [MAIL]


async def test_before_the_dot_is_asked_once_when_the_whole_body_is_out() -> None:
    asked: list[int] = []
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:

        async def count() -> bool:
            asked.append(len(server.mails))
            return True

        await relay.send(DESK, [CUSTOMER], MAIL, count)
        assert asked == [0]


async def test_an_error_in_the_lease_check_leaves_nothing_sent_and_no_connection_behind() -> None:
    async def broken() -> bool:
        raise RuntimeError("store away")

    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        with pytest.raises(RuntimeError, match="store away"):
            await relay.send(DESK, [CUSTOMER], MAIL, broken)
        assert (await relay.send(DESK, [CUSTOMER], MAIL, go_on)).results[0].accepted
        assert server.connections == 2
        assert server.mails == [MAIL]


@pytest.mark.parametrize("place", ["rcpt_ok", "data_mid", "dot_sent", "got_250"])
async def test_the_failpoints_stand_where_their_names_say(place: str) -> None:
    passed: dict[str, int] = {}

    def failpoint(name: str) -> None:
        passed[name] = len(server.mails)
        if name == place:
            raise RuntimeError(name)

    async with ScriptedServer() as server, gateway(plain_options(server.port), failpoint) as relay:
        with pytest.raises(RuntimeError, match=place):
            await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        order = {"rcpt_ok": 0, "data_mid": 0, "dot_sent": 0, "got_250": 1}
        assert passed == {name: mails for name, mails in order.items() if name in passed}
        assert list(passed) == list(order)[: list(order).index(place) + 1]


async def test_a_refusal_in_the_middle_of_a_mail_is_heard_and_the_dot_never_sent() -> None:
    async with ScriptedServer(extensions=(b"HELP",), interrupts=b"552 5.3.4 that is too much\r\n") as server:
        outcome = await send(plain_options(server.port), CUSTOMER, raw=BIG)
    assert codes(outcome) == {CUSTOMER: 552}
    assert "too much" in outcome.words
    assert not outcome.unknown
    assert server.mails == []


async def test_a_server_that_talks_and_goes_on_reading_in_the_middle_of_a_mail_gets_no_dot() -> None:
    async with ScriptedServer(extensions=(b"HELP",), interrupts=b"250 lovely weather\r\n") as server:
        outcome = await send(plain_options(server.port), CUSTOMER, raw=BIG)
    assert codes(outcome) == {CUSTOMER: 0}
    assert not outcome.unknown
    assert server.mails == []


async def test_a_server_that_stops_reading_ends_in_a_temporary_failure_and_nothing_sent() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"354 go on\r\n", Then.HANG) if turn.stage is Stage.DATA else None

    async with ScriptedServer(script, extensions=(b"HELP",)) as server:
        outcome = await send(plain_options(server.port, deadlines=IMPATIENT), CUSTOMER, raw=BIG)
    assert codes(outcome) == {CUSTOMER: 0}
    assert "stopped reading" in outcome.words
    assert not outcome.unknown


async def test_a_big_mail_leaves_the_loop_its_turns() -> None:
    turns = 0
    done = asyncio.Event()

    async def other_work() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    async with ScriptedServer(extensions=(b"PIPELINING",)) as server, asyncio.TaskGroup() as tasks:
        tasks.create_task(other_work())
        outcome = await send(plain_options(server.port), CUSTOMER, raw=BIG)
        done.set()
    assert outcome.results[0].accepted
    assert turns > len(BIG) / (1024 * 1024)
    assert server.mails == [BIG]


async def test_a_reply_and_a_farewell_in_one_packet_still_counts_as_sent() -> None:
    def script(turn: Turn) -> Answer | None:
        if turn.stage is Stage.DOT:
            return Answer(b"250 queued\r\n421 enough for today\r\n", Then.CLOSE)
        return None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        for _ in range(2):
            outcome = await relay.send(DESK, [CUSTOMER], MAIL, go_on)
            assert codes(outcome) == {CUSTOMER: 250}
            assert not outcome.unknown
    assert len(server.mails) == 2


async def test_half_a_reply_to_the_final_dot_is_an_unknown_outcome() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"250 que", Then.CLOSE) if turn.stage is Stage.DOT else None

    async with ScriptedServer(script) as server:
        outcome = await send(plain_options(server.port))
    assert outcome.unknown
    assert "no answer came back" in outcome.words


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_a_second_reply_in_a_packet_never_makes_a_mail_look_sent(stage: Stage) -> None:
    doubled = {
        Stage.CONNECT: b"220 ready\r\n250 and more\r\n",
        Stage.EHLO: b"250 hello\r\n250 and more\r\n",
        Stage.MAIL: b"250 ok\r\n250 ok\r\n",
        Stage.RCPT: b"250 ok\r\n354 go ahead\r\n",
        Stage.DATA: b"354 go ahead\r\n250 queued\r\n",
    }

    def script(turn: Turn) -> Answer | None:
        if turn.stage is stage:
            return Answer(doubled[stage])
        return Answer(b"451 never mind\r\n") if turn.stage is Stage.DOT else None

    async with ScriptedServer(script) as server:
        outcome = await send(plain_options(server.port, deadlines=IMPATIENT))
    assert not any(result.accepted for result in outcome.results)
    assert not outcome.unknown


async def test_an_answer_to_data_that_is_positive_but_no_go_ahead_ends_the_connection() -> None:
    async with ScriptedServer(lambda turn: Answer(b"250 sure\r\n") if turn.stage is Stage.DATA else None) as server:
        outcome = await send(plain_options(server.port))
    assert codes(outcome) == {CUSTOMER: 0}
    assert server.mails == []


async def test_552_after_an_accepted_recipient_is_too_many_recipients_and_temporary() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"552 too many\r\n") if b"second" in turn.line else None

    async with ScriptedServer(script) as server:
        outcome = await send(plain_options(server.port), "first@example.org", "second@example.org")
        assert codes(outcome) == {"first@example.org": 250, "second@example.org": 452}
        alone = await send(plain_options(server.port), "second@example.org")
        assert codes(alone) == {"second@example.org": 552}


async def test_a_demand_to_sign_in_is_the_gateways_fault() -> None:
    async with ScriptedServer(
        lambda turn: Answer(b"530 5.7.0 sign in first\r\n") if turn.stage is Stage.MAIL else None
    ) as server:
        outcome = await send(plain_options(server.port))
    assert outcome.gateway_fault is not None


async def test_what_a_server_says_is_kept_printable_and_short() -> None:
    said = b"550 no\x1b[31m\xff\xfe " + b"x" * 2000 + b"\r\n"
    async with ScriptedServer(lambda turn: Answer(said) if turn.stage is Stage.RCPT else None) as server:
        outcome = await send(plain_options(server.port))
    words = outcome.results[0].words
    assert words.isprintable()
    assert len(words) <= 500


async def test_an_endless_reply_is_cut_off() -> None:
    endless = b"250-" + b"x" * 60_000
    async with ScriptedServer(lambda turn: Answer(endless) if turn.stage is Stage.RCPT else None) as server:
        outcome = await send(plain_options(server.port, deadlines=Deadlines(command=5)))
    assert codes(outcome) == {CUSTOMER: 0}
    assert "not SMTP" in outcome.words


async def test_a_server_that_goes_away_just_before_the_dot_never_got_the_mail() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:

        async def server_leaves() -> bool:
            for writer in server._sessions.values():
                writer.write(b"421 going down\r\n")
                writer.close()
            await asyncio.sleep(0.05)
            return True

        outcome = await relay.send(DESK, [CUSTOMER], MAIL, server_leaves)
    assert codes(outcome) == {CUSTOMER: 421}
    assert not outcome.unknown
    assert server.mails == []


async def test_an_answer_to_the_dot_that_is_neither_yes_nor_no_is_an_unknown_outcome() -> None:
    async with ScriptedServer(lambda turn: Answer(b"354 and?\r\n") if turn.stage is Stage.DOT else None) as server:
        outcome = await send(plain_options(server.port))
    assert outcome.unknown
    assert codes(outcome) == {CUSTOMER: 0}


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
async def test_a_code_outside_the_range_of_smtp_is_no_answer(stage: Stage) -> None:
    async with ScriptedServer(lambda turn: Answer(b"999 odd\r\n") if turn.stage is stage else None) as server:
        outcome = await send(plain_options(server.port))
    assert codes(outcome) == {CUSTOMER: 0}
    assert "impossible code 999" in outcome.words
