"""Opens a connection to the relay: dial, encrypt, be greeted, introduce ourselves, sign in.

Whatever goes wrong here is the gateway's fault and no mail's, so it all ends as a GatewayError in words. No password
goes out before the encryption that was asked for is up.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import partial

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from postroom.gateways.oauth2 import with_fresh_token
from postroom.gateways.smtp.connection import Connection
from postroom.gateways.smtp.options import Security, SmtpOptions
from postroom.gateways.smtp.replies import Broken, Reply, in_words
from postroom.gateways.smtp.sign_in import sign_in
from postroom.gateways.tls import TlsOptions, client_context, tls_words
from postroom.ports.gateways import GatewayError, GatewayStatus


async def open_connection(options: SmtpOptions) -> Connection:
    """Give a connection on which MAIL can be said; raises GatewayError."""
    return await with_fresh_token(options.token, partial(_open, options))


async def _open(options: SmtpOptions) -> Connection:
    dialled = await _dial(options)
    name = options.ehlo_name or _address_literal(dialled)
    connection = Connection(await _greeted(options, dialled, name), options.place)
    try:
        await _introduce(connection, options, name)
        if options.security is Security.STARTTLS:
            await _encrypt(connection, options)
            await _introduce(connection, options, name)
        await sign_in(connection, options)
    except Broken as broken:
        raise gateway_failure(options, broken.reply) from broken
    except BaseException:
        connection.abort()
        raise
    return connection


def gateway_failure(options: SmtpOptions, reply: Reply) -> GatewayError:
    """What a refusal before any mail makes of the gateway: 4yz asks to come back later, all else failed."""
    if 400 <= reply.code < 500:  # noqa: PLR2004 RFC 5321 §4.2.1
        return GatewayError(GatewayStatus.THROTTLED, f"{options.place} is not ready for us now: {reply}")
    words = f"{options.place} turned us away: {reply}" if reply.code else reply.words
    return GatewayError(GatewayStatus.CONNECTION_FAILED, words)


async def _dial(options: SmtpOptions) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(options.deadlines.connect):
            found = await loop.getaddrinfo(options.host, options.actual_port, type=socket.SOCK_STREAM)
            return await _first_to_answer(found)
    except TimeoutError as error:
        waited = options.deadlines.connect
        words = f"{options.place} did not answer within {waited:g} s: check host, port and firewall"
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words) from error
    except (socket.gaierror, UnicodeError) as error:
        words = f"the name {options.host} is not known: check host, and the name service of this machine"
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words) from error
    except OSError as error:
        words = f"{options.place} cannot be reached ({error.strerror or error}): check host and port"
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words) from error


Found = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]]


async def _first_to_answer(found: Found) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        dialled = socket.socket(family, kind, protocol)
        dialled.setblocking(False)
        try:
            await loop.sock_connect(dialled, address)
        except OSError as error:
            dialled.close()
            failure = error
        except BaseException:
            dialled.close()
            raise
        else:
            return dialled
    raise failure


def _address_literal(dialled: socket.socket) -> str:
    # RFC 5321 §4.1.3 and §4.1.4: without a name of our own we give our address.
    ours = str(dialled.getsockname()[0])
    return f"[IPv6:{ours}]" if ":" in ours else f"[{ours}]"


async def _greeted(options: SmtpOptions, dialled: socket.socket, name: str) -> SMTP:
    implicit = options.security is Security.TLS
    client = SMTP(
        hostname=options.host,
        sock=dialled,
        local_hostname=name,
        use_tls=implicit,
        start_tls=False,
        tls_context=(options.tls or client_context(TlsOptions())) if implicit else None,
    )
    waits = options.deadlines.command + (options.deadlines.tls if implicit else 0)
    try:
        async with asyncio.timeout(waits):
            await client.connect(timeout=None)
    except SMTPResponseException as error:
        raise _bad_greeting(options, error) from error
    except (OSError, SMTPException) as error:
        raise _no_greeting(options, error, waits) from error
    except BaseException:
        client.close()
        raise
    return client


def _bad_greeting(options: SmtpOptions, error: SMTPResponseException) -> GatewayError:
    if error.code < 0:
        words = f"{options.place} does not speak SMTP here: check port and security"
        return GatewayError(GatewayStatus.CONNECTION_FAILED, words)
    return gateway_failure(options, Reply(error.code, in_words(error.message)))


def _no_greeting(options: SmtpOptions, error: Exception, waited: float) -> GatewayError:
    if found := _tls_fault(error):
        return GatewayError(GatewayStatus.CONNECTION_FAILED, tls_words(found, options.host))
    if isinstance(error, TimeoutError):
        words = f"{options.place} accepted the connection and said nothing within {waited:g} s: check port and security"
    else:
        words = f"{options.place} closed the connection before greeting: check port and security"
    return GatewayError(GatewayStatus.CONNECTION_FAILED, words)


def _tls_fault(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__
    return error


async def _introduce(connection: Connection, options: SmtpOptions, name: str) -> None:
    reply = await connection.ehlo(name, options.deadlines.command)
    if not reply.is_positive:
        raise gateway_failure(options, reply)


async def _encrypt(connection: Connection, options: SmtpOptions) -> None:
    # Never opportunistic: a missing offer may be somebody who took it out of the reply.
    if "starttls" not in connection.announced:
        words = f"{options.place} does not offer STARTTLS, so nothing was sent: check port, or set security: tls"
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words)
    try:
        await connection.start_tls(options.tls or client_context(TlsOptions()), options.deadlines.tls)
    except SMTPResponseException as error:
        raise _bad_greeting(options, error) from error
    except (OSError, SMTPException) as error:
        raise _failed_upgrade(options, error) from error


def _failed_upgrade(options: SmtpOptions, error: Exception) -> GatewayError:
    if found := _tls_fault(error):
        return GatewayError(GatewayStatus.CONNECTION_FAILED, tls_words(found, options.host))
    words = f"{options.place} did not finish STARTTLS within {options.deadlines.tls:g} s, or broke it off"
    return GatewayError(GatewayStatus.CONNECTION_FAILED, words)
