from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from postroom.gateways.smtp import Deadlines
from postroom.ports.gateways import GatewayError, GatewayStatus
from tests.gateways.test_smtp.world import (
    CUSTOMER,
    DESK,
    IMPATIENT,
    MAIL,
    codes,
    eventually,
    gateway,
    go_on,
    plain_options,
)
from tests.support.smtp_script import Answer, ScriptedServer, Stage, Then, Turn


async def test_one_connection_carries_one_mail_after_the_other() -> None:
    async with ScriptedServer() as server:
        async with gateway(plain_options(server.port)) as relay:
            for _ in range(5):
                assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 1
        assert server.verbs().count("EHLO") == 1
        assert "RSET" not in server.verbs()
        assert server.verbs()[-1] == "QUIT"


async def test_a_refused_mail_is_reset_before_the_connection_is_used_again() -> None:
    def script(turn: Turn) -> Answer | None:
        return Answer(b"550 no\r\n") if turn.stage is Stage.RCPT and b"nobody" in turn.line else None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        assert codes(await relay.send(DESK, ["nobody@example.org"], MAIL, go_on)) == {"nobody@example.org": 550}
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize(
    "ending",
    [Answer(b"421 idle too long\r\n", Then.CLOSE), Answer(b"", Then.CLOSE), Answer(b"", Then.HANG)],
    ids=["421", "drop", "hang"],
)
async def test_a_kept_connection_that_dies_at_mail_is_replaced_once_and_nobody_notices(ending: Answer) -> None:
    def script(turn: Turn) -> Answer | None:
        second_mail = turn.connection == 1 and server.verbs().count("MAIL") == 2
        return ending if turn.stage is Stage.MAIL and second_mail else None

    async with (
        ScriptedServer(script) as server,
        gateway(plain_options(server.port, deadlines=IMPATIENT)) as relay,
    ):
        for _ in range(2):
            assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 2
        assert len(server.mails) == 2


async def test_a_connection_the_server_said_goodbye_on_while_idle_is_not_used_again() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        for writer in server._sessions.values():
            writer.write(b"421 closing for the night\r\n")
        await asyncio.sleep(0.05)
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 2


async def test_a_new_connection_that_dies_at_mail_is_not_tried_again() -> None:
    closing = Answer(b"421 not now\r\n", Then.CLOSE)
    async with (
        ScriptedServer(lambda turn: closing if turn.stage is Stage.MAIL else None) as server,
        gateway(plain_options(server.port)) as relay,
    ):
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 421}
        assert server.connections == 1


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
async def test_a_kept_connection_that_dies_after_mail_is_never_followed_by_a_second_try(stage: Stage) -> None:
    def script(turn: Turn) -> Answer | None:
        again = server.verbs().count("MAIL") == 2
        return Answer(b"", Then.CLOSE) if turn.stage is stage and again else None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        outcome = await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        assert codes(outcome) == {CUSTOMER: 0}
        assert outcome.unknown is (stage is Stage.DOT)
        assert server.connections == 1
        assert server.verbs().count("MAIL") == 2


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port, idle_after=0.05)) as relay:
        await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        await eventually(lambda: server.verbs()[-1] == "QUIT")
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 2


async def test_no_more_connections_are_open_than_the_pool_is_big() -> None:
    under_way = most = 0

    async def count() -> bool:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return True

    async with ScriptedServer() as server, gateway(plain_options(server.port, pool=3)) as relay:
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(relay.send(DESK, [CUSTOMER], MAIL, count)) for _ in range(20)]
        assert all(task.result().results[0].accepted for task in sending)
        assert most == 3
        assert server.connections == 3
        assert len(server.mails) == 20


async def test_a_send_that_is_cancelled_leaves_its_place_and_no_connection() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port, pool=1)) as relay:
        waiting = asyncio.Event()

        async def stuck() -> bool:
            waiting.set()
            await asyncio.Event().wait()
            return True

        sending = asyncio.ensure_future(relay.send(DESK, [CUSTOMER], MAIL, stuck))
        await waiting.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 2
        assert len(server.mails) == 1


