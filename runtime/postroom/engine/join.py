"""Lays conversations together that a late mail shows to be one: the younger into the oldest, which goes on.

Only where nobody has the younger one in hand: what an agent is at is never taken from him for a header. It is left to
people then, who see that the two are related.
"""

from __future__ import annotations

from postroom.mail.threads import ThreadMatch
from postroom.ports.records import Conversation
from postroom.ports.step import Step
from postroom.ports.store import Tx
from postroom.session.events import ConversationMerged, MessageReceived
from postroom.session.state import ConversationId, Session

BY_REFERENCES = "references"
"""Who merged them, where nobody did but the mails themselves."""


def join(tx: Tx, step: Step, thread: ThreadMatch) -> tuple[ConversationId, tuple[ConversationId, ...]]:
    """Give the conversation that goes on, and those that were laid into it, in the mail's transaction."""
    chosen = ConversationId(thread.conversation or "")
    if not thread.joins:
        return chosen, ()
    named = [tx.conversations.get(ConversationId(one)) for one in (chosen, *thread.joins)]
    oldest, *others = sorted((one for one in named if one is not None), key=lambda one: (one.created_at, one.id))
    younger = [(one, tx.sessions.latest(one.id)) for one in others]
    if any(session is not None and _is_in_hand(session) for one, session in younger if one.id == chosen):
        return chosen, ()
    free = [(one, session) for one, session in younger if session is None or not _is_in_hand(session)]
    for one, session in free:
        _lay_into(tx, step, one, session, oldest.id)
    return oldest.id, tuple(one.id for one, _ in free)


def _is_in_hand(session: Session) -> bool:
    """Whether an agent has it or is held it out, or a reply of it failed with nobody to go on with it."""
    has_failed = session.unanswered_since is not None and not session.customer_mail
    return session.is_open and bool(session.owner or session.holder or session.held_for or has_failed)


def _lay_into(tx: Tx, step: Step, younger: Conversation, session: Session | None, into: ConversationId) -> None:
    if session is not None and session.is_open:
        step(tx, session.id, ConversationMerged(by=BY_REFERENCES, into=into))
    tx.conversations.merge(younger.id, into)
    tx.conversations.touch(into, younger.last_mail_at, younger.participants)
    if session is None or not session.is_open or session.unanswered_since is None or session.customer_wrote_at is None:
        return
    # Its customer still waits: he does so in the older one from now on, and since then.
    waiting = MessageReceived(
        mail=session.customer_mail,
        received_at=session.customer_wrote_at,
        queue=session.queue or None,
        priority=session.priority,
    )
    step.in_conversation(tx, into, waiting)
