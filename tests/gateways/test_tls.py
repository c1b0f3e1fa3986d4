"""Which server certificates are believed, and what is said of those that are not."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from postroom.errors import ConfigurationError
from postroom.gateways.tls import MinTls, TlsOptions, Trust, X509Strict, client_context, tls_words
from tests.support.certificates import Authority

OTHER = Authority()


def only(*certificates: bytes) -> TlsOptions:
    return TlsOptions(trust=Trust.ONLY, certificates=certificates)


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A server that says hello."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK hello\r\n")
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def greeting(options: TlsOptions, server: ssl.SSLContext | None, host: str = "localhost") -> str:
    """What the client reads, or what it says of the handshake."""
    async with listening(server) as port:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client_context(options), server_hostname=host
            )
        except OSError as error:
            return tls_words(error, host)
        line = await reader.readline()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return line.decode()


async def test_a_server_signed_by_a_given_authority_is_believed_alone_or_beside_others(authority: Authority) -> None:
    for certificates in ((authority.der,), (authority.der, OTHER.der), (OTHER.der, authority.der)):
        for trust in (Trust.ONLY, Trust.ADD):
            options = TlsOptions(trust=trust, certificates=certificates)
            assert await greeting(options, authority.server_context()) == "+OK hello\r\n"


async def test_a_servers_own_certificate_can_be_trusted_without_its_authority(authority: Authority) -> None:
    server = authority.server_context()
    async with listening(server) as port:
        own = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    der = ssl.PEM_cert_to_DER_cert(own)
    assert await greeting(only(der), server) == "+OK hello\r\n"
    assert "authority" in await greeting(only(der), authority.server_context())


@pytest.mark.parametrize(
    "options", [TlsOptions(), only(OTHER.der), TlsOptions(trust=Trust.ADD, certificates=(OTHER.der,))]
)
async def test_a_server_of_an_unknown_authority_is_not_believed(options: TlsOptions, authority: Authority) -> None:
    words = await greeting(options, authority.server_context())
    assert "authority" in words
    assert "certificate to trust" in words


async def test_an_expired_certificate_a_wrong_name_and_a_wrong_address_are_told_apart(authority: Authority) -> None:
    trusting = only(authority.der)
    assert "has expired" in await greeting(trusting, authority.server_context(expired=True))
    assert "not for localhost" in await greeting(trusting, authority.server_context("mail.example.org"))
    assert "not for the address 127.0.0.1" in await greeting(
        trusting, authority.server_context("localhost"), "127.0.0.1"
    )


async def test_a_server_without_tls_or_with_an_old_one_is_said_to_be_so(authority: Authority) -> None:
    old = authority.server_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    modern = TlsOptions(trust=Trust.ONLY, certificates=(authority.der,), min_version=MinTls.TLS_1_3)
    assert "does not speak TLS on this port" in await greeting(only(authority.der), None)
    assert "older than the oldest allowed" in handshake_words(modern, old)
    assert await greeting(only(authority.der), old) == "+OK hello\r\n"


def handshake_words(options: TlsOptions, server: ssl.SSLContext) -> str:
    """What the client says of a server whose refusal reaches it as a TLS alert."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_side = client_context(options).wrap_bio(to_client, to_server, server_hostname="localhost")
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client_side, server_side):
        with contextlib.suppress(ssl.SSLError):
            side.do_handshake()
    with pytest.raises(ssl.SSLError) as raised:
        client_side.do_handshake()
    return tls_words(raised.value, "localhost")


def test_the_chain_the_name_and_a_modern_tls_are_asked_of_every_server() -> None:
    for options in (TlsOptions(), only(OTHER.der), TlsOptions(x509_strict=X509Strict.OFF)):
        context = client_context(options)
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def bare_authority() -> tuple[bytes, ssl.SSLContext]:
    """An authority and a server as many firms make them: no key identifiers, which RFC 5280 asks for."""
    now = dt.datetime.now(dt.UTC)

    def sign(name: str, issuer: str, extensions: list[tuple[x509.ExtensionType, bool]]) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            public_key=keys[name].public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=1),
            not_valid_after=now + dt.timedelta(days=1),
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(keys[issuer], hashes.SHA256())

    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("bare authority", "localhost")}
    ca = sign("bare authority", "bare authority", [(x509.BasicConstraints(True, None), True)])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    leaf = sign("localhost", "bare authority", [(names, False)])
    return ca.public_bytes(serialization.Encoding.DER), _serving(leaf, keys["localhost"])


def _serving(leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    import tempfile

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(leaf.public_bytes(serialization.Encoding.PEM))
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def test_a_private_authority_without_key_identifiers_is_accepted_unless_strictness_is_on() -> None:
    ca, server = bare_authority()
    verdicts = {
        strict: await greeting(TlsOptions(trust=Trust.ONLY, certificates=(ca,), x509_strict=strict), server)
        for strict in X509Strict
    }
    assert verdicts[X509Strict.AUTO] == verdicts[X509Strict.OFF] == "+OK hello\r\n"
    assert "x509_strict: off accepts it" in verdicts[X509Strict.ON]


@pytest.mark.parametrize(
    "certificate", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAA\n", b"-----BEGIN PKCS7-----\n"]
)
def test_a_certificate_that_cannot_be_read_is_a_mistake_in_the_configuration(certificate: bytes) -> None:
    with pytest.raises(ConfigurationError):
        client_context(only(certificate))


def test_trust_in_given_certificates_needs_one() -> None:
    with pytest.raises(ConfigurationError, match="none is given"):
        client_context(TlsOptions(trust=Trust.ONLY))


def test_gateways_with_the_same_trust_share_one_context() -> None:
    assert client_context(only(OTHER.der)) is client_context(only(OTHER.der))
