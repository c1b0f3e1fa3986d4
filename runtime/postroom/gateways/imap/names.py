"""The lasting name of a mail: UIDVALIDITY and UID, with its folder where that is not INBOX (RFC 9051 §2.3.1.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def lasting_name(folder: str, validity: int, uid: int) -> str:
    """The uid by which the ledger knows a mail; another UIDVALIDITY makes it another name."""
    name = f"imap:{validity}:{uid}"
    return name if folder.upper() == "INBOX" else f"{name}:{folder}"


def internal_date(text: bytes) -> datetime | None:
    """The time of an INTERNALDATE (`17-Jul-1996 02:44:25 -0700`), aware; None for what is none."""
    try:
        day, clock, zone = text.decode("ascii").strip().split(" ")
        date, month, year = day.split("-")
        hour, minute, second = clock.split(":")
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[0] == "-" else 1)
        return datetime(
            int(year),
            MONTHS.index(month.lower()) + 1,
            int(date),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(offset) if offset else UTC,
        )
    except (ValueError, OverflowError, IndexError):
        return None
