"""Rules for one value alone, said beside its type in the schema: ranges, choices, names, addresses.

It is in charge of what is right for a value whatever stands around it; a rule gives words, and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from ipaddress import ip_address
from typing import Annotated
from zoneinfo import ZoneInfo

from postroom.mail.addr_spec import recipient
from postroom.settings.units import duration_words, size_words

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
# RFC 1123 §2.1, and the underscore that container networks allow
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}\Z")
_TARGET = re.compile(r"(queue|agent):(.+)\Z")

LONGEST_DOMAIN = 253


class Unit(Enum):
    """What a number counts; the file may then write it with a unit."""

    SECONDS = "seconds"
    OCTETS = "octets"


class Mark(Enum):
    """What else the reader must know of a text."""

    HIDDEN = "never shown in a message"
    LINES = "may have several lines"
    AS_WRITTEN = "a number is taken as the text that was written"


@dataclass(frozen=True, slots=True)
class Between:
    """A number within bounds, both included; None is no bound."""

    low: float
    high: float | None = None
    unit: Unit | None = None

    def broken_by(self, value: float) -> str | None:
        """Say the rule in words where the value breaks it."""
        if value >= self.low and (self.high is None or value <= self.high):
            return None
        if self.high is None:
            return f"must be at least {self._said(self.low)}"
        return f"must be between {self._said(self.low)} and {self._said(self.high)}"

    def _said(self, bound: float) -> str:
        if self.unit is Unit.SECONDS:
            return duration_words(bound)
        if self.unit is Unit.OCTETS:
            return size_words(int(bound))
        return f"{bound:,}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text out of a few."""

    choices: tuple[str, ...]

    def broken_by(self, value: str) -> str | None:
        """Say the rule in words where the value breaks it."""
        return None if value in self.choices else "must be " + listed(self.choices)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that is a question, with its words."""

    holds: Callable[[str], bool]
    words: str

    def broken_by(self, value: str) -> str | None:
        """Say the rule in words where the value breaks it."""
        return None if self.holds(value) else self.words


@dataclass(frozen=True, slots=True)
class AtMost:
    """So many items, or characters, and no more; `least` of them at least."""

    most: int
    least: int = 0

    def broken_by(self, value: str | tuple[object, ...]) -> str | None:
        """Say the rule in words where the value breaks it."""
        what = "characters" if isinstance(value, str) else "entries"
        if len(value) > self.most:
            return f"must have at most {self.most:,} {what}"
        return f"must have at least {self.least} {what}" if len(value) < self.least else None


Rule = Between | OneOf | Check | AtMost


def listed(choices: tuple[str, ...]) -> str:
    """Join choices for a sentence."""
    quoted = [f"`{choice}`" for choice in choices]
    return quoted[0] if len(quoted) == 1 else "one of " + ", ".join(quoted)


def is_name(text: str) -> bool:
    """Whether the text may name a thing of the configuration."""
    return _NAME.match(text) is not None


def is_address(text: str) -> bool:
    """Whether the text is one bare mail address of the grammar that mail may be sent to."""
    return recipient(text) is not None


def is_domain(text: str) -> bool:
    """Whether the text is a host name in ASCII (an international one is written in its `xn--` form)."""
    labels = text.split(".")
    return len(text) <= LONGEST_DOMAIN and all(_LABEL.match(label) for label in labels)


def is_host(text: str) -> bool:
    """Whether the text is a host name or an IP address, without port."""
    return is_domain(text) or _is_ip(text)


def is_time_zone(text: str) -> bool:
    """Whether the IANA data has the zone."""
    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        return False
    return True


def is_moment(text: str) -> bool:
    """Whether the text is an ISO 8601 day, or a time with its offset."""
    try:
        date.fromisoformat(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            return False
    return True


def is_field_name(text: str) -> bool:
    """Whether the text may name a header field (RFC 5322 §3.6.8)."""
    return _FIELD_NAME.match(text) is not None


def target(text: str) -> tuple[str, str] | None:
    """Split `queue:NAME` or `agent:NAME`, or give None."""
    found = _TARGET.match(text)
    return (found[1], found[2]) if found else None


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_account(text: str) -> bool:
    return is_name(text) or is_address(text)


def _is_identity(text: str) -> bool:
    return is_address(text) or is_domain(text.removeprefix("@"))


def _is_listen(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    # RFC 3986 §3.2.2: an IPv6 address stands in brackets, or its end and the port's beginning could not be told
    is_right_host = _is_ip(host[1:-1]) if host.startswith("[") and host.endswith("]") else is_domain(host)
    return bool(colon) and is_right_host and port.isascii() and port.isdigit() and int(port[:6]) <= 65_535  # noqa: PLR2004 16 bits


FIELD_NAME_WORDS = "must be the name of a header field"
ADDRESS_WORDS = "must be one bare mail address, like `support@example.org`"
Name = Annotated[
    str, Check(is_name, "a name has letters, digits and _ (at most 64 characters) and does not begin with a digit")
]
Account = Annotated[str, Check(_is_account, "an account is a name (letters, digits, _), or a mail address")]
MailAddress = Annotated[str, Check(is_address, ADDRESS_WORDS)]
Domain = Annotated[str, Check(is_domain, "must be a domain, like `example.org`")]
Identity = Annotated[str, Check(_is_identity, "must be a mail address, or a domain like `example.org`")]
Host = Annotated[str, Check(is_host, "must be a host name or an IP address, without a port")]
ListenAt = Annotated[str, Check(_is_listen, "must be a host and a port, like `127.0.0.1:8025` or `[::1]:8025`")]
Port = Annotated[int, Between(1, 65_535)]
Zone = Annotated[str, Check(is_time_zone, "must be an IANA time zone, like `Europe/Berlin`")]
Moment = Annotated[
    str, Check(is_moment, "must be a day like `2026-01-31`, or a time with its offset like `2026-01-31T08:00+01:00`")
]
FieldName = Annotated[str, Check(is_field_name, FIELD_NAME_WORDS)]
TokenHash = Annotated[
    str,
    Mark.HIDDEN,
    Mark.AS_WRITTEN,
    Check(
        lambda text: _SHA256.match(text) is not None,
        "must be the SHA-256 of a token in 64 hex digits, never the token itself",
    ),
]
Target = Annotated[str, Check(lambda text: target(text) is not None, "must be `queue:NAME` or `agent:NAME`")]
Count = Annotated[int, Between(0)]
Seconds = Annotated[float, Unit.SECONDS, Between(0, unit=Unit.SECONDS)]
Octets = Annotated[int, Unit.OCTETS, Between(1, unit=Unit.OCTETS)]
