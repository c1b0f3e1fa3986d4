"""Opens a connection to a server that mail is collected from: name, TCP, TLS, each with its deadline; it says nothing.

TLS begins on a stream nobody has read ahead on: what came in clear text before the handshake ends the attempt, and the
encrypted stream is read by a fresh connection that never saw the clear one (RFC 2595 §4, RFC 9051 §6.2.1).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from postroom.gateways.printable import printable
from postroom.gateways.stream import Stream
from postroom.gateways.tls import tls_words
from postroom.ports.gateways import GatewayError, GatewayStatus

Address = tuple[int, str, int]
"""Address family, numeric address, port."""
S = TypeVar("S", bound=Stream)


async def connect(host: str, port: int, seconds: float, make: Callable[[], S]) -> S:
    """Open a TCP connection, trying each address of the host in turn. Raises GatewayError."""
    peer = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    failure = f"{peer} did not answer in {seconds:g} s: check host, port and firewall"
    try:
        async with asyncio.timeout_at(end):
            addresses = await _resolve(host, port)
    except TimeoutError as error:
        raise _failed(f"the name {host} could not be looked up in {seconds:g} s") from error
    for tried, (family, address, numeric_port) in enumerate(addresses):
        share = (end - loop.time()) / (len(addresses) - tried)
        try:
            async with asyncio.timeout(share):
                _, connection = await loop.create_connection(make, address, numeric_port, family=family)
                return connection
        except TimeoutError:
            continue
        except OSError as error:
            failure = _refusal(peer, error)
    raise _failed(failure)


async def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(f"the host name {host} cannot be found: check its spelling and the name server") from error
    return [(int(family), str(where[0]), int(where[1])) for family, _, _, _, where in found]


async def secure(plain: Stream, fresh: S, host: str, context: ssl.SSLContext, seconds: float) -> S:
    """Do the TLS handshake, and give `fresh` reading the encrypted stream. Raises GatewayError."""
    _refuse_early_bytes(plain)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            transport = await loop.start_tls(plain.transport, fresh, context, server_hostname=host)
    except TimeoutError as error:
        plain.abort()
        raise _failed(
            f"the TLS handshake with {plain.peer} was not done in {seconds:g} s: check port and security"
        ) from error
    except OSError as error:  # every TLS failure is one
        plain.abort()
        raise _failed(tls_words(error, host)) from error
    except asyncio.CancelledError:
        plain.abort()
        raise
    if transport is None:
        raise _failed(tls_words(ConnectionResetError(), host))
    fresh.attach(transport)
    _refuse_early_bytes(plain)
    return fresh


def _refuse_early_bytes(plain: Stream) -> None:
    """Bytes that came in clear text before the handshake may be anybody's, and would be taken for the server's."""
    early = plain.early()
    if not early:
        return
    plain.abort()
    alien = plain.stranger(early)
    if alien:
        raise _failed(f"{plain.peer}: {alien}")
    said = f"it sent {printable(early)!r} before TLS"
    hint = "either somebody tampers with the connection, or this port wants security starttls"
    raise _failed(f"{plain.peer}: {said}: {hint}")


def _refusal(peer: str, error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"{peer} refused the connection: no server listens there; check host and port"
    return f"{peer} cannot be reached ({error.strerror or error})"


def _failed(words: str) -> GatewayError:
    return GatewayError(GatewayStatus.CONNECTION_FAILED, words)
