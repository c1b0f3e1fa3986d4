"""Starts and stops the sandbox's two servers over one set of mailboxes, on loopback addresses only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from postroom.errors import ConfigurationError
from postroom.sandbox.mailboxes import Mailboxes
from postroom.sandbox.pop3_server import Pop3Server

if TYPE_CHECKING:
    from postroom.sandbox.smtp_server import SmtpServer


@dataclass(kw_only=True, eq=False)
class Sandbox:
    """A mail server as an async context manager; port 0 means any free port, and is the real one once it runs.

    `users` maps addresses to passwords. Any other address gets a mailbox, opened by `password`, at its first mail,
    unless `open_to_all` is off. With a `folder` the mails are files there too, and are found again. `smtp_auth` takes
    mail only from who signs in. Raises ConfigurationError where it cannot start.
    """

    host: str = "127.0.0.1"
    smtp_port: int = 0
    pop3_port: int = 0
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    password: str = field(default="sandbox", repr=False)
    open_to_all: bool = True
    smtp_auth: bool = False
    folder: Path | None = None

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ConfigurationError(f"the sandbox serves this machine only: {self.host} is not a loopback address")
        self._mailboxes = Mailboxes(
            self.users, password=self.password, open_to_all=self.open_to_all, folder=self.folder
        )
        self._pop3 = Pop3Server(self._mailboxes)
        self._smtp = _smtp_server(self._mailboxes, auth=self.smtp_auth)

    async def __aenter__(self) -> Self:
        try:
            self.smtp_port = await self._smtp.start(self.host, self.smtp_port)
            self.pop3_port = await self._pop3.start(self.host, self.pop3_port)
        except OSError as error:
            await self._stop()
            raise ConfigurationError(f"the sandbox cannot listen on {self.host}: {error.strerror or error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that has a mailbox."""
        return self._mailboxes.addresses

    def deliver(self, user: str, raw: bytes) -> None:
        """Lay a mail into a mailbox without SMTP."""
        self._mailboxes.deliver(user, raw)

    def mails(self, user: str) -> tuple[bytes, ...]:
        """The mails now in a mailbox, oldest first, as they would be read."""
        return tuple(mail.raw for mail in self._mailboxes.mails(user))

    async def _stop(self) -> None:
        await self._smtp.stop()
        await self._pop3.stop()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _smtp_server(mailboxes: Mailboxes, *, auth: bool) -> SmtpServer:
    try:
        from postroom.sandbox.smtp_server import SmtpServer
    except ModuleNotFoundError as missing:
        words = "the sandbox needs the extra `demo`: pip install 'postroom[demo]'"
        raise ConfigurationError(words) from missing
    return SmtpServer(mailboxes, auth=auth)
