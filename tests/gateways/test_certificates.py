"""What servers show as their certificate, what our side is told to trust, and the verdict in words: in each protocol.

The host is always checked, no password ever goes to a server that was not believed, and all protocols say the same.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from postroom.gateways.imap import ImapGateway
from postroom.gateways.pop3 import Pop3Gateway, Security
from postroom.gateways.smtp import Auth
from postroom.gateways.smtp import Security as SmtpSecurity
from postroom.gateways.tls import MinTls, TlsOptions, Trust, X509Strict, client_context, tls_words
from postroom.ports.gateways import GatewayError
from postroom.settings.certificates import der, read_certificates
from tests.gateways.test_smtp.world import PASSWORD, gateway, plain_options
from tests.support import minting
from tests.support.imap_options import clear_text as imap_options
from tests.support.imap_script import CAPABILITIES as IMAP_CAPABILITIES
from tests.support.imap_script import ScriptedImap
from tests.support.one_session import collect
from tests.support.pop3_options import clear_text
from tests.support.pop3_script import Act
from tests.support.pop3_script import ScriptedServer as Pop3Server
from tests.support.smtp_script import ScriptedServer as SmtpServer

CA = minting.authority()
OTHER = minting.authority("Another Authority")
INTERMEDIATE = minting.authority("Intermediate", CA)
OLD_CA = minting.authority("Old Authority", key_ids=False)
EXPIRED_CA = minting.authority("Expired Authority", expired=True)
RSA_CA = minting.authority("RSA Authority", key=rsa.generate_private_key(65_537, 2048))
WEAK_CA = minting.authority("Weak Authority", key=minting.weak_key())
GOOD = minting.server(CA, "localhost")
BELOW = minting.server(INTERMEDIATE, "localhost")
SELF = minting.server(None, "localhost")
STLS = {"STLS": (Act.USUAL, Act.TLS)}
MAILS = [b"Subject: one\r\n\r\nhello\r\n"]


def trusting(*files: bytes, **more: object) -> TlsOptions:
    """Trust exactly what is in these files, each read as a `.cer` file is."""
    certificates = tuple(one for content in files for one in der(read_certificates(content)))
    return replace(TlsOptions(trust=Trust.ONLY, certificates=certificates), **more)  # type: ignore[arg-type] # fields by name


@dataclass(frozen=True)
class Case:
    """A server's side and our side, and the words of the refusal; none where the server is to be believed."""

    name: str
    server: Callable[[], ssl.SSLContext]
    words: str = ""
    ours: TlsOptions = field(default_factory=lambda: trusting(CA.der))
    host: str = "localhost"


def plain(minted: minting.Minted) -> Callable[[], ssl.SSLContext]:
    return lambda: minting.context(minted)


