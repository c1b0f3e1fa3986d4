"""From a connected server to a signed-in session: greeting, CAPABILITY, STARTTLS, AUTHENTICATE or LOGIN.

Credentials never go in clear text unless the options say so twice, and a server that says we are signed in already
(PREAUTH) is not believed: whoever stands between could say so to keep TLS from beginning.
"""

from __future__ import annotations

from functools import partial

from postroom.gateways import sasl
from postroom.gateways.argument import argument
from postroom.gateways.dial import connect, secure
from postroom.gateways.faults import ProtocolFault, UnsafeArgument
from postroom.gateways.imap.capabilities import Capabilities, ask_capabilities
from postroom.gateways.imap.commands import quoted
from postroom.gateways.imap.connection import Connection, tagged
from postroom.gateways.imap.options import ImapOptions
from postroom.gateways.imap.responses import Status, stranger
from postroom.gateways.imap.verdicts import said_bye, sign_in_refused
from postroom.gateways.oauth2 import TokenRefused, wait_for_token
from postroom.gateways.reading import Auth, Security
from postroom.gateways.stream import Deadline
from postroom.gateways.tls import client_context
from postroom.ports.gateways import GatewayError, GatewayStatus

_DOING = "signing in"


async def signed_in(options: ImapOptions) -> tuple[Connection, Capabilities]:
    """A connection in the authenticated state, and what its server can do. Raises GatewayError."""
    deadlines = options.deadlines
    peer = "{}:{}".format(*options.peer)
    make = partial(Connection, peer, deadlines.idle, deadlines.slowest)
    connection = await connect(*options.peer, deadlines.connect, make)
    try:
        if options.security is Security.TLS:
            connection = await _encrypted(connection, make(), options)
        deadline = connection.within(deadlines.login)
        await _greet(connection, deadline)
        if options.security is Security.STARTTLS:
            await _start_tls(connection, deadline)
            connection = await _encrypted(connection, make(), options)
            deadline = connection.within(deadlines.login)
        # RFC 9051 §6.2.1: what the server said before TLS is forgotten, and asked again
        offered = await ask_capabilities(connection, deadline)
        await _Authentication(connection, options, offered, deadline).run()
        # More may be offered to who is signed in.
        offered = await ask_capabilities(connection, deadline)
    except ProtocolFault as fault:
        connection.abort()
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, f"{connection.peer} {fault.words}") from fault
    except BaseException:
        connection.abort()
        raise
    return connection, offered


async def _encrypted(connection: Connection, fresh: Connection, options: ImapOptions) -> Connection:
    return await secure(connection, fresh, options.host, client_context(options.tls), options.deadlines.tls)


async def _greet(connection: Connection, deadline: Deadline) -> None:
    response = await connection.response(deadline, "we waited for its greeting")
    status = response.status()
    if response.tag != b"*" or status is None or status.name not in {"OK", "PREAUTH", "BYE"}:
        alien = stranger(b" ".join((response.tag, response.head)))
        raise ProtocolFault(alien or "greeted with something that is no IMAP greeting")
    if status.name == "BYE":
        raise said_bye(connection.peer, status, "greeting us")
    if status.name == "PREAUTH":
        raise GatewayError(
            GatewayStatus.CONNECTION_FAILED,
            f"{connection.peer} says we are signed in already (PREAUTH), before we said who we are: it is not believed",
        )


async def _start_tls(connection: Connection, deadline: Deadline) -> None:
    """Ask for TLS. Raises GatewayError where the server has none: nothing more is said in clear text then."""
    missing = (
        f"{connection.peer} does not offer TLS on this port (STARTTLS), so no password was sent: set security to tls"
    )
    if "STARTTLS" not in await ask_capabilities(connection, deadline):
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, missing)
    status = await connection.command(b"STARTTLS", doing="asking for TLS", deadline=deadline)
    if not status.ok:
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, f"{missing} (the server said: {status.text})")


