"""Mails over SQL: as read, and where their bytes are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from postroom.mail.answering import Answering
from postroom.ports.records import RawRef, StoredMail, TraceLine
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId
from postroom.store.columns import to_json, to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("mails")
_ANSWERING = msgspec.json.Decoder(Answering)
_TRACE = msgspec.json.Decoder(tuple[TraceLine, ...])


class SqlMails:
    """ports.store.Mails."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def keep_raw(self, raw: RawRef) -> None:
        """Name these bytes in the store; the same bytes twice are kept once."""
        self._db.run(_SQL["mails_keep_raw"], (raw.sha256, raw.size, raw.small))

    def raw(self, sha256: str) -> RawRef | None:
        """Where the bytes are."""
        row = self._db.one(_SQL["mails_raw"], (sha256,))
        return RawRef(sha256=row[0], size=row[1], small=row[2]) if row else None

    def add(self, mail: StoredMail) -> None:
        """Store what was read of a mail."""
        self._db.run(_SQL["mails_add"], _row(mail))

    def get(self, mail: str) -> StoredMail | None:
        """One mail."""
        row = self._db.one(_SQL["mails_get"], (mail,))
        return _mail(row) if row else None

    def take_back(self, mail: str) -> None:
        """Forget what was read of an unrouted mail, to store it anew; any other stays."""
        self._db.run(_SQL["mails_take_back"], (mail,))

    def add_trace(self, mail: str, lines: Sequence[TraceLine]) -> None:
        """Write further verdicts behind those on the mail's trace."""
        if lines:
            self._db.run(_SQL["mails_add_trace"], (to_json(lines), mail))

    def arrived(self, message_ids: Sequence[str]) -> set[str]:
        """Those of these Message-IDs that any incoming mail of any tenant has."""
        return {row[0] for row in self._db.all_in(_SQL["mails_arrived"], (), message_ids)}

    def newest_served(self, conversation: ConversationId) -> StoredMail | None:
        """The conversation's newest mail of the customer's."""
        row = self._db.one(_SQL["mails_newest_served"], (conversation,))
        return _mail(row) if row else None

    def of_conversation(self, conversation: ConversationId) -> Sequence[StoredMail]:
        """The conversation's mails, oldest first."""
        return [_mail(row) for row in self._db.all(_SQL["mails_of_conversation"], (conversation,))]

    def latest(self, tenant: str, limit: int) -> Sequence[StoredMail]:
        """The newest incoming mails of the tenant, newest first."""
        return [_mail(row) for row in self._db.all(_SQL["mails_latest"], (tenant, limit))]

    def twin_of(self, mail: StoredMail) -> ConversationId | None:
        """The conversation that the same mail (Message-ID, author, body) has on another channel."""
        if mail.message_id is None or not mail.body_hash:
            return None
        key = (mail.message_id, mail.tenant, mail.channel, mail.body_hash, mail.from_address)
        row = self._db.one(_SQL["mails_twin"], key)
        return ConversationId(row[0]) if row else None

    def copy_of(self, mail: StoredMail, since: datetime) -> StoredMail | None:
        """The oldest incoming mail of this channel with the same Message-ID, author and body since then.

        A mail without Message-ID is never a copy.
        """
        key = (mail.message_id, mail.tenant, mail.channel, mail.from_address, mail.body_hash, to_micros(since), mail.id)
        row = self._db.one(_SQL["mails_copy_of"], key)
        return _mail(row) if row else None


def _row(mail: StoredMail) -> Row:
    return (
        mail.id,
        mail.tenant,
        mail.gateway,
        mail.channel,
        mail.conversation,
        int(mail.incoming),
        mail.sha256,
        mail.size,
        to_micros(mail.received_at),
        mail.message_id,
        mail.from_address,
        mail.from_name,
        mail.subject,
        mail.mail_class,
        mail.body_hash,
        mail.attachments,
        mail.outcome.value,
        mail.preview,
        int(mail.new_participant),
        to_json(mail.trace),
        None if mail.answering is None else to_json(mail.answering),
    )


def _mail(row: Row) -> StoredMail:
    return StoredMail(
        id=row[0],
        tenant=row[1],
        gateway=row[2],
        channel=row[3],
        conversation=row[4],
        incoming=bool(row[5]),
        sha256=row[6],
        size=row[7],
        received_at=to_time(row[8]),
        message_id=row[9],
        from_address=row[10],
        from_name=row[11],
        subject=row[12],
        mail_class=row[13],
        body_hash=row[14],
        attachments=row[15],
        outcome=Outcome(row[16]),
        preview=row[17],
        new_participant=bool(row[18]),
        trace=_TRACE.decode(row[19]),
        answering=None if row[20] is None else _ANSWERING.decode(row[20]),
    )
