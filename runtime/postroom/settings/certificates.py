"""Certificates a tenant trusts: how they are set, and how a `.cer` file is read, whatever form it has.

It is in charge of DER, PEM, bundles and PKCS#7, and of what people are shown of a certificate; whom a gateway trusts is
gateways/tls.py's.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from msgspec import Struct

from postroom.errors import ConfigurationError
from postroom.settings.rules import AtMost, Check, Mark, Name, OneOf

LARGEST = 1 << 20
MOST = 1_000
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=\Z")
_CAUGHT = (ValueError, UnsupportedAlgorithm, TypeError)


def pin_digest(text: str) -> str | None:
    """The SHA-256 of a pin in hex, written in hex or base64, with or without `sha256/` before it; None for no pin."""
    bare = text.removeprefix("sha256/")
    if _HEX.match(bare):
        return bare.lower()
    return b64decode(bare).hex() if _BASE64.match(bare) else None


Pin = Annotated[
    str,
    Check(lambda text: pin_digest(text) is not None, "must be the SHA-256 of a public key, in 64 hex digits or base64"),
]


class Certificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trust that gateways may name: an authority (`ca`), or the very keys a server may have (`pin`)."""

    name: Name
    type: Annotated[str, OneOf(("CER",))] = "CER"
    file: Annotated[str, AtMost(4096, least=1)] | None = None
    """Relative to the configuration folder. For a `pin`, each certificate in it is one more key that is right."""
    pem: Annotated[str, Mark.LINES, AtMost(LARGEST, least=1)] | None = None
    """The certificates themselves in PEM, instead of a file."""
    purpose: Annotated[str, OneOf(("ca", "pin"))] = "ca"
    trust: Annotated[str, OneOf(("add", "only"))] = "add"
    pins: Annotated[tuple[Pin, ...], AtMost(100)] = ()


class Shown(Struct, frozen=True, kw_only=True):
    """What people are told of one certificate; `fingerprint` and `key` are SHA-256 in hex, of all of it and its key."""

    subject: str
    issuer: str
    fingerprint: str
    key: str
    begins_at: datetime
    expires_at: datetime


def read_file(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate in the file. Raises ConfigurationError with the path and why it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or "not a file name"
        raise ConfigurationError(f"the file {path} cannot be read: {words}") from error
    if len(content) > LARGEST:
        raise ConfigurationError(f"the file {path} is larger than 1 MB")
    try:
        return read_certificates(content)
    except ConfigurationError as error:
        raise ConfigurationError(f"the file {path} {error}") from error


def read_certificates(content: bytes) -> tuple[x509.Certificate, ...]:
    """Every certificate in these bytes. Raises ConfigurationError; its text goes on after "the file ..."."""
    if b"PRIVATE KEY-----" in content:
        raise ConfigurationError("holds a private key, which belongs to the server alone: give the certificate")
    try:
        found = _read_pem(content) if b"-----BEGIN" in content else _read_der(content)
    except _CAUGHT as error:
        raise ConfigurationError("is not a certificate in DER, PEM or PKCS#7") from error
    if not 0 < len(found) <= MOST:
        raise ConfigurationError(f"holds {len(found)} certificates: at least one is needed, and {MOST:,} are most")
    return found


def shown(certificate: x509.Certificate) -> Shown:
    """What there is to show of a certificate."""
    return Shown(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        key=key_digest(certificate),
        begins_at=certificate.not_valid_before_utc,
        expires_at=certificate.not_valid_after_utc,
    )


def key_digest(certificate: x509.Certificate) -> str:
    """The SHA-256 of its public key (SubjectPublicKeyInfo, RFC 7469 §2.4) in hex; empty for a key of unknown kind."""
    try:
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except _CAUGHT:
        return ""
    return sha256(key).hexdigest()


def key_digest_of(der: bytes) -> str:
    """The same of a certificate as it came over the wire; empty where it cannot be read."""
    try:
        return key_digest(x509.load_der_x509_certificate(der))
    except _CAUGHT:
        return ""


def pins(certificate: Certificate, folder: Path) -> frozenset[str]:
    """Every digest that a pin allows. Raises ConfigurationError."""
    written = {digest for text in certificate.pins if (digest := pin_digest(text))}
    return frozenset(written | {key_digest(one) for one in files(certificate, folder)} - {""})


def files(certificate: Certificate, folder: Path) -> tuple[x509.Certificate, ...]:
    """The certificates it holds, in its file or itself, none where it has neither. Raises ConfigurationError."""
    if certificate.pem is not None:
        try:
            return read_certificates(certificate.pem.encode())
        except ConfigurationError as error:
            raise ConfigurationError(f"the text {error}") from error
    return read_file(folder / certificate.file) if certificate.file is not None else ()


def has_none(certificate: Certificate) -> bool:
    """Whether it has no certificates, neither in a file nor itself."""
    return certificate.file is None and certificate.pem is None


def der(certificates: Iterable[x509.Certificate]) -> tuple[bytes, ...]:
    """Each as DER."""
    return tuple(one.public_bytes(Encoding.DER) for one in certificates)


def _read_pem(content: bytes) -> tuple[x509.Certificate, ...]:
    if b"-----BEGIN PKCS7" in content or b"-----BEGIN CMS" in content:
        return tuple(pkcs7.load_pem_pkcs7_certificates(content))
    return tuple(x509.load_pem_x509_certificates(content))


def _read_der(content: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return (x509.load_der_x509_certificate(content),)
    except _CAUGHT:
        return tuple(pkcs7.load_der_pkcs7_certificates(content))
