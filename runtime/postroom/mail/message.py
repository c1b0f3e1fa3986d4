"""One mail as a value: what was read of its bytes, and what was wrong with them.

It is in charge of the words only; reading the bytes is parse.py's work.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import NewType

from msgspec import Struct

from postroom.mail.address_key import address_key

MailId = NewType("MailId", str)


class Address(Struct, frozen=True):
    """A mailbox as the mail names it: a decoded display name and a bare addr-spec (RFC 5322 §3.4)."""

    addr: str
    name: str = ""

    @property
    def key(self) -> str:
        """The address for comparing."""
        return address_key(self.addr)

    @property
    def domain(self) -> str:
        """What follows the last at-sign, case-folded; empty where there is none."""
        return self.key.rpartition("@")[2] if "@" in self.addr else ""


class Header(Struct, frozen=True):
    """One header field: its name as written, and its value unfolded but not decoded (RFC 2047 left alone)."""

    name: str
    value: str


class Attachment(Struct, frozen=True, kw_only=True):
    """A part that is not the mail's own text; its bytes are read again from the raw mail by `index`."""

    index: int
    name: str
    content_type: str
    size: int
    content_id: str | None = None
    inline: bool = False


class PartShape(Struct, frozen=True):
    """Where a part stands and what it says it is: depth 0 is the mail itself, content types lower case."""

    depth: int
    content_type: str


class ReportedRecipient(Struct, frozen=True, kw_only=True):
    """One per-recipient block of a delivery report (RFC 3464 §2.3)."""

    address: str
    action: str
    status: str
    diagnostic: str = ""


class DeliveryReport(Struct, frozen=True, kw_only=True):
    """What a multipart/report of delivery-status says (RFC 3464), with the ids of the mail it returns."""

    recipients: tuple[ReportedRecipient, ...]
    original_message_id: str | None
    original_references: tuple[str, ...] = ()
    is_guess: bool = False
    """Read from the words of a bounce that has no delivery-status part."""


class Message(Struct, frozen=True, kw_only=True, dict=True):
    """A mail that was read: never the outcome of an exception, at worst one with many defects.

    Times are aware; sizes are octets of the raw mail; Message-IDs are without angle brackets.
    `text` is the best plain text of the mail (rendered from HTML where it has no plain part).
    """

    size: int
    headers: tuple[Header, ...] = ()
    subject: str = ""
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[Address, ...] = ()
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None
    received_at: datetime | None = None
    received_count: int = 0
    content_type: str = "text/plain"
    content_type_parameters: tuple[tuple[str, str], ...] = ()
    shape: tuple[PartShape, ...] = ()
    calendar_method: str = ""
    """The METHOD of its text/calendar part (RFC 6047 §2.4), upper case; empty where it has none."""
    text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    report: DeliveryReport | None = None
    body_hash: str = ""
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first field of that name, or None; names compare without case."""
        return next(iter(self.all_headers(name)), None)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every field of that name, topmost first; names compare without case."""
        return self._by_name.get(name.casefold(), ())

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, ...]]:
        """The values by case-folded name: every rule of the classifier asks for several."""
        found: dict[str, list[str]] = {}
        for header in self.headers:
            found.setdefault(header.name.casefold(), []).append(header.value)
        return {name: tuple(values) for name, values in found.items()}

    @property
    def author(self) -> Address | None:
        """The one mailbox of From, or None where From is missing, broken or names several."""
        return self.from_[0] if len(self.from_) == 1 else None
