"""What a POP3 session does on the wire: the commands it sends, what it survives, and where a test may stop it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
import uvloop

from postroom.errors import ConfigurationError, PermanentError, TemporaryError
from postroom.gateways.pop3 import Auth, Deadlines, Pop3Gateway, Pop3Options, Security
from postroom.gateways.pop3.connection import HIGH_WATER
from postroom.ports.gateways import Fetched, GatewayError, GatewayStatus, Mailbox, ReceivingGateway
from tests.support.given_tokens import GivenTokens
from tests.support.one_session import MemorySpool, MemorySpooler, collect, content
from tests.support.pop3_options import HASTY, clear_text, hasty
from tests.support.pop3_script import Act, ScriptedServer, on_the_wire
from tests.support.ports import free_ports

MAILS = [b"Subject: %d\r\n\r\nhello\r\n" % n for n in range(1, 6)]
XOAUTH2 = ("SASL XOAUTH2", "UIDL", "TOP", "PIPELINING")


def test_the_gateway_and_its_mailbox_are_what_the_engine_asks_for() -> None:
    gateway: ReceivingGateway = Pop3Gateway(clear_text(1))
    assert callable(gateway.open)


async def test_a_session_sends_just_these_commands_where_the_server_pipelines() -> None:
    async with ScriptedServer(MAILS[:2]).serving() as server:
        await collect(Pop3Gateway(clear_text(server.port)))
    assert server.received == [
        b"CAPA", b"USER u", b"PASS secret-pw", b"STAT", b"UIDL", b"LIST",
        b"RETR 1", b"RETR 2", b"NOOP", b"DELE 1", b"DELE 2", b"QUIT",
    ]  # fmt: skip


async def test_a_server_without_pipelining_never_has_two_commands_to_answer() -> None:
    waiting = []

    class Watching(ScriptedServer):
        def answer(self, line: str) -> tuple[Act]:
            waiting.append((line, len(self.received)))
            return (Act.USUAL,)

    async with Watching(list(MAILS), capabilities=("UIDL", "TOP")).serving() as server:
        result = await collect(Pop3Gateway(clear_text(server.port)))
    assert result.mails == MAILS
    assert server.verbs().count(b"NOOP") == 1
    assert [count for _, count in waiting[1:]] == list(range(1, len(server.received) + 1))


async def test_every_place_of_a_session_where_a_test_may_stop_it_is_passed_in_order() -> None:
    places: list[str] = []

    def failpoint(name: str) -> None:
        places.append(name)

    async with ScriptedServer(MAILS[:1]).serving() as server:
        await collect(Pop3Gateway(clear_text(server.port), failpoint=failpoint))
    assert places == [
        "login_ok", "uidl_read", "retr_start", "retr_mid", "retr_end", "dele_pre", "dele_post", "quit_post",
    ]  # fmt: skip


async def test_a_collector_that_stops_reading_early_can_still_delete_what_it_has_and_quit() -> None:
    async with ScriptedServer(list(MAILS)).serving() as server:
        mailbox = await Pop3Gateway(clear_text(server.port)).open()
        listed = await mailbox.listing()
        got = []
        async with aclosing(mailbox.fetch(listed, MemorySpooler())) as items:
            async for item in items:
                got.append(item.listed)
                if len(got) == 2:
                    break
        await mailbox.delete(got)
        assert await mailbox.close()
    assert server.mails == MAILS[2:]


async def test_a_collector_that_stops_reading_early_can_fetch_again_in_the_same_session() -> None:
    async with ScriptedServer(list(MAILS)).serving() as server:
        mailbox = await Pop3Gateway(clear_text(server.port)).open()
        listed = await mailbox.listing()
        async with aclosing(mailbox.fetch(listed, MemorySpooler())) as items:
            first = content(await fetched(anext(items)))
        rest = [content(item) async for item in mailbox.fetch(listed, MemorySpooler()) if isinstance(item, Fetched)]
        assert len(await mailbox.listing()) == 5
        mailbox.abort()
    assert (first, rest) == (MAILS[0], MAILS)


async def fetched(item: object) -> Fetched:
    """The mail an awaitable gives."""
    found = await item  # type: ignore[misc]  # anext's awaitable, whatever its class
    assert isinstance(found, Fetched)
    return found


async def test_a_collector_cancelled_in_the_middle_of_a_mail_leaves_no_session_behind() -> None:
    script = {"RETR 2": (b"+OK\r\nhalf", Act.HANG)}
    async with ScriptedServer(list(MAILS), script).serving() as server:
        mailbox = await Pop3Gateway(clear_text(server.port)).open()
        spooler = MemorySpooler()
        listed = await mailbox.listing()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(drained(mailbox.fetch(listed, spooler)), 0.2)
        assert spooler.opened[-1].discarded
        assert not await mailbox.close()
        with pytest.raises(GatewayError) as raised:
            await mailbox.delete(())
    assert raised.value.status is GatewayStatus.DISCONNECTED


async def drained(items: AsyncIterator[object]) -> int:
    """Read them all, and say how many they were."""
    return len([item async for item in items])


async def test_an_aborted_session_deletes_nothing() -> None:
    async with ScriptedServer(list(MAILS)).serving() as server:
        mailbox = await Pop3Gateway(clear_text(server.port)).open()
        await mailbox.delete(await mailbox.listing())
        mailbox.abort()
        assert not await mailbox.close()
    assert server.mails == MAILS


async def test_a_spool_that_cannot_be_written_ends_the_session_with_its_own_error() -> None:
    class Full(MemorySpooler):
        def open(self, expected: int) -> MemorySpool:
            raise OSError(f"no space left for {expected} octets")

    async with ScriptedServer(list(MAILS)).serving() as server:
        mailbox: Mailbox = await Pop3Gateway(clear_text(server.port)).open()
        listed = await mailbox.listing()
        with pytest.raises(OSError, match="no space left"):
            await drained(mailbox.fetch(listed, Full()))
        assert not await mailbox.close()
    assert server.mails == MAILS


async def test_a_large_mail_waits_in_the_socket_while_its_reader_is_busy() -> None:
    large = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 1_000_000 + b"\r\n"
    async with ScriptedServer([MAILS[0], large]).serving() as server:
        mailbox = await Pop3Gateway(clear_text(server.port)).open()
        listed = await mailbox.listing()
        seen = []
        async for item in mailbox.fetch(listed, MemorySpooler()):
            assert isinstance(item, Fetched)
            seen.append(hashlib.sha256(content(item)).digest())
            await asyncio.sleep(0.2)
            assert len(mailbox._connection.inbound) <= HIGH_WATER + 256 * 1024
        mailbox.abort()
    assert seen == [hashlib.sha256(raw).digest() for raw in (MAILS[0], large)]


LONG = "t" * 400


async def test_xoauth2_sends_a_long_token_only_after_the_server_asked_for_it() -> None:
    script = {"AUTH XOAUTH2": (b"+ \r\n",)}
    server = ScriptedServer(list(MAILS), script, XOAUTH2)
    async with server.serving():
        server.script = {**script, "dXNlcj": (b"+OK\r\n",)}
        options = replace(clear_text(server.port), auth=Auth.XOAUTH2, token=GivenTokens(LONG))
        server.script = {**script, response_to("u", LONG): (b"+OK\r\n",)}
        result = await collect(Pop3Gateway(options))
    assert result.mails == MAILS
    assert server.received[1] == b"AUTH XOAUTH2"


def response_to(user: str, access: str) -> str:
    """The line in which the client shows its token."""
    from postroom.gateways.sasl import xoauth2

    return xoauth2(user, access).decode()


async def test_a_refused_token_is_explained_by_the_servers_challenge_and_never_shown() -> None:
    script = {"AUTH": (b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n",), "": (b"-ERR [AUTH] denied tok-en\r\n",)}
    async with ScriptedServer(list(MAILS), script, XOAUTH2).serving() as server:
        options = replace(clear_text(server.port), auth=Auth.XOAUTH2, token=GivenTokens("tok-en"))
        result = await collect(Pop3Gateway(options))
    assert result.status is GatewayStatus.AUTH_FAILED
    assert '{"status":"401"}' in result.words
    assert "tok-en" not in result.words
    assert server.received[-1] == b""


@pytest.mark.parametrize(
    ("error", "status"),
    [(PermanentError("revoked"), GatewayStatus.AUTH_FAILED), (TemporaryError("away"), GatewayStatus.CONNECTION_FAILED)],
)
async def test_a_token_that_cannot_be_had_is_said_as_what_it_is(error: Exception, status: GatewayStatus) -> None:
    async with ScriptedServer(list(MAILS), {}, XOAUTH2).serving() as server:
        result = await collect(
            Pop3Gateway(replace(clear_text(server.port), auth=Auth.XOAUTH2, token=GivenTokens(error)))
        )
    assert (result.status, result.words) == (status, f"there is no access token: {error}")


async def test_a_token_endpoint_that_never_answers_meets_the_sign_in_deadline() -> None:
    class Never(GivenTokens):
        async def get(self) -> str:
            await asyncio.Event().wait()
            return ""

    async with ScriptedServer(list(MAILS), {}, XOAUTH2).serving() as server:
        options = hasty(replace(clear_text(server.port), auth=Auth.XOAUTH2, token=Never()))
        result = await collect(Pop3Gateway(options))
    assert (result.status, "access token" in result.words) == (GatewayStatus.CONNECTION_FAILED, True)


async def test_a_token_that_grew_old_is_replaced_on_a_new_connection_and_once() -> None:
    script = {f"AUTH XOAUTH2 {response_to('u', 'old')}": (b"-ERR [AUTH] expired\r\n",)}
    async with ScriptedServer(list(MAILS), script, XOAUTH2).serving() as server:
        options = replace(clear_text(server.port), auth=Auth.XOAUTH2, token=GivenTokens("old", "new"))
        result = await collect(Pop3Gateway(options))
    assert (result.mails, server.sessions) == (MAILS, 2)


async def test_a_shared_mailbox_is_opened_by_its_login_user() -> None:
    async with ScriptedServer(list(MAILS), {}, ("SASL PLAIN", "UIDL")).serving() as server:
        await collect(Pop3Gateway(replace(clear_text(server.port), login_user="agent")))
    assert server.received[1] == b"AUTH PLAIN dQBhZ2VudABzZWNyZXQtcHc="


@pytest.mark.parametrize("octet", [*range(0x20), 0x7F])
@pytest.mark.parametrize("name", ["user", "password", "login_user"])
def test_a_control_character_in_a_credential_is_refused_before_anything_is_sent(name: str, octet: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} cannot be sent"):
        replace(clear_text(1), **{name: f"a{chr(octet)}b"})  # type: ignore[arg-type]  # each of these is a str


def test_options_that_cannot_be_right_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="allow_plaintext"):
        Pop3Options(host="h", user="u", security=Security.NONE)
    with pytest.raises(ConfigurationError, match="token endpoint"):
        Pop3Options(host="h", user="u", auth=Auth.XOAUTH2)
    with pytest.raises(ConfigurationError, match="window"):
        Pop3Options(host="h", user="u", window=0)


def test_options_do_not_show_their_password_and_know_the_usual_ports() -> None:
    options = Pop3Options(host="h", user="u", password="hunter2")
    assert "hunter2" not in repr(options)
    assert options.peer == ("h", 995)
    assert replace(options, security=Security.STARTTLS).peer == ("h", 110)


def test_the_deadlines_are_those_promised_unless_set() -> None:
    promised = Deadlines()
    assert (promised.connect, promised.tls, promised.login, promised.command, promised.idle) == (10, 15, 45, 60, 60)


async def test_a_port_nobody_listens_on_and_a_name_nobody_has_are_said_in_words() -> None:
    refused = await collect(Pop3Gateway(clear_text(free_ports(1)[0])))
    unknown = await collect(Pop3Gateway(replace(clear_text(1), host="no-such-host.invalid")))
    assert "no server listens there" in refused.words
    assert "no-such-host.invalid cannot be found" in unknown.words
    assert refused.status is unknown.status is GatewayStatus.CONNECTION_FAILED


async def test_a_host_that_never_answers_meets_the_connect_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", silence)
    result = await collect(Pop3Gateway(hasty(clear_text(1))))
    assert "did not answer in 0.5 s" in result.words
    assert HASTY.connect == 0.5


def test_a_session_runs_on_uvloop_as_it_does_on_asyncio() -> None:
    async def session() -> list[bytes]:
        async with ScriptedServer(list(MAILS)).serving() as server:
            return (await collect(Pop3Gateway(clear_text(server.port)))).mails

    assert uvloop.run(session()) == MAILS


async def test_a_mail_of_600_octets_cut_at_any_octet_is_never_received() -> None:
    mail = (b"Subject: cut\r\n\r\n" + b"..dots\r\n.\r\nline\r\n" * 40)[:597] + b"\r\n"
    wire = on_the_wire(mail)
    server = ScriptedServer([mail])
    async with server.serving():
        for cut in range(len(wire)):
            server.script = {"RETR": (wire[:cut], Act.CLOSE)}
            result = await collect(Pop3Gateway(clear_text(server.port)))
            assert (result.mails, result.status, result.closed) == ([], GatewayStatus.CONNECTION_FAILED, False)
            assert all(spool.discarded for spool in result.spools)
        server.script = {}
        assert (await collect(Pop3Gateway(clear_text(server.port)))).mails == [mail]
    assert server.mails == []
    assert len(wire) > 600


async def test_a_mail_of_nul_and_8_bit_octets_and_one_long_line_arrives_octet_for_octet() -> None:
    mails = [bytes(range(256)).replace(b"\r", b"") * 9 + b"\r\n", b"x" * 5_000_000 + b"\r\n", b"\r\n" * 9]
    async with ScriptedServer(list(mails)).serving() as server:
        result = await collect(Pop3Gateway(clear_text(server.port)))
    assert [hashlib.sha256(mail).digest() for mail in result.mails] == [hashlib.sha256(m).digest() for m in mails]