CASES = (
    Case("good", plain(GOOD)),
    Case("expired", plain(minting.server(CA, "localhost", days=(-90, -1))), "of localhost has expired"),
    Case("not yet valid", plain(minting.server(CA, "localhost", days=(1, 90))), "is not valid yet: check the clock"),
    Case("another host", plain(minting.server(CA, "mail.example.org")), "is not for localhost"),
    Case("another of its names", plain(minting.server(CA, "mail.example.org", "localhost"))),
    Case("common name only", plain(minting.server(CA, subject="localhost")), "is not for localhost"),
    Case("common name beside another", plain(minting.server(CA, "x.example", subject="localhost")), "not for"),
    Case("wildcard over nothing", plain(minting.server(CA, "*.localhost")), "is not for localhost"),
    Case("wildcard over all", plain(minting.server(CA, "*")), "is not for localhost"),
    Case("its address", plain(minting.server(CA, "127.0.0.1")), host="127.0.0.1"),
    Case("another address", plain(minting.server(CA, "127.0.0.2")), "not for the address 127.0.0.1", host="127.0.0.1"),
    Case("a name for an address", plain(GOOD), "use the host name it was made for", host="127.0.0.1"),
    Case("self-signed and unknown", plain(SELF), "is self-signed: give it as a certificate to trust"),
    Case("self-signed and known", plain(SELF), ours=trusting(SELF.pem)),
    Case("another authority", plain(minting.server(OTHER, "localhost")), "give that authority's certificate to trust"),
    Case("a private one under the system's trust", plain(GOOD), "authority", TlsOptions()),
    Case("added to the system's trust", plain(GOOD), ours=replace(trusting(CA.der), trust=Trust.ADD)),
    Case("without its intermediate", lambda: minting.context(BELOW, sends=()), "authority unknown here"),
    Case("intermediate sent", plain(BELOW)),
    Case("intermediate known", lambda: minting.context(BELOW, sends=()), ours=trusting(INTERMEDIATE.der, CA.der)),
    Case("the intermediate alone known", plain(BELOW), ours=trusting(INTERMEDIATE.der)),
    Case("bundle", plain(BELOW), ours=trusting(OTHER.pem + CA.pem)),
    Case("PKCS#7", plain(GOOD), ours=trusting(OTHER.as_pkcs7(CA))),
    Case("PKCS#7 as PEM", plain(GOOD), ours=trusting(CA.as_pkcs7(encoding=Encoding.PEM))),
    Case("weak key", plain(minting.server(CA, "localhost", key=minting.weak_key())), "key in the certificate"),
    Case("weak authority", plain(minting.server(WEAK_CA, "localhost")), "too weak", trusting(WEAK_CA.der)),
    Case("SHA-1", plain(minting.server(RSA_CA, "localhost", sha1=True)), "too weak", trusting(RSA_CA.der)),
    Case("expired authority", plain(minting.server(EXPIRED_CA, "localhost")), "expired", trusting(EXPIRED_CA.der)),
    Case("TLS 1.1", lambda: minting.context(GOOD, oldest=True), "localhost"),
    Case("key ids missing", plain(minting.server(OLD_CA, "localhost", key_ids=False)), ours=trusting(OLD_CA.der)),
    Case(
        "key ids missing, strictly",
        plain(minting.server(OLD_CA, "localhost", key_ids=False)),
        "x509_strict: off accepts it",
        trusting(OLD_CA.der, x509_strict=X509Strict.ON),
    ),
    Case("pinned", plain(GOOD), ours=trusting(CA.der, pins=frozenset({GOOD.pin}))),
    Case("pin in reserve", plain(GOOD), ours=trusting(CA.der, pins=frozenset({SELF.pin, GOOD.pin}))),
    Case("not pinned", plain(GOOD), "is none of those pinned", trusting(CA.der, pins=frozenset({SELF.pin}))),
    Case("the authority's key is no pin", plain(GOOD), "none of those", trusting(CA.der, pins=frozenset({CA.pin}))),
    Case("a pin saves no expired one", plain(minting.server(CA, "localhost", days=(-9, -1))), "has expired"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_pop3_judges_the_certificate(case: Case, security: Security) -> None:
    await over_pop3(case, security)


async def over_pop3(case: Case, security: Security) -> None:
    capabilities = ("UIDL", "STLS", "PIPELINING")
    implicit = security is Security.TLS
    server = Pop3Server(list(MAILS), STLS, capabilities, context=case.server(), implicit_tls=implicit)
    async with server.serving():
        options = replace(clear_text(server.port), host=case.host, security=security, tls=case.ours)
        result = await collect(Pop3Gateway(options))
    assert case.words in result.words
    assert (result.mails == MAILS) == (not case.words)
    assert case.words == "" or not {b"USER", b"PASS", b"AUTH"} & set(server.verbs())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_imap_judges_the_certificate_in_the_same_words(case: Case, security: Security) -> None:
    begin = {"STARTTLS": (b"<tag> OK begin\r\n", Act.TLS)}
    server = ScriptedImap({1: MAILS[0]}, begin, (*IMAP_CAPABILITIES, "STARTTLS"), context=case.server())
    server.implicit_tls = security is Security.TLS
    async with server.serving():
        options = imap_options(server.port, host=case.host, security=security, tls=case.ours)
        result = await collect(ImapGateway(options))
    assert case.words in result.words
    assert (result.mails == MAILS) == (not case.words)
    assert case.words == "" or not {"LOGIN", "AUTHENTICATE"} & set(server.verbs())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_smtp_judges_the_certificate_in_the_same_words(case: Case, security: SmtpSecurity) -> None:
    implicit, more = security is SmtpSecurity.TLS, {"auth": Auth.PASSWORD, "user": "u", "password": PASSWORD}
    async with SmtpServer(tls=case.server(), implicit_tls=implicit, extensions=(b"STARTTLS", b"AUTH PLAIN")) as server:
        ours = plain_options(server.port, host=case.host, security=security, tls=client_context(case.ours), **more)
        async with gateway(ours) as relay:
            if case.words:
                with pytest.raises(GatewayError) as caught:
                    await relay.probe()
                assert case.words in caught.value.words
            else:
                await relay.probe()
    assert (PASSWORD.encode() in server.secrets_seen) == (not case.words)


@pytest.mark.parametrize("name", ["pinned", "not pinned", "expired", "bundle"])
def test_the_verdicts_are_the_same_on_uvloop(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    uvloop.run(over_pop3(case, Security.TLS))
    uvloop.run(over_pop3(case, Security.STARTTLS))


@pytest.mark.parametrize(
    ("shown", "host", "believed"),
    [
        ("*.example.org", "pop.example.org", True),
        ("*.example.org", "a.b.example.org", False),
        ("*.example.org", "example.org", False),
        ("p*.example.org", "pop.example.org", False),
        ("pop.example.org", "POP.example.org", True),
    ],
)
def test_a_wildcard_stands_for_exactly_one_whole_label(shown: str, host: str, believed: bool) -> None:
    assert handshake(minting.context(minting.server(CA, shown)), trusting(CA.der), host) == believed


def test_a_server_may_be_asked_for_tls_1_3() -> None:
    old = minting.context(GOOD)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert handshake(old, trusting(CA.der), "localhost")
    assert not handshake(old, trusting(CA.der, min_version=MinTls.TLS_1_3), "localhost")


def test_trust_in_one_authority_only_shuts_out_the_public_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "public.pem").write_bytes(OTHER.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    client_context.cache_clear()
    public, private = (minting.context(minting.server(by, "localhost")) for by in (OTHER, CA))
    only, added, usual = trusting(CA.der), replace(trusting(CA.der), trust=Trust.ADD), TlsOptions()
    believed = [[handshake(server, ours, "localhost") for server in (public, private)] for ours in (only, added, usual)]
    client_context.cache_clear()
    assert believed == [[False, True], [True, True], [True, False]]


def test_a_server_that_has_only_an_old_tls_is_said_to_have_it() -> None:
    with pytest.raises(ssl.SSLError) as caught:
        shake_hands(minting.context(GOOD, oldest=True), trusting(CA.der), "localhost")
    assert "offers only a TLS version older than the oldest allowed" in tls_words(caught.value, "localhost")


def handshake(server: ssl.SSLContext, ours: TlsOptions, host: str) -> bool:
    """Whether our side believes the server."""
    try:
        return shake_hands(server, ours, host)
    except ssl.SSLError:
        return False


def shake_hands(server: ssl.SSLContext, ours: TlsOptions, host: str) -> bool:
    """Shake hands in memory. Raises what our side raises."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client_context(ours).wrap_bio(down, up, server_hostname=host)
    there = server.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        with contextlib.suppress(ssl.SSLWantReadError):
            here.do_handshake()
        with contextlib.suppress(ssl.SSLError):
            there.do_handshake()
    return here.getpeercert() is not None
