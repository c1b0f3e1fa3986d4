"""What every protocol that mail is collected over is told alike: how to secure, how to sign in, how long to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from postroom.errors import ConfigurationError
from postroom.gateways.argument import argument
from postroom.gateways.faults import UnsafeArgument
from postroom.gateways.oauth2 import Tokens
from postroom.gateways.tls import TlsOptions

MEBIBYTE = 1024 * 1024


class Security(Enum):
    """How the connection is secured; `starttls` is a demand (RFC 2595, RFC 9051 §6.2.1), never opportunistic."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Auth(Enum):
    """What is shown to sign in."""

    PASSWORD = "password"  # noqa: S105 the name of a method, not a secret
    XOAUTH2 = "xoauth2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The longest each wait may take, in seconds; passing one ends the connection."""

    connect: float = 10
    tls: float = 15
    login: float = 45
    """From the greeting to signed in; a locked mailbox is often answered only after ten seconds and more."""
    command: float = 60
    """One reply, from when it is waited for."""
    idle: float = 60
    """The longest silence inside a reply."""
    listing: float = 300
    """A whole listing of the box."""
    slowest: int = 8_192
    """Octets a second below which a mail is given up: it may take `command` seconds and its size divided by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """One mailbox and how to read it. Raises ConfigurationError when built from what cannot be right."""

    host: str
    user: str
    port: int | None = None
    """None is the protocol's own."""
    login_user: str = ""
    """Who signs in, where that is somebody else than the mailbox `user` (shared mailboxes)."""
    security: Security = Security.TLS
    allow_plaintext: bool = False
    tls: TlsOptions = field(default_factory=TlsOptions)
    auth: Auth = Auth.PASSWORD
    password: str = field(default="", repr=False)
    token: Tokens | None = field(default=None, repr=False)
    max_message_size: int = 50 * MEBIBYTE
    drain: int = MEBIBYTE
    """Octets read on beyond the limit, to reach the end of a mail larger than was said; then the session is ended."""
    window: int = 32
    """Commands on the wire at once, where the server lets us."""
    window_octets: int = 4 * MEBIBYTE
    """Octets of mail asked for and not yet read; one mail may exceed it alone."""
    max_listing: int = 200_000
    deadlines: Deadlines = field(default_factory=Deadlines)

    def __post_init__(self) -> None:
        if self.security is Security.NONE and not self.allow_plaintext:
            raise ConfigurationError("security: none sends the password in clear text; it needs allow_plaintext: true")
        if self.auth is Auth.XOAUTH2 and self.token is None:
            raise ConfigurationError("auth: xoauth2 needs an oauth2 token endpoint")
        if self.window < 1 or self.window_octets < 1:
            raise ConfigurationError("the pipelining window has to hold at least one mail")
        for name in ("user", "login_user", "password"):
            sendable(name, getattr(self, name))

    @property
    def login(self) -> str:
        """The name that signs in."""
        return self.login_user or self.user

    @property
    def most_octets(self) -> int:
        """Octets after which a mail is no longer read, whatever comes."""
        return self.max_message_size + self.drain

    def place(self, with_tls: int, without: int) -> tuple[str, int]:
        """Where the server is, given the usual ports of the protocol."""
        return self.host, self.port or (with_tls if self.security is Security.TLS else without)


def sendable(name: str, text: str) -> None:
    """See to it that a text can be part of a command. Raises ConfigurationError."""
    try:
        argument(text)
    except UnsafeArgument as error:
        raise ConfigurationError(f"{name} cannot be sent to a mail server: {error}") from error
