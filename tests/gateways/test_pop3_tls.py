"""POP3 over TLS, and the ways somebody on the wire tries to get a password or a mail in between: all fail closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from postroom.gateways.pop3 import Pop3Gateway, Pop3Options, Security
from postroom.gateways.tls import TlsOptions, Trust
from postroom.ports.gateways import GatewayStatus
from tests.support.certificates import Authority
from tests.support.one_session import Collected, collect
from tests.support.pop3_options import clear_text, hasty
from tests.support.pop3_script import CAPABILITIES, Act, ScriptedServer, multiline

MAILS = [b"Subject: %d\r\n\r\nhello\r\n" % n for n in range(1, 4)]
WITH_STLS = (*CAPABILITIES, "STLS")
STLS: dict[str, Any] = {"STLS": (Act.USUAL, Act.TLS)}


def secured(port: int, authority: Authority, security: Security) -> Pop3Options:
    trust = TlsOptions(trust=Trust.ONLY, certificates=(authority.der,))
    return replace(clear_text(port), host="localhost", security=security, allow_plaintext=False, tls=trust)


async def session(server: ScriptedServer, authority: Authority, security: Security) -> Collected:
    async with server.serving():
        return await collect(Pop3Gateway(hasty(secured(server.port, authority, security))))


def stls_server(
    authority: Authority, script: dict[str, Any], capabilities: tuple[str, ...] = WITH_STLS
) -> ScriptedServer:
    return ScriptedServer(list(MAILS), script, capabilities, context=authority.server_context())


async def test_mails_arrive_over_implicit_tls(authority: Authority) -> None:
    server = ScriptedServer(list(MAILS), context=authority.server_context(), implicit_tls=True)
    assert (await session(server, authority, Security.TLS)).mails == MAILS


async def test_mails_arrive_over_stls_and_capabilities_are_asked_again_inside(authority: Authority) -> None:
    server = stls_server(authority, STLS)
    result = await session(server, authority, Security.STARTTLS)
    assert result.mails == MAILS
    assert server.verbs()[:4] == [b"CAPA", b"STLS", b"CAPA", b"USER"]


def test_tls_and_stls_work_on_uvloop_too(authority: Authority) -> None:
    implicit = ScriptedServer(list(MAILS), context=authority.server_context(), implicit_tls=True)
    assert uvloop.run(session(implicit, authority, Security.TLS)).mails == MAILS
    assert uvloop.run(session(stls_server(authority, STLS), authority, Security.STARTTLS)).mails == MAILS


async def test_what_a_server_said_it_can_do_before_tls_is_forgotten(authority: Authority) -> None:
    class Two(ScriptedServer):
        def answer(self, line: str) -> tuple[Any, ...]:
            if line == "CAPA" and self.verbs().count(b"CAPA") == 2:
                return (multiline(b"", (b"UIDL", b"TOP")),)
            return tuple(super().answer(line))

    server = Two(list(MAILS), STLS, (*WITH_STLS, "SASL PLAIN"), context=authority.server_context())
    assert (await session(server, authority, Security.STARTTLS)).mails == MAILS
    assert b"AUTH" not in server.verbs()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("lines", range(1, 6))
def test_lines_injected_before_the_handshake_end_the_session(lines: int, loop: str, authority: Authority) -> None:
    early = b"".join(b"+OK injected %d\r\n" % n for n in range(lines))
    server = stls_server(authority, {"STLS": (b"+OK begin\r\n" + early, Act.TLS)})
    result = run(loop, session(server, authority, Security.STARTTLS))
    assert (result.status, result.mails) == (GatewayStatus.CONNECTION_FAILED, [])
    assert "before TLS" in result.words
    assert server.verbs() == [b"CAPA", b"STLS"]


def run(loop: str, work: Coroutine[Any, Any, Collected]) -> Collected:
    """Run on the named loop."""
    return uvloop.run(work) if loop == "uvloop" else asyncio.run(work)


async def test_a_line_injected_a_moment_after_the_reply_to_stls_ends_the_session(authority: Authority) -> None:
    server = stls_server(authority, {"STLS": (b"+OK begin\r\n", b"+", b"OK late\r\n", Act.HANG)})
    result = await session(server, authority, Security.STARTTLS)
    assert (result.status, result.mails, server.verbs()) == (
        GatewayStatus.CONNECTION_FAILED,
        [],
        [b"CAPA", b"STLS"],
    )


@pytest.mark.parametrize(
    ("script", "capabilities"),
    [
        ({}, CAPABILITIES),
        ({"STLS": (b"-ERR not now\r\n",)}, WITH_STLS),
        ({"STLS": (b"-ERR not now\r\n",), "CAPA": (b"-ERR what\r\n",)}, WITH_STLS),
        ({"greeting": (b"+OK you are signed in already\r\n",)}, CAPABILITIES),
        ({"STLS": (Act.USUAL, b"+OK no handshake\r\n", Act.HANG)}, WITH_STLS),
        ({"STLS": (Act.USUAL, Act.HANG)}, WITH_STLS),
        ({"STLS": (Act.USUAL, Act.CLOSE)}, WITH_STLS),
        ({"STLS": (Act.USUAL, Act.RESET)}, WITH_STLS),
    ],
)
async def test_a_server_stripped_of_its_stls_gets_no_password(
    script: dict[str, Any], capabilities: tuple[str, ...], authority: Authority
) -> None:
    server = stls_server(authority, script, capabilities)
    result = await session(server, authority, Security.STARTTLS)
    assert (result.status, result.mails) == (GatewayStatus.CONNECTION_FAILED, [])
    assert "TLS" in result.words
    assert not {b"USER", b"PASS", b"AUTH"} & set(server.verbs())


async def test_a_clear_text_server_where_tls_is_wanted_is_said_to_be_one(authority: Authority) -> None:
    server = ScriptedServer(list(MAILS))
    result = await session(server, authority, Security.TLS)
    assert result.status is GatewayStatus.CONNECTION_FAILED
    assert "before TLS" in result.words or "does not speak TLS" in result.words
    assert server.received == []


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("names", "expired", "words"),
    [
        ((), True, "has expired"),
        (("mail.example.org",), False, "not for localhost"),
    ],
)
async def test_a_bad_certificate_gets_no_password_and_is_explained(
    security: Security, names: tuple[str, ...], expired: bool, words: str, authority: Authority
) -> None:
    context = authority.server_context(*names, expired=expired)
    server = ScriptedServer(list(MAILS), STLS, WITH_STLS, context=context, implicit_tls=security is Security.TLS)
    result = await session(server, authority, security)
    assert result.status is GatewayStatus.CONNECTION_FAILED
    assert words in result.words
    assert not {b"USER", b"PASS", b"AUTH"} & set(server.verbs())


async def test_a_server_of_an_unknown_authority_gets_no_password(authority: Authority) -> None:
    server = ScriptedServer(list(MAILS), context=authority.server_context(), implicit_tls=True)
    result = await session(server, Authority(), Security.TLS)
    assert "certificate to trust" in result.words
    assert server.received == []


async def test_a_connection_cut_inside_tls_in_the_middle_of_a_mail_gives_no_mail(authority: Authority) -> None:
    script = {"RETR 2": (b"+OK\r\nSubject: half\r\n", Act.RESET)}
    server = ScriptedServer(list(MAILS), script, context=authority.server_context(), implicit_tls=True)
    result = await session(server, authority, Security.TLS)
    assert (result.mails, result.status) == (MAILS[:1], GatewayStatus.CONNECTION_FAILED)
    assert "in the middle of mail 2" in result.words
