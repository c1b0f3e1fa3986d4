"""Receives mail over SMTP (aiosmtpd, in our own loop) and lays it into the mailboxes of its recipients."""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from postroom.sandbox.mailboxes import Mailboxes

LARGEST_MAIL = 64 * 1024 * 1024


class SmtpServer:
    """An SMTP server over the sandbox's mailboxes; with `auth` on it takes mail only after a sign-in."""

    def __init__(self, mailboxes: Mailboxes, *, auth: bool) -> None:
        self._mailboxes = mailboxes
        self._auth = auth
        self._server: asyncio.Server | None = None
        self._receivers: set[_Receiver] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port listened on."""
        self._server = await asyncio.get_running_loop().create_server(self._receiver, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every session; a mail without its final dot is not delivered."""
        if self._server is not None:
            self._server.close()
        tasks = [task for receiver in self._receivers if (task := receiver.cut())]
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    def _receiver(self) -> _Receiver:
        return _Receiver(self._receivers, _Delivery(self._mailboxes), self._mailboxes, auth=self._auth)


class _Delivery:
    """aiosmtpd's hooks: which recipients are taken, and where their mail goes."""

    def __init__(self, mailboxes: Mailboxes) -> None:
        self._mailboxes = mailboxes

    async def handle_RCPT(  # noqa: N802 aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient if it has a mailbox or may get one."""
        del server, session, options
        if not self._mailboxes.takes(address):
            return "550 5.1.1 there is no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 taken"

    async def handle_DATA(  # noqa: N802 aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Deliver the mail, once to each recipient."""
        del server, session
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        for address in dict.fromkeys(recipient.casefold() for recipient in envelope.rcpt_tos):
            self._mailboxes.deliver(address, raw)
        return "250 2.0.0 delivered"


class _Receiver(SMTP):
    """One SMTP session that its server can cut."""

    def __init__(self, running: set[_Receiver], delivery: _Delivery, mailboxes: Mailboxes, *, auth: bool) -> None:
        self._running = running
        self._mailboxes = mailboxes
        super().__init__(
            delivery,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname="sandbox.localhost",
            ident="Postroom sandbox",
            auth_require_tls=False,
            authenticator=self._check,
            loop=asyncio.get_running_loop(),
        )
        # The library warns when sign-in is demanded without TLS; here both ends are on this machine.
        self._auth_required = auth

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the session while it lives."""
        self._running.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the session."""
        self._running.discard(self)
        super().connection_lost(error)

    def cut(self) -> asyncio.Task[None] | None:
        """Close the connection at once; gives the task that still has to end."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        return self._handler_coroutine

    def _check(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, secret: object) -> AuthResult:
        del server, session, envelope, mechanism
        known = isinstance(secret, LoginPassword) and self._mailboxes.opens_for(
            secret.login.decode("utf-8", "replace"), secret.password.decode("utf-8", "replace")
        )
        return AuthResult(success=known, handled=False)
