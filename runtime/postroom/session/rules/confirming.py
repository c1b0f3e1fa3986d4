"""The automatic reply that tells a customer that his mail waits: which it is by the hour, and whether it is sent."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.automatic import AutomaticKind, Reason, Suppressed, automatic_reply
from postroom.session.effects import AnyEffect, SendAutomatic, SuppressAutomatic
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules.ruling import Ruling
from postroom.session.state import Phase, Session


def confirmed(ruling: Ruling, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The ruling by which a session now waits, and the automatic reply or the reason why there is none."""
    session, effects = ruling
    said = automatic(_kind(facts, policy, now), session, facts, policy, now)
    sent = isinstance(said, SendAutomatic)
    return replace(session, auto_replied=session.auto_replied or sent), (*effects, said)


def automatic(kind: AutomaticKind, session: Session, facts: Facts, policy: Policy, now: datetime) -> AnyEffect:
    """Send one text, or say why not."""
    if kind not in policy.automatic.texts:
        return SuppressAutomatic(kind=kind, reason=Reason.NO_TEXT, words=f"the channel has no text for {kind.value}")
    if policy.is_shadow:
        return SuppressAutomatic(kind=kind, reason=Reason.SHADOW, words="the channel runs in shadow: nothing is sent")
    asked = facts.automatic
    if asked is None or session.no_automatic_mail:
        return SuppressAutomatic(kind=kind, reason=Reason.NO_MAIL, words="there is no mail of the customer to answer")
    asked = replace(asked, offline=session.phase is Phase.OFFLINE)
    verdict = automatic_reply(kind, asked, policy.automatic, now)
    if isinstance(verdict, Suppressed):
        return SuppressAutomatic(kind=kind, reason=verdict.reason, words=verdict.words)
    return SendAutomatic(kind=kind, mail=asked.mail)


def _kind(facts: Facts, policy: Policy, now: datetime) -> AutomaticKind:
    texts = policy.automatic.texts
    if policy.hours.is_open(now):
        is_backlog = facts.queue is not None and facts.queue.waiting >= policy.backlog_from
        return AutomaticKind.BACKLOG if is_backlog and AutomaticKind.BACKLOG in texts else AutomaticKind.WORKING
    is_holiday = policy.hours.day_at(now).is_holiday
    return AutomaticKind.HOLIDAY if is_holiday and AutomaticKind.HOLIDAY in texts else AutomaticKind.NON_WORKING