async def test_a_mail_nobody_can_be_asked_for_leaves_the_connection_ready() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        assert codes(await relay.send(DESK, ["not an address"], MAIL, go_on)) == {"not an address": 553}
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 1


async def test_a_recipient_named_twice_is_asked_for_once() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        await relay.send(DESK, [CUSTOMER, CUSTOMER], MAIL, go_on)
        assert server.verbs().count("RCPT") == 1


async def test_a_probe_uses_a_connection_of_its_own_and_says_goodbye() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:
        await relay.send(DESK, [CUSTOMER], MAIL, go_on)
        await relay.probe()
        assert server.connections == 2
        assert server.verbs()[-3:] == ["EHLO", "NOOP", "QUIT"]


async def test_a_probe_says_in_words_why_nobody_answers() -> None:
    async with ScriptedServer() as server:
        port = server.port
    async with gateway(plain_options(port)) as relay:
        with pytest.raises(GatewayError, match=r"cannot be reached.*check host and port") as caught:
            await relay.probe()
    assert caught.value.status is GatewayStatus.CONNECTION_FAILED


async def test_a_name_nobody_knows_is_said_to_be_unknown() -> None:
    async with gateway(plain_options(25, host="no-such-host.invalid")) as relay:
        with pytest.raises(GatewayError, match=r"no-such-host\.invalid is not known"):
            await relay.probe()


async def test_a_server_that_never_answers_the_call_is_given_up_after_the_connect_deadline() -> None:
    with socket.socket() as deaf, contextlib.ExitStack() as callers:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        # The queue of a listener that accepts nobody is full after the first calls; the next wait for ever.
        for _ in range(4):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        options = plain_options(deaf.getsockname()[1], deadlines=Deadlines(connect=0.2))
        async with gateway(options) as relay:
            with pytest.raises(GatewayError, match=r"did not answer within 0\.2 s: check host, port and firewall"):
                await relay.probe()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(b"451 not now\r\n"), GatewayStatus.THROTTLED),
        (Answer(b"502 what\r\n"), GatewayStatus.CONNECTION_FAILED),
        (Answer(b"", Then.CLOSE), GatewayStatus.CONNECTION_FAILED),
    ],
    ids=["4xx", "5xx", "drop"],
)
async def test_a_probe_that_is_refused_says_so(answer: Answer, status: GatewayStatus) -> None:
    async with (
        ScriptedServer(lambda turn: answer if turn.stage is Stage.NOOP else None) as server,
        gateway(plain_options(server.port)) as relay,
    ):
        with pytest.raises(GatewayError) as caught:
            await relay.probe()
    assert caught.value.status is status


async def test_a_connection_that_dies_at_its_reset_is_dropped_and_the_outcome_kept() -> None:
    def script(turn: Turn) -> Answer | None:
        if turn.stage is Stage.RSET:
            return Answer(b"", Then.CLOSE)
        return Answer(b"550 no\r\n") if b"nobody" in turn.line else None

    async with ScriptedServer(script) as server, gateway(plain_options(server.port)) as relay:
        assert codes(await relay.send(DESK, ["nobody@example.org"], MAIL, go_on)) == {"nobody@example.org": 550}
        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, go_on)) == {CUSTOMER: 250}
        assert server.connections == 2


async def test_after_close_a_connection_that_comes_back_is_not_kept() -> None:
    async with ScriptedServer() as server, gateway(plain_options(server.port)) as relay:

        async def close_meanwhile() -> bool:
            await relay.close()
            return True

        assert codes(await relay.send(DESK, [CUSTOMER], MAIL, close_meanwhile)) == {CUSTOMER: 250}
        await eventually(lambda: server.verbs()[-1] == "QUIT")
