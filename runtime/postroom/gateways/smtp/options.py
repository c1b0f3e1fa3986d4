"""What a sending gateway is told: where the relay is, how to secure and sign in, and how long to wait.

It checks that these can work together; it never opens anything.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from postroom.errors import ConfigurationError
from postroom.gateways.oauth2 import Tokens
from postroom.gateways.smtp.envelope import is_plain_word

MAX_PORT = 65_535


class Security(Enum):
    """How the connection is protected; STARTTLS is a demand here, never a wish."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Auth(Enum):
    """How to sign in."""

    PASSWORD = "password"  # noqa: S105 the name of a way to sign in, not a password
    XOAUTH2 = "xoauth2"
    NONE = "none"


DEFAULT_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


class Deadlines(Struct, frozen=True, kw_only=True):
    """Seconds each wait may take; the waits of a mail transaction are RFC 5321 §4.5.3.2's."""

    connect: float = 10
    tls: float = 15
    login: float = 45
    command: float = 60
    data: float = 120
    block: float = 180
    final_dot: float = 600
    quit: float = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """One sending gateway, as its administrator set it; raises ConfigurationError for what cannot work.

    `idle_after` is how many seconds a kept connection may wait for its next mail. An empty `ehlo_name` stands for
    the address literal of our own side (RFC 5321 §4.1.4).
    """

    host: str
    port: int = 0
    security: Security = Security.TLS
    allow_plaintext: bool = False
    auth: Auth = Auth.PASSWORD
    user: str = ""
    password: str = field(default="", repr=False)
    token: Tokens | None = field(default=None, repr=False)
    ehlo_name: str = ""
    pool: int = 4
    idle_after: float = 30
    deadlines: Deadlines = field(default_factory=Deadlines)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for wrong, words in self._faults():
            if wrong:
                raise ConfigurationError(f"sending gateway {self.host or '(no host)'}: {words}")

    @property
    def actual_port(self) -> int:
        """The port to connect to: the one set, or the usual one of the security chosen."""
        return self.port or DEFAULT_PORTS[self.security]

    @property
    def place(self) -> str:
        """The relay as host:port, for words to people."""
        return f"{self.host}:{self.actual_port}"

    def _faults(self) -> tuple[tuple[bool, str], ...]:
        open_secret = self.security is Security.NONE and not self.allow_plaintext
        return (
            (not is_plain_word(self.host), "host must be a host name or an IP address"),
            (not 0 <= self.port <= MAX_PORT, f"port must be between 1 and {MAX_PORT}"),
            (open_secret, "security: none sends everything readable; set allow_plaintext: true if that is wanted"),
            (bool(self.ehlo_name) and not is_plain_word(self.ehlo_name), "ehlo_name must be a host name"),
            (self.auth is not Auth.NONE and not self.user, "user is missing (or set auth: none)"),
            (self.auth is Auth.PASSWORD and not self.password, "password is missing (or set auth: none)"),
            (
                self.auth is Auth.XOAUTH2 and self.token is None,
                "auth: xoauth2 needs oauth2 settings to get a token with",
            ),
            (self.pool < 1, "pool must be at least 1"),
        )
