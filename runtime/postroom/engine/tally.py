"""Counts what happened, for Prometheus, by following the journal after its commits.

It only watches: no decision waits for it, and the core is never asked to count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from postroom.observability.metrics import Metrics
from postroom.observability.outcomes import AutoReplyOutcome, OfferOutcome, ReplyOutcome
from postroom.ports.records import JournalEntry, Reply
from postroom.ports.store import Store, Topic, Tx
from postroom.session.effects import RaiseAlarm, SuppressAutomatic, WithdrawOffer
from postroom.session.events import OfferAccepted, OfferDeclined, ReplyDelayed, ReplyFailed, ReplySent
from postroom.session.policy import Policy
from postroom.session.service_level import is_in_time
from postroom.session.state import Phase, Session

AT_ONCE = 500
LOOK_AT_LEAST_EVERY = 30.0


class Tally:
    """Follows the journals of these tenants from now on."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        tenants: Callable[[], tuple[str, ...]],
        policies: Callable[[str, str], Policy],
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._tenants = tenants
        self._policies = policies
        self._counted: dict[str, int] = {}

    async def run(self) -> None:
        """Count until cancelled; what an earlier process counted is not counted again."""
        bell = self._store.bell(Topic.JOURNAL)
        try:
            while True:
                for tenant in self._tenants():
                    await self._count_new(tenant)
                await bell.wait(LOOK_AT_LEAST_EVERY)
        finally:
            bell.close()

    async def _count_new(self, tenant: str) -> None:
        if tenant not in self._counted:
            self._counted[tenant] = await self._store.read(lambda tx: tx.journal.last(tenant))
        while entries := await self._store.read(lambda tx: _read(tx, tenant, self._counted[tenant])):
            for entry, session, reply in entries:
                count(self._metrics, entry, session)
                self._judge(entry, session)
                if reply is not None and isinstance(entry.event, ReplySent):
                    waited = (entry.event.sent_at - reply.accepted_at).total_seconds()
                    self._metrics.reply_sent_after(tenant, reply.channel, waited)
                self._counted[tenant] = entry.seq

    def _judge(self, entry: JournalEntry, session: Session | None) -> None:
        """Count a first reply as in time or not, by the rules in force."""
        event = entry.event
        if session is not None and isinstance(event, ReplySent) and session.first_replied_at == event.sent_at:
            in_time = is_in_time(session, event.sent_at, self._policies(entry.tenant, session.channel))
            self._metrics.first_response_judged(entry.tenant, session.queue, in_time=in_time)


def _read(tx: Tx, tenant: str, after: int) -> list[tuple[JournalEntry, Session | None, Reply | None]]:
    entries = tx.journal.after(tenant, after, AT_ONCE)
    sessions = tx.sessions.several([entry.session for entry in entries])
    return [
        (
            entry,
            sessions.get(entry.session),
            tx.replies.get(entry.event.reply) if isinstance(entry.event, ReplySent) else None,
        )
        for entry in entries
    ]


def count(metrics: Metrics, entry: JournalEntry, session: Session | None) -> None:
    """Count one decision."""
    if session is None:
        return
    for outcome in _offer_outcomes(entry):
        metrics.offer_ended(entry.tenant, session.queue, outcome)
    if isinstance(entry.event, ReplySent):
        outcome_of_reply = ReplyOutcome.UNKNOWN if entry.event.unknown else ReplyOutcome.SENT
        metrics.reply_ended(entry.tenant, session.channel, outcome_of_reply)
        if session.first_replied_at == entry.event.sent_at:
            waited = (entry.event.sent_at - session.opened_at).total_seconds()
            metrics.first_response(entry.tenant, session.channel, waited)
    _count_effects(metrics, entry, session)
    if isinstance(entry.event, ReplyDelayed):
        metrics.reply_ended(entry.tenant, session.channel, ReplyOutcome.DELAYED)
    if isinstance(entry.event, ReplyFailed):
        metrics.reply_ended(entry.tenant, session.channel, ReplyOutcome.FAILED)


def _count_effects(metrics: Metrics, entry: JournalEntry, session: Session) -> None:
    for effect in entry.effects:
        if isinstance(effect, SuppressAutomatic):
            metrics.automatic_reply(entry.tenant, session.channel, AutoReplyOutcome.SUPPRESSED, effect.reason.value)
        if isinstance(effect, RaiseAlarm):
            metrics.alarm(entry.tenant, session.channel, effect.what)


def _offer_outcomes(entry: JournalEntry) -> Iterator[OfferOutcome]:
    left_offered = entry.before is Phase.OFFERED and entry.after is not Phase.OFFERED
    if left_offered and isinstance(entry.event, OfferAccepted):
        yield OfferOutcome.ACCEPTED
    if left_offered and isinstance(entry.event, OfferDeclined):
        yield OfferOutcome.DECLINED
    for effect in entry.effects:
        if isinstance(effect, WithdrawOffer):
            yield OfferOutcome.EXPIRED if effect.reason == "expired" else OfferOutcome.WITHDRAWN
