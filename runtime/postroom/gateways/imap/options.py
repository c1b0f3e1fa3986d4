"""What an IMAP gateway is built from: one frozen value, made by wiring from the settings, which nothing here reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from postroom.errors import ConfigurationError
from postroom.gateways.argument import argument
from postroom.gateways.faults import UnsafeArgument
from postroom.gateways.oauth2 import Tokens
from postroom.gateways.reading import Auth, Deadlines, Security
from postroom.gateways.tls import TlsOptions

MEBIBYTE = 1024 * 1024


class After(Enum):
    """What becomes of a mail on the server once it is safe here."""

    DELETE = "delete"
    MOVE = "move"
    FLAG = "flag"
    """It stays where it is, marked as seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions:
    """One mailbox and how to read it. Raises ConfigurationError when built from what cannot be right."""

    host: str
    user: str
    port: int | None = None
    """None is the protocol's own: 993 for tls, 143 otherwise."""
    login_user: str = ""
    """Who signs in, where that is somebody else than the mailbox `user` (shared mailboxes)."""
    security: Security = Security.TLS
    allow_plaintext: bool = False
    tls: TlsOptions = field(default_factory=TlsOptions)
    auth: Auth = Auth.PASSWORD
    password: str = field(default="", repr=False)
    token: Tokens | None = field(default=None, repr=False)
    folders: tuple[str, ...] = ("INBOX",)
    after: After = After.DELETE
    move_to: str = ""
    idle: bool = False
    """Keep the connection between sessions, and hear of new mail on it."""
    max_message_size: int = 50 * MEBIBYTE
    drain: int = MEBIBYTE
    """Octets read on beyond the limit, to reach the end of a mail larger than was said; then the session is ended."""
    window: int = 32
    """Mails asked for at once."""
    window_octets: int = 4 * MEBIBYTE
    """Octets of mail asked for and not yet read; one mail may exceed it alone."""
    max_listing: int = 200_000
    deadlines: Deadlines = field(default_factory=Deadlines)

    def __post_init__(self) -> None:
        if self.security is Security.NONE and not self.allow_plaintext:
            raise ConfigurationError("security: none sends the password in clear text; it needs allow_plaintext: true")
        if self.auth is Auth.XOAUTH2 and self.token is None:
            raise ConfigurationError("auth: xoauth2 needs an oauth2 token endpoint")
        if not self.folders or (self.after is After.MOVE and self.move_to in {"", *self.folders}):
            raise ConfigurationError("folders to read, and another one to move to, are needed")
        for name, text in (
            ("user", self.user),
            ("login_user", self.login_user),
            ("password", self.password),
            ("move_to", self.move_to),
            *(("folders", folder) for folder in self.folders),
        ):
            try:
                argument(text)
            except UnsafeArgument as error:
                raise ConfigurationError(f"{name} cannot be sent to an IMAP server: {error}") from error

    @property
    def peer(self) -> tuple[str, int]:
        """Where the server is."""
        return self.host, self.port or (993 if self.security is Security.TLS else 143)

    @property
    def login(self) -> str:
        """The name that signs in."""
        return self.login_user or self.user

    @property
    def most_octets(self) -> int:
        """Octets after which a mail is no longer read, whatever comes."""
        return self.max_message_size + self.drain