class _Authentication:
    """One sign-in, by whichever way the server and the options have in common."""

    def __init__(self, connection: Connection, options: ImapOptions, offered: Capabilities, deadline: Deadline) -> None:
        self._connection = connection
        self._options = options
        self._offered = offered
        self._deadline = deadline

    async def run(self) -> None:
        """Sign in. Raises GatewayError with the status the refusal stands for."""
        options = self._options
        if options.auth is Auth.XOAUTH2:
            await self._xoauth2()
        elif "AUTH=PLAIN" in self._offered:
            act_as = options.user if options.login_user else ""
            await self._authenticate(b"PLAIN", sasl.plain(options.login, options.password, act_as), options.password)
        elif "LOGINDISABLED" in self._offered:
            words = f"{self._connection.peer} takes no password here (LOGINDISABLED): set security to tls or starttls"
            raise GatewayError(GatewayStatus.AUTH_FAILED, words)
        else:
            await self._login()

    async def _login(self) -> None:
        options, connection = self._options, self._connection
        try:
            words = (quoted(options.login), quoted(options.password))
        except ValueError:
            await self._login_with_literals()
            return
        status = await connection.command(b"LOGIN", *words, doing=_DOING, deadline=self._deadline)
        self._settle(status, (options.password,))

    async def _login_with_literals(self) -> None:
        """Names and passwords outside ASCII; each literal waits until the server asks for it (RFC 9051 §4.3)."""
        options, connection, tag = self._options, self._connection, self._connection.tag()
        login, password = argument(options.login), argument(options.password)
        connection.send(b"%b LOGIN {%d}\r\n" % (tag, len(login)))
        if (refusal := await self._asked(tag)) is None:
            connection.send(b"%b {%d}\r\n" % (login, len(password)))
            refusal = await self._asked(tag)
        if refusal is None:
            connection.send(password + b"\r\n")
            refusal = await connection.finish(tag, _DOING, self._deadline)
        self._settle(refusal, (options.password,))

    async def _xoauth2(self) -> None:
        if "AUTH=XOAUTH2" not in self._offered:
            raise GatewayError(GatewayStatus.AUTH_FAILED, f"{self._connection.peer} does not offer sign-in by XOAUTH2")
        token = await wait_for_token(self._options.token, self._connection, self._deadline)
        try:
            await self._authenticate(b"XOAUTH2", sasl.xoauth2(self._options.user, token), token)
        except UnsafeArgument as error:
            raise GatewayError(GatewayStatus.AUTH_FAILED, f"the access token cannot be sent: {error}") from error
        except GatewayError as error:
            if error.status is GatewayStatus.AUTH_FAILED:
                raise TokenRefused(error, token) from error
            raise

    async def _authenticate(self, mechanism: bytes, response: bytes, secret: str) -> None:
        """One AUTHENTICATE exchange; the response goes out after the server's "+" (RFC 9051 §6.2.2)."""
        connection, tag = self._connection, self._connection.tag()
        secrets = (secret, response.decode("ascii"))
        connection.send(b"%b AUTHENTICATE %b\r\n" % (tag, mechanism))
        status = await self._asked(tag)
        explained = ""
        if status is None:
            connection.send(response + b"\r\n")
            # A second challenge is XOAUTH2's way to explain a refusal; it is answered with nothing.
            challenge = await connection.response(self._deadline, _DOING)
            while challenge.tag == b"*":
                connection.untagged(challenge, _DOING)
                challenge = await connection.response(self._deadline, _DOING)
            if challenge.tag == b"+":
                explained = sasl.explanation(challenge.head)
                connection.send(b"\r\n")
                status = await connection.finish(tag, _DOING, self._deadline)
            elif challenge.tag == tag:
                status = tagged(challenge, _DOING)
        if status is None:
            raise ProtocolFault("answered the sign-in with a tag that we did not use")
        self._settle(status, secrets, explained)

    async def _asked(self, tag: bytes) -> Status | None:
        """Wait to be asked for more; gives the status where the server ends the command instead."""
        while True:
            response = await self._connection.response(self._deadline, _DOING)
            if response.tag == b"+":
                return None
            if response.tag == tag:
                return tagged(response, _DOING)
            self._connection.untagged(response, _DOING)

    def _settle(self, status: Status, secrets: tuple[str, ...], explained: str = "") -> None:
        if not status.ok:
            raise sign_in_refused(status, secrets, explained)
