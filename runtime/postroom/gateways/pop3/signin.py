"""From a connected server to a signed-in session: greeting, CAPA, STLS, USER/PASS or AUTH.

Credentials never go in clear text unless the options say so twice, and APOP is never used (its MD5 protects nothing).
"""

from __future__ import annotations

from functools import partial

from postroom.gateways import sasl
from postroom.gateways.dial import connect, secure
from postroom.gateways.faults import ProtocolFault, UnsafeArgument
from postroom.gateways.oauth2 import TokenRefused, wait_for_token
from postroom.gateways.pop3 import commands
from postroom.gateways.pop3.capabilities import Capabilities, parse_capabilities
from postroom.gateways.pop3.connection import Connection, Deadline
from postroom.gateways.pop3.options import Auth, Pop3Options, Security
from postroom.gateways.pop3.replies import Reply, is_continuation, parse_reply
from postroom.gateways.pop3.sasl import fits_initially
from postroom.gateways.pop3.verdicts import greeting_refused, redacted, sign_in_refused
from postroom.gateways.tls import client_context
from postroom.ports.gateways import GatewayError, GatewayStatus

_CAPA_MAX = 64 * 1024


async def signed_in(options: Pop3Options) -> tuple[Connection, Capabilities]:
    """A connection in the transaction state, and what its server can do. Raises GatewayError."""
    make = partial(Connection, "{}:{}".format(*options.peer), options.deadlines.idle)
    connection = await connect(*options.peer, options.deadlines.connect, make)
    try:
        if options.security is Security.TLS:
            connection = await _encrypted(connection, options)
        deadline = connection.within(options.deadlines.login)
        await _greet(connection, deadline)
        capabilities = await ask_capabilities(connection, deadline)
        if options.security is Security.STARTTLS:
            await _stls(connection, capabilities, deadline)
            connection = await _encrypted(connection, options)
            # RFC 2595 §4: what the server said before TLS is forgotten, and asked again
            deadline = connection.within(options.deadlines.login)
            capabilities = await ask_capabilities(connection, deadline)
        await _Authentication(connection, options, capabilities, deadline).run()
    except ProtocolFault as fault:
        connection.abort()
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, f"{connection.peer} {fault.words}") from fault
    except BaseException:
        connection.abort()
        raise
    return connection, capabilities


async def ask_capabilities(connection: Connection, deadline: Deadline) -> Capabilities:
    """What the server says it can do; a server without CAPA has an empty answer."""
    connection.send(commands.CAPA)
    reply = parse_reply(await connection.line(deadline, "asking what it can do"))
    if not reply.ok:
        return Capabilities()
    return parse_capabilities(await connection.multiline(_CAPA_MAX, deadline, "listing what it can do"))


async def _encrypted(connection: Connection, options: Pop3Options) -> Connection:
    fresh = Connection(connection.peer, connection.idle)
    return await secure(connection, fresh, options.host, client_context(options.tls), options.deadlines.tls)


async def _greet(connection: Connection, deadline: Deadline) -> None:
    reply = parse_reply(await connection.line(deadline, "we waited for its greeting"))
    if not reply.ok:
        raise greeting_refused(reply)


async def _stls(connection: Connection, capabilities: Capabilities, deadline: Deadline) -> None:
    """Ask for TLS. Raises GatewayError where the server has none: nothing more is said in clear text then."""
    missing = f"{connection.peer} does not offer TLS on this port (STLS), so no password was sent: set security to tls"
    if capabilities.known and "STLS" not in capabilities:
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, missing)
    connection.send(commands.STLS)
    reply = parse_reply(await connection.line(deadline, "asking for TLS"))
    if not reply.ok:
        raise GatewayError(GatewayStatus.CONNECTION_FAILED, f"{missing} (the server said: {reply.text})")


class _Authentication:
    """One sign-in, by whichever way the server and the options have in common."""

    def __init__(
        self, connection: Connection, options: Pop3Options, capabilities: Capabilities, deadline: Deadline
    ) -> None:
        self._connection = connection
        self._options = options
        self._capabilities = capabilities
        self._deadline = deadline
        self._secrets: tuple[str, ...] = (options.password,)

    async def run(self) -> None:
        """Sign in. Raises GatewayError with the status the refusal stands for."""
        options = self._options
        if options.auth is Auth.XOAUTH2:
            await self._xoauth2()
        elif self._capabilities.offers_sasl("PLAIN"):
            act_as = options.user if options.login_user else ""
            response = sasl.plain(options.login, options.password, act_as)
            self._settle(await self._auth("PLAIN", response))
        else:
            await self._user_and_pass()

    async def _user_and_pass(self) -> None:
        # RFC 1939 §7: PASS only after USER was accepted
        self._connection.send(commands.user(self._options.login))
        self._settle(await self._reply())
        self._connection.send(commands.password(self._options.password))
        self._settle(await self._reply())

    async def _xoauth2(self) -> None:
        if self._capabilities.known and not self._capabilities.offers_sasl("XOAUTH2"):
            raise GatewayError(GatewayStatus.AUTH_FAILED, f"{self._connection.peer} does not offer sign-in by XOAUTH2")
        token = await wait_for_token(self._options.token, self._connection, self._deadline)
        self._secrets = (token,)
        try:
            response = sasl.xoauth2(self._options.user, token)
        except UnsafeArgument as error:
            raise GatewayError(GatewayStatus.AUTH_FAILED, f"the access token cannot be sent: {error}") from error
        try:
            self._settle(await self._auth("XOAUTH2", response))
        except GatewayError as error:
            if error.status is GatewayStatus.AUTH_FAILED:
                raise TokenRefused(error, token) from error
            raise

    async def _auth(self, mechanism: str, response: bytes) -> Reply:
        """One AUTH exchange: the response on the first line, or after the server's "+" (RFC 5034 §4)."""
        self._secrets = (*self._secrets, response.decode("ascii"))
        if fits_initially(mechanism, response):
            self._connection.send(commands.auth(mechanism, response))
        else:
            self._connection.send(commands.auth(mechanism, None))
            line = await self._line()
            if not is_continuation(line):
                return parse_reply(line)
            self._connection.send(response + b"\r\n")
        return await self._verdict()

    async def _verdict(self) -> Reply:
        """The end of an exchange; a second challenge is XOAUTH2's way to explain a refusal, answered with nothing."""
        line = await self._line()
        if not is_continuation(line):
            return parse_reply(line)
        self._connection.send(b"\r\n")
        reply = parse_reply(await self._line())
        return Reply(reply.ok, reply.code, f"{reply.text} {sasl.explanation(line[2:])}".strip())

    async def _line(self) -> bytes:
        return await self._connection.line(self._deadline, "signing in")

    async def _reply(self) -> Reply:
        return parse_reply(await self._line())

    def _settle(self, reply: Reply) -> None:
        if not reply.ok:
            raise sign_in_refused(redacted(reply, self._secrets), self._capabilities.login_delay)
