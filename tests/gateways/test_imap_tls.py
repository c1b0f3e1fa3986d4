"""An IMAP session over TLS: from the start or from STARTTLS on, and never with a server that is not believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop

from postroom.gateways.imap import ImapGateway, ImapOptions
from postroom.gateways.reading import Security
from postroom.gateways.tls import TlsOptions, Trust
from postroom.ports.gateways import GatewayStatus
from tests.gateways.test_imap_session import MAILS, server
from tests.support.certificates import Authority
from tests.support.imap_options import clear_text, hasty
from tests.support.imap_script import CAPABILITIES, Act, ScriptedImap
from tests.support.one_session import collect

STARTTLS: dict[str, Any] = {"STARTTLS": (b"<tag> OK begin\r\n", Act.TLS)}
WITH_STARTTLS = (*CAPABILITIES, "STARTTLS")


def secured(port: int, authority: Authority, security: Security) -> ImapOptions:
    trust = TlsOptions(trust=Trust.ONLY, certificates=(authority.der,))
    return clear_text(port, host="localhost", security=security, allow_plaintext=False, tls=trust)


async def over_tls(box: ScriptedImap, authority: Authority, security: Security) -> list[bytes]:
    async with box.serving():
        return (await collect(ImapGateway(secured(box.port, authority, security)))).mails


def test_mails_arrive_over_tls_and_starttls_on_either_loop(authority: Authority) -> None:
    for run in (asyncio.run, uvloop.run):
        implicit = server(context=authority.server_context(), implicit_tls=True)
        assert run(over_tls(implicit, authority, Security.TLS)) == list(MAILS.values())
        demanded = server(context=authority.server_context(), capabilities=WITH_STARTTLS, script=STARTTLS)
        assert run(over_tls(demanded, authority, Security.STARTTLS)) == list(MAILS.values())
        assert demanded.verbs()[:3] == ["CAPABILITY", "STARTTLS", "CAPABILITY"]


@pytest.mark.parametrize(
    ("script", "capabilities", "words"),
    [
        ({}, CAPABILITIES, "does not offer TLS"),
        ({"STARTTLS": (b"<tag> NO not now\r\n",)}, WITH_STARTTLS, "does not offer TLS"),
        ({"STARTTLS": (b"<tag> BAD what\r\n",)}, WITH_STARTTLS, "does not offer TLS"),
        ({"greeting": (b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n",)}, WITH_STARTTLS, "PREAUTH"),
        ({"STARTTLS": (b"<tag> OK begin\r\n* OK injected\r\n", Act.TLS)}, WITH_STARTTLS, "before TLS"),
        ({"STARTTLS": (b"<tag> OK begin\r\na3 OK injected\r\n" * 4, Act.TLS)}, WITH_STARTTLS, "before TLS"),
        ({"STARTTLS": (b"<tag> OK begin\r\n", b"*", Act.HANG)}, WITH_STARTTLS, "TLS"),
        ({"STARTTLS": (b"<tag> OK begin\r\n", Act.HANG)}, WITH_STARTTLS, "TLS handshake"),
        ({"STARTTLS": (b"<tag> OK begin\r\n", Act.CLOSE)}, WITH_STARTTLS, "TLS handshake"),
        ({"STARTTLS": (b"<tag> OK begin\r\n", b"* OK no handshake\r\n", Act.HANG)}, WITH_STARTTLS, "TLS"),
    ],
)
async def test_a_server_stripped_of_its_starttls_gets_no_password(
    script: dict[str, Any], capabilities: tuple[str, ...], words: str, authority: Authority
) -> None:
    box = server(context=authority.server_context(), capabilities=capabilities, script=script)
    async with box.serving():
        result = await collect(ImapGateway(hasty(secured(box.port, authority, Security.STARTTLS))))
    assert (result.status, result.mails) == (GatewayStatus.CONNECTION_FAILED, [])
    assert words in result.words
    assert not {"LOGIN", "AUTHENTICATE"} & set(box.verbs())


async def test_a_server_that_is_not_believed_gets_no_password(authority: Authority) -> None:
    box = server(context=authority.server_context(), implicit_tls=True)
    async with box.serving():
        result = await collect(ImapGateway(secured(box.port, Authority(), Security.TLS)))
    assert "give that authority's certificate to trust" in result.words
    assert box.received == []
