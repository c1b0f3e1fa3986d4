"""What a POP3 gateway is built from: one frozen value, made by wiring from the settings, which nothing here reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from postroom.errors import ConfigurationError
from postroom.gateways.argument import argument
from postroom.gateways.faults import UnsafeArgument
from postroom.gateways.oauth2 import Tokens
from postroom.gateways.reading import Auth, Deadlines, Security
from postroom.gateways.tls import TlsOptions

__all__ = ["Auth", "Deadlines", "Pop3Options", "Security"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Options:
    """One POP3 mailbox and how to read it. Raises ConfigurationError when built from what cannot be right."""

    host: str
    user: str
    port: int | None = None
    """None is the protocol's own: 995 for tls, 110 otherwise."""
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
    """Octets read on beyond the limit, to reach the end of a mail larger than LIST said; then the session is ended."""
    window: int = 32
    """Commands on the wire at once, where the server has PIPELINING."""
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
            try:
                argument(getattr(self, name))
            except UnsafeArgument as error:
                raise ConfigurationError(f"{name} cannot be sent to a POP3 server: {error}") from error

    @property
    def peer(self) -> tuple[str, int]:
        """Where the server is."""
        return self.host, self.port or (995 if self.security is Security.TLS else 110)

    @property
    def login(self) -> str:
        """The name that signs in."""
        return self.login_user or self.user

    @property
    def most_octets(self) -> int:
        """Octets after which a body is no longer read, whatever comes."""
        return self.max_message_size + self.drain
