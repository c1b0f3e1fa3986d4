"""Rules about the place and time of a mail: whether it names one of our addresses, and whether it is fresh."""

from __future__ import annotations

from datetime import timedelta

from postroom.mail.addresses import parse_addresses
from postroom.mail.mail_class import Case, Caveat, Finding, finding

_FRESH = timedelta(hours=24)
_RESENT = ("Resent-To", "Resent-Cc")


def not_addressed(case: Case) -> tuple[Finding, ...]:
    """RFC 5230 §4.5: our address must stand in To, Cc or a Resent field, or nothing answers by itself."""
    identity = case.identity
    if not identity.own_addresses or identity.answer_when_not_addressed:
        return ()
    resent = [
        address for name in _RESENT for value in case.message.all_headers(name) for address in parse_addresses(value)
    ]
    if any(identity.is_own(address.addr) for address in (*case.message.to, *case.message.cc, *resent)):
        return ()
    return finding(Caveat.NOT_ADDRESSED, "not addressed", "To", case.message.header("To") or "")


def old(case: Case) -> tuple[Finding, ...]:
    """By its time of receipt, never by its Date; a topmost Received too old to be the time of receipt makes it old."""
    received_at = min(case.received_at, case.message.received_at or case.received_at)
    if case.now - received_at > _FRESH:
        return finding(Caveat.OLD, "old", "Received", received_at.isoformat())
    return ()
