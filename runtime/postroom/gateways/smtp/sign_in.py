"""Signs in on an open connection with one mechanism, once: a refused password is never tried a second way.

It speaks RFC 4954 with PLAIN, LOGIN and XOAUTH2; where the secret comes from is not its business.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode

from postroom.errors import PostroomError
from postroom.gateways.oauth2 import TokenRefused, no_token
from postroom.gateways.smtp.connection import Connection
from postroom.gateways.smtp.options import Auth, SmtpOptions
from postroom.gateways.smtp.replies import Reply
from postroom.ports.gateways import GatewayError, GatewayStatus

CONTINUE = 334
SIGNED_IN = 235


async def sign_in(connection: Connection, options: SmtpOptions) -> None:
    """Sign in as the options say; raises GatewayError, or Broken when the connection went."""
    if options.auth is Auth.NONE:
        return
    token = ""
    try:
        async with asyncio.timeout(options.deadlines.login):
            if options.auth is Auth.XOAUTH2 and "xoauth2" in _offered(connection):
                token = await _token(options)
            reply = await _offer_secret(connection, options, token)
    except TimeoutError as error:
        connection.abort()
        words = f"{options.place} did not finish the sign-in within {options.deadlines.login:g} s"
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, words) from error
    if reply.code != SIGNED_IN:
        raise _refused(options, reply, token)


def _offered(connection: Connection) -> list[str]:
    return connection.announced.get("auth", "").lower().split()


async def _offer_secret(connection: Connection, options: SmtpOptions, token: str) -> Reply:
    offered = _offered(connection)
    if options.auth is Auth.XOAUTH2:
        return await _xoauth2(connection, options, token) if token else _none(offered)
    if "plain" in offered:
        return await _plain(connection, options)
    if "login" in offered:
        return await _login(connection, options)
    return _none(offered)


def _none(offered: list[str]) -> Reply:
    what = ", ".join(offered).upper() or "no sign-in at all"
    return Reply(504, f"the server offers {what}, none of which Postroom was told to use")


async def _plain(connection: Connection, options: SmtpOptions) -> Reply:
    # RFC 4616 §2
    secret = b64encode(f"\0{options.user}\0{options.password}".encode())
    return await connection.command(b"AUTH", b"PLAIN", secret, within=options.deadlines.login, secret=True)


async def _login(connection: Connection, options: SmtpOptions) -> Reply:
    reply = await connection.command(b"AUTH", b"LOGIN", within=options.deadlines.login, secret=True)
    for answer in (options.user, options.password):
        if reply.code != CONTINUE:
            return reply
        reply = await connection.command(b64encode(answer.encode()), within=options.deadlines.login, secret=True)
    return reply


async def _xoauth2(connection: Connection, options: SmtpOptions, token: str) -> Reply:
    secret = b64encode(f"user={options.user}\x01auth=Bearer {token}\x01\x01".encode())
    reply = await connection.command(b"AUTH", b"XOAUTH2", secret, within=options.deadlines.login, secret=True)
    if reply.code == CONTINUE:
        # The challenge is the error; an empty line asks for the reply code.
        return await connection.command(b"", within=options.deadlines.login, secret=True)
    return reply


async def _token(options: SmtpOptions) -> str:
    try:
        return await options.token.get() if options.token else ""
    except PostroomError as error:
        raise no_token(error, f"there is no access token for {options.user} at {options.place}") from error


def _refused(options: SmtpOptions, reply: Reply, token: str) -> GatewayError:
    error = _refusal(options, reply)
    return TokenRefused(error, token) if token and error.status is GatewayStatus.AUTH_FAILED else error


def _refusal(options: SmtpOptions, reply: Reply) -> GatewayError:
    # RFC 4954 §6: 454 and other 4yz codes are a passing trouble of the server, not a wrong password.
    if 400 <= reply.code < 500:  # noqa: PLR2004 RFC 5321 §4.2.1
        words = f"{options.place} cannot check the sign-in at present ({reply}); it is tried again later"
        return GatewayError(GatewayStatus.THROTTLED, words)
    words = f"{options.place} refused the sign-in of {options.user} ({reply}): check user, password and auth"
    return GatewayError(GatewayStatus.AUTH_FAILED, words)
