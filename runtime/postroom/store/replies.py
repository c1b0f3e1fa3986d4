"""Replies over SQL, with their recipients and attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.mail.address_key import address_key
from postroom.ports.records import Attempt, RawRef, Reply, ReplyRecipient, ReplyState
from postroom.session.state import ConversationId
from postroom.store.columns import to_json, to_micros, to_micros_or_none, to_strings, to_time, to_time_or_none
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("replies")


class SqlReplies:
    """ports.store.Replies."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, reply: Reply) -> None:
        """Store a rendered reply with its recipients. Raises Conflict where its bytes were not kept before."""
        self._db.run(_SQL["replies_add"], _row(reply))
        recipients = [
            (reply.id, place, one.address, one.field, one.state.value, one.code, one.words)
            for place, one in enumerate(reply.recipients)
        ]
        self._db.many(_SQL["replies_add_recipient"], recipients)

    def get(self, reply: str) -> Reply | None:
        """One reply with its recipients as they stand."""
        row = self._db.one(_SQL["replies_get"], (reply,))
        return self._reply(row) if row else None

    def recipients(self, reply: str) -> tuple[ReplyRecipient, ...]:
        """A reply's recipients as they stand, in their order; none where there is no such reply."""
        return tuple(_recipient(one) for one in self._db.all(_SQL["replies_recipients"], (reply,)))

    def of_conversation(self, conversation: ConversationId) -> Sequence[Reply]:
        """The conversation's replies, oldest first."""
        return [self._reply(row) for row in self._db.all(_SQL["replies_of_conversation"], (conversation,))]

    def last_to_customer(self, tenant: str, channel: str, customer: str) -> tuple[str, datetime] | None:
        """The agent who last replied to that customer on the channel, and when; None where nobody did."""
        row = self._db.one(_SQL["replies_last_to_customer"], (tenant, channel, address_key(customer)))
        return (row[0], to_time(row[1])) if row else None

    def set_state(self, reply: str, state: ReplyState) -> None:
        """Write how far the whole reply is."""
        self._db.run(_SQL["replies_set_state"], (state.value, reply))

    def set_recipients(self, reply: str, recipients: Sequence[ReplyRecipient]) -> None:
        """Write how it stands with these recipients."""
        rows = [(one.state.value, one.code, one.words, reply, one.address, one.field) for one in recipients]
        self._db.many(_SQL["replies_set_recipient"], rows)

    def start_attempt(self, attempt: Attempt) -> None:
        """Record a try before it begins."""
        self._db.run(
            _SQL["replies_start_attempt"],
            (
                attempt.id,
                attempt.reply,
                to_micros(attempt.started_at),
                to_json(attempt.recipients),
                to_micros_or_none(attempt.ended_at),
                int(attempt.unknown),
                attempt.words,
            ),
        )

    def end_attempt(self, attempt: str, at: datetime, words: str, *, unknown: bool) -> None:
        """Record how a try ended."""
        self._db.run(_SQL["replies_end_attempt"], (to_micros(at), words, int(unknown), attempt))

    def attempts(self, reply: str) -> Sequence[Attempt]:
        """The tries so far, oldest first."""
        return [_attempt(row) for row in self._db.all(_SQL["replies_attempts"], (reply,))]

    def gateways_of_late(self, tenant: str) -> Sequence[str]:
        """The gateways of what agents wrote that is not out and of which they were not told so."""
        return [row[0] for row in self._db.all(_SQL["replies_gateways_of_late"], (tenant,))]

    def late(self, tenant: str, gateway: str, before: datetime, limit: int) -> Sequence[str]:
        """Replies of agents accepted by then that are not out, whose writers were not told so; oldest first."""
        return [row[0] for row in self._db.all(_SQL["replies_late"], (tenant, gateway, to_micros(before), limit))]

    def tell_late(self, reply: str) -> bool:
        """Note that its writer is told that it is late; False where he was told before."""
        return self._db.run(_SQL["replies_tell_late"], (reply,)) == 1

    def _reply(self, row: Row) -> Reply:
        return Reply(
            id=row[0],
            tenant=row[1],
            channel=row[2],
            gateway=row[3],
            conversation=row[4],
            session=row[5],
            agent=row[6],
            mail=row[7],
            message_id=row[8],
            envelope_from=row[9],
            accepted_at=to_time(row[10]),
            state=ReplyState(row[11]),
            raw=RawRef(sha256=row[12], size=row[13], small=row[14]),
            automatic=row[15],
            is_forward=bool(row[16]),
            recipients=self.recipients(row[0]),
        )


def _row(reply: Reply) -> Row:
    return (
        reply.id,
        reply.tenant,
        reply.channel,
        reply.gateway,
        reply.conversation,
        reply.session,
        reply.agent,
        reply.mail,
        reply.message_id,
        reply.envelope_from,
        reply.raw.sha256,
        to_micros(reply.accepted_at),
        reply.state.value,
        reply.automatic,
    )


def _recipient(row: Row) -> ReplyRecipient:
    return ReplyRecipient(address=row[0], field=row[1], state=ReplyState(row[2]), code=row[3], words=row[4])


def _attempt(row: Row) -> Attempt:
    return Attempt(
        id=row[0],
        reply=row[1],
        started_at=to_time(row[2]),
        recipients=to_strings(row[3]),
        ended_at=to_time_or_none(row[4]),
        unknown=bool(row[5]),
        words=row[6],
    )
