"""Mails written for tests: a clean one from a person, and how to change it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from postroom.mail.identity import Identity
from postroom.mail.message import Address, Message
from postroom.mail.parse import parse
from postroom.mail.tokens import KeyRing

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RING = KeyRing("k2", {"k1": b"an old key of enough length", "k2": b"the present key, long enough"})
TENANT = "acme"
CONVERSATION = "01jq0000000000000000000001"
OTHER_CONVERSATION = "01jq0000000000000000000002"
MAIL = "01jq00000000000000000000a1"
IDENTITY = Identity(
    own_addresses=("help@example.org", "sales@example.org"),
    own_lists=("support.example.org",),
    forms=("webform@example.org",),
    authserv_id="mx.example.org",
)
CLEAN: tuple[tuple[str, str], ...] = (
    ("Return-Path", "<ann@customer.example>"),
    ("Received", "from mail.customer.example by mx.example.org; Mon, 2 Mar 2026 11:59:00 +0000"),
    ("From", "Ann Bee <ann@customer.example>"),
    ("To", "help@example.org"),
    ("Subject", "My order"),
    ("Date", "Mon, 2 Mar 2026 12:58:00 +0100"),
    ("Message-ID", "<1@customer.example>"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
)


def changed(changes: Iterable[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """The clean header with fields replaced, added at the top, or taken out where the value is None."""
    fields = list(CLEAN)
    for name, value in changes:
        standing = [at for at, (present, _) in enumerate(fields) if present.lower() == name.lower()]
        if value is None:
            fields = [field for field in fields if field[0].lower() != name.lower()]
        elif standing:
            fields[standing[0]] = (name, value)
        else:
            fields.insert(1, (name, value))
    return fields


def raw_mail(fields: Iterable[tuple[str, str]], body: str = "Where is it?\r\n") -> bytes:
    """The octets of a mail."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode() + b"\r\n" + body.encode()


def mail(*changes: tuple[str, str | None], body: str = "Where is it?\r\n") -> Message:
    """The clean mail with these changes, read."""
    return parse(raw_mail(changed(changes), body))


def addresses(*texts: str) -> tuple[Address, ...]:
    """Bare addresses as values."""
    return tuple(Address(text) for text in texts)
