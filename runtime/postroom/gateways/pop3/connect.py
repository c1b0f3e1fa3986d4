"""Opens the connection to a POP3 server: name, TCP, TLS, each with its deadline; it sends no POP3 command.

TLS begins on a stream nobody has read ahead on: what came in clear text before the handshake ends the attempt, and the
encrypted stream is read by a fresh connection that never saw the clear one (RFC 2595 §4).
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from postroom.gateways.pop3.connection import Connection
from postroom.gateways.pop3.options import Deadlines
from postroom.gateways.pop3.replies import printable, stranger
from postroom.gateways.tls import tls_words
from postroom.ports.gateways import GatewayError, GatewayStatus

Address = tuple[int, str, int]
"""Address family, numeric address, port."""


async def connect(host: str, port: int, deadlines: Deadlines) -> Connection:
    """Open a TCP connection, trying each address of the host in turn. Raises GatewayError."""
    peer = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    end = loop.time() + deadlines.connect
    failure = f"{peer} did not answer in {deadlines.connect:g} s: check host, port and firewall"
    try:
        async with asyncio.timeout_at(end):
            addresses = await _resolve(host, port)
    except TimeoutError as error:
        raise _failed(f"the name {host} could not be looked up in {deadlines.connect:g} s") from error
    for tried, (family, address, numeric_port) in enumerate(addresses):
        share = (end - loop.time()) / (len(addresses) - tried)
        try:
            async with asyncio.timeout(share):
                _, connection = await loop.create_connection(
                    lambda: Connection(peer, deadlines.idle), address, numeric_port, family=family
                )
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


async def secure(plain: Connection, host: str, context: ssl.SSLContext, seconds: float) -> Connection:
    """Do the TLS handshake and give the connection that reads the encrypted stream. Raises GatewayError."""
    _refuse_early_bytes(plain)
    fresh = Connection(plain.peer, plain.idle)
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


def _refuse_early_bytes(plain: Connection) -> None:
    """Bytes that came in clear text before the handshake may be anybody's, and would be taken for the server's."""
    early = plain.inbound.peek()
    if not early:
        return
    plain.abort()
    if early.startswith((b"+OK", b"-ERR")):
        hint = "it speaks before TLS: either somebody tampers with the connection, or this port wants security starttls"
    else:
        hint = stranger(early) or f"it sent {printable(early)!r} before TLS"
    raise _failed(f"{plain.peer}: {hint}")


def _refusal(peer: str, error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return f"{peer} refused the connection: no server listens there; check host and port"
    return f"{peer} cannot be reached ({error.strerror or error})"


def _failed(words: str) -> GatewayError:
    return GatewayError(GatewayStatus.CONNECTION_FAILED, words)
