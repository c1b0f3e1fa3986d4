"""What every protocol that mail is collected over is told alike: how to secure, how to sign in, how long to wait."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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

    def of_mail(self, octets: int) -> float:
        """Seconds that a mail of so many octets may take."""
        return self.command + octets / self.slowest
