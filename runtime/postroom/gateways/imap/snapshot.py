"""What a folder held when it was last listed, so that an unchanged one is not listed again: values, no I/O.

UIDs only ever grow (RFC 9051 §2.3.1.1), so a folder with the same UIDVALIDITY, UIDNEXT and count holds the same mails.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from postroom.gateways.imap.names import internal_date
from postroom.gateways.imap.responses import Response
from postroom.gateways.imap.values import number, pairs


class Selected(Struct, frozen=True, kw_only=True):
    """A folder as the server opened it; `next_uid` is None where it does not say."""

    folder: str
    validity: int
    next_uid: int | None
    count: int
    is_read_only: bool


class Mail(Struct, frozen=True):
    """A mail of a listing."""

    uid: int
    size: int
    received_at: datetime | None


class Snapshot(Struct, frozen=True):
    """The mails of a folder by UID, and the folder as it was opened for that."""

    selected: Selected
    mails: dict[int, Mail]

    def is_still(self, now: Selected) -> bool:
        """Whether the folder holds exactly these."""
        return now.next_uid is not None and now == self.selected

    def continues(self, now: Selected) -> int | None:
        """From which UID on mails are new; None where everything has to be listed."""
        then = self.selected
        if then.next_uid is None or now.next_uid is None or now.validity != then.validity:
            return None
        return then.next_uid if now.next_uid >= then.next_uid else None


def listed_mail(response: Response) -> Mail | None:
    """The mail of a FETCH response, None for any other response and for one without a UID. Raises ProtocolFault."""
    head = response.head
    if b" FETCH " not in head[:20].upper():
        return None
    _, _, values = response.data()
    found = pairs(values[0]) if values else {}
    uid, size, date = (found.get(name) for name in (b"UID", b"RFC822.SIZE", b"INTERNALDATE"))
    known = number(uid)
    if not known:
        return None
    return Mail(known, number(size) or 0, internal_date(date) if isinstance(date, bytes) else None)
