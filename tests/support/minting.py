"""Certificates of every kind a server may show, right and wrong, made to measure."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import NameOID

from postroom.settings.certificates import key_digest

NOW = dt.datetime.now(dt.UTC)
_SHA256_WITH_RSA, _SHA1_WITH_RSA = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("0b", "05"))
DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Minted:
    """A certificate with its key, and what signed it, nearest first; an authority's own chain is empty."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def pin(self) -> str:
        return key_digest(self.certificate)

    def as_pkcs7(self, *others: Minted, encoding: Encoding = Encoding.DER) -> bytes:
        return pkcs7.serialize_certificates([self.certificate, *(one.certificate for one in others)], encoding)


@cache
def weak_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 1024)


def authority(
    name: str = "Private Authority",
    by: Minted | None = None,
    *,
    key_ids: bool = True,
    expired: bool = False,
    key: Key | None = None,
) -> Minted:
    """An authority, signed by another or by itself; without key ids as old tools make them."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    days = (-400, -1) if expired else (-1, 365)
    builder = _builder(name, by, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(usage, critical=True)
    return _sign(builder, key, by, key_ids=key_ids)


def server(
    by: Minted | None,
    *names: str,
    subject: str = "server",
    days: tuple[int, int] = (-1, 90),
    key: Key | None = None,
    sha1: bool = False,
    key_ids: bool = True,
) -> Minted:
    """A server's certificate for these names or addresses; signed by itself where there is no authority."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(subject, by, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
    minted = _sign(builder, key, by, key_ids=key_ids)
    return _signed_with_sha1(minted, by) if sha1 and by else minted


def context(minted: Minted, *, sends: Sequence[x509.Certificate] | None = None, oldest: bool = False) -> ssl.SSLContext:
    """A server's side: its certificate and what it sends along (its whole chain unless told otherwise)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("DEFAULT:@SECLEVEL=0")
    if oldest:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            made.minimum_version, made.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    key = minted.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    along = minted.chain if sends is None else sends
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.write_bytes(key + minted.pem + b"".join(one.public_bytes(Encoding.PEM) for one in along))
        made.load_cert_chain(path)
    return made


def _builder(name: str, by: Minted | None, key: Key, days: tuple[int, int]) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
    )


def _sign(builder: x509.CertificateBuilder, key: Key, by: Minted | None, *, key_ids: bool) -> Minted:
    signer = by.key if by else key
    if key_ids:
        ours = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(ours, critical=False).add_extension(theirs, critical=False)
    chain = (by.certificate, *by.chain) if by else ()
    return Minted(builder.sign(signer, hashes.SHA256()), key, chain)


def _signed_with_sha1(minted: Minted, by: Minted) -> Minted:
    """The same certificate with a signature that no library gives any more; the authority has an RSA key."""
    assert isinstance(by.key, rsa.RSAPrivateKey)
    signed = minted.certificate.tbs_certificate_bytes
    old = signed.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    signature = by.key.sign(old, padding.PKCS1v15(), hashes.SHA1())
    whole = minted.der.replace(signed, old).replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    certificate = x509.load_der_x509_certificate(whole[: -len(signature)] + signature)
    return Minted(certificate, minted.key, minted.chain)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
