"""Builds the TLS side of every client connection, and says in words why a server's certificate was not believed.

It never turns off verification: the chain and the host name are always checked.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from postroom.errors import ConfigurationError
from postroom.settings.certificates import key_digest_of


class Trust(Enum):
    """Whose signature counts: the system's authorities, those and the given ones, or the given ones alone."""

    SYSTEM = "system"
    ADD = "add"
    ONLY = "only"


class MinTls(Enum):
    """The oldest TLS spoken; anything older than 1.2 is not offered at all (RFC 8996)."""

    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class X509Strict(Enum):
    """Whether certificates must keep to RFC 5280 to the letter; `auto` asks it under the system's trust alone."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """What a server has to prove; `certificates` are DER, `pins` SHA-256 of public keys in hex, any of which does."""

    trust: Trust = Trust.SYSTEM
    certificates: tuple[bytes, ...] = ()
    pins: frozenset[str] = frozenset()
    min_version: MinTls = MinTls.TLS_1_2
    x509_strict: X509Strict = X509Strict.AUTO


_VERSIONS = {MinTls.TLS_1_2: ssl.TLSVersion.TLSv1_2, MinTls.TLS_1_3: ssl.TLSVersion.TLSv1_3}


class PinMismatch(ssl.SSLError):
    """The server proved its name with a key that is none of the pinned ones; `key` is its SHA-256 in hex."""

    def __init__(self, key: str) -> None:
        super().__init__(1, f"the key {key} is not pinned")
        self.key = key


class _Pinned(ssl.SSLObject):
    """A connection whose handshake fails unless the server's own key is a pinned one, before a byte is sent in it."""

    def do_handshake(self) -> None:
        super().do_handshake()
        key = key_digest_of(self.getpeercert(binary_form=True) or b"")
        if isinstance(self.context, _PinningContext) and key not in self.context.pins:
            raise PinMismatch(key)


class _PinningContext(ssl.SSLContext):
    sslobject_class = _Pinned
    pins: frozenset[str] = frozenset()


@lru_cache(maxsize=128)
def client_context(options: TlsOptions) -> ssl.SSLContext:
    """A context for these options, shared by all who give the same. Raises ConfigurationError for unreadable trust."""
    return unshared_context(options)


def unshared_context(options: TlsOptions) -> ssl.SSLContext:
    """The same for who changes it. Raises ConfigurationError."""
    context = _context(options.pins)
    context.check_hostname = True
    # RFC 9525 §2: a name stands in subjectAltName; the common name was never meant to be one
    context.hostname_checks_common_name = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = _VERSIONS[options.min_version]
    # The same on every machine, whatever its OpenSSL was built with: no RSA below 2048 bits, no SHA-1 signature.
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    _load_trust(context, options)
    _set_strictness(context, options)
    return context


def _context(pins: frozenset[str]) -> ssl.SSLContext:
    if not pins:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = _PinningContext(ssl.PROTOCOL_TLS_CLIENT)
    context.pins = pins
    return context


def _load_trust(context: ssl.SSLContext, options: TlsOptions) -> None:
    if options.trust is not Trust.SYSTEM and not options.certificates:
        raise ConfigurationError(f"trust: {options.trust.value} needs a certificate to trust, and none is given")
    if options.trust is not Trust.ONLY:
        context.load_default_certs()
    if options.trust is Trust.SYSTEM:
        return
    try:
        context.load_verify_locations(cadata=b"".join(options.certificates))
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(f"a certificate to trust cannot be used ({error})") from error
    # an administrator may trust a server's own certificate, or an intermediate one, without what signed it
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _set_strictness(context: ssl.SSLContext, options: TlsOptions) -> None:
    # Python 3.13 turned VERIFY_X509_STRICT on in some contexts; here every version gives the same verdict
    if options.x509_strict is X509Strict.ON or (
        options.x509_strict is X509Strict.AUTO and options.trust is Trust.SYSTEM
    ):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    else:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT


_VERIFY_WORDS = {
    9: "the certificate of {host} is not valid yet: check the clock of this machine",
    10: "the certificate of {host} has expired: its owner has to renew it",
    18: "the certificate of {host} is self-signed: give it as a certificate to trust, if it is the right one",
    19: "the certificate of {host} was signed by a private authority: give that authority's certificate to trust",
    20: "the certificate of {host} was signed by an authority unknown here, or the server does not send its"
    " intermediate certificate: give that authority's certificate to trust",
    21: "{host} does not send its intermediate certificate, or its authority is unknown: give that certificate",
    23: "the certificate of {host} has been revoked",
    62: "the certificate is not for {host} (its subjectAltName counts, not its CN): check host, or the server",
    64: "the certificate is not for the address {host}: use the host name it was made for",
    66: "the key in the certificate of {host} is too weak",
    67: "the key of the authority that signed the certificate of {host} is too weak",
    68: "the signature on the certificate of {host} is too weak",
}
_STRICT_CODES = range(80, 95)
"""OpenSSL's verdicts that only its strict reading of RFC 5280 gives."""
_REASON_WORDS = {
    "WRONG_VERSION_NUMBER": "{host} does not speak TLS on this port: check the port, or set security to starttls",
    "RECORD_LAYER_FAILURE": "{host} does not speak TLS on this port: check the port, or set security to starttls",
    "PACKET_LENGTH_TOO_LONG": "{host} does not speak TLS on this port: check the port, or set security to starttls",
    "HTTP_REQUEST": "{host} is a web server on this port: check the port",
    "UNSUPPORTED_PROTOCOL": "{host} offers only a TLS version older than the oldest allowed",
    "TLSV1_ALERT_PROTOCOL_VERSION": "{host} offers only a TLS version older than the oldest allowed",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "{host} and this machine share no TLS cipher, or it wants a client certificate",
    "UNEXPECTED_EOF_WHILE_READING": "{host} ended the connection in the middle of the TLS handshake",
}


def tls_words(error: BaseException, host: str) -> str:
    """Say what went wrong in a TLS handshake with `host`, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _VERIFY_WORDS.get(error.verify_code)
        if known:
            return known.format(host=host)
        hint = "; x509_strict: off accepts it" if error.verify_code in _STRICT_CODES else ""
        return f"the certificate of {host} is not valid: {error.verify_message}{hint}"
    if isinstance(error, PinMismatch):
        return (
            f"the key of {host} is none of those pinned: its SHA-256 is {error.key}. Either the server has a new key,"
            " and its pin has to be added, or it is not the server it should be"
        )
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        known = _REASON_WORDS.get(reason)
        return known.format(host=host) if known else f"the TLS handshake with {host} failed: {reason or error}"
    return f"{host} ended the connection in the middle of the TLS handshake"
