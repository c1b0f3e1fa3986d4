"""How a session comes to wait, in its queue or as an offline message, and what happens to it while it does.

By the hour it goes to the queue, becomes an offline message where the channel has them, or waits for the next opening.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, EnterQueue, Noted, NotifyAgent, RaiseAlarm
from postroom.session.events import (
    AgentLeft,
    ClosingReached,
    HoldEnded,
    MaxWaitReached,
    OpeningReached,
    OverflowReached,
    ServiceResumed,
)
from postroom.session.facts import AgentFact, Facts
from postroom.session.policy import Policy
from postroom.session.rules.ruling import Ruling, ignored, without_owner
from postroom.session.state import Phase, Session


def enter(session: Session, policy: Policy, now: datetime, prefer: str = "") -> Ruling:
    """Let the session wait where the hour says, kept for the preferred agent while he may still come."""
    waiting, effects = in_queue(session, session.queue, now, prefer=prefer)
    return (waiting, effects) if policy.hours.is_open(now) else _out_of_hours(waiting, policy, now)


def arrive(session: Session, facts: Facts, policy: Policy, now: datetime, prefer: str = "") -> Ruling:
    """Enter for the first time. Past a full queue: to its overflow, else into it all the same, for none is refused."""
    rules, there = policy.of_queue(session.queue), facts.queue
    waits, effects = enter(session, policy, now, prefer)
    is_full = rules.max_length is not None and there is not None and there.waiting >= rules.max_length
    if prefer or not is_full or waits.phase is not Phase.QUEUED or waits.not_before is not None:
        return waits, effects
    if rules.overflow:
        return _overflow(session, rules.overflow, now)
    return waits, (*effects, RaiseAlarm(what="queue_full"))


def in_queue(session: Session, queue: str, now: datetime, *, prefer: str = "") -> Ruling:
    """Let the session wait in that queue; its age stays what it is where it has one."""
    waiting = replace(
        without_owner(session),
        phase=Phase.QUEUED,
        queue=queue,
        queued_at=session.queued_at or now,
        waiting_since=now,
        waited_out=False,
        not_before=None,
        held_for=prefer,
        held_since=now if prefer else None,
    )
    return waiting, (EnterQueue(queue=queue),)


def offline(session: Session, now: datetime, again_at: datetime | None = None, keeping: str = "") -> Session:
    """The session as an offline message, routed in work time, not before `again_at`, and `keeping` for an agent.

    In shadow it is routed once: nobody may take it, so it would go to and fro for ever.
    """
    if session.is_shadow and session.was_offline:
        again_at = datetime.max.replace(tzinfo=now.tzinfo)
    return replace(
        without_owner(session),
        phase=Phase.OFFLINE,
        is_offline_message=True,
        was_offline=True,
        queued_at=session.queued_at or now,
        waiting_since=None,
        not_before=again_at,
        held_for=keeping,
        held_since=None,
    )


def preferred(agent: AgentFact | None, session: Session, policy: Policy, *, any_queue: bool) -> str:
    """The agent a session is kept for: signed in, of its queue unless any will do, and not one who let it wait."""
    if agent is None or not agent.is_signed_in or agent.name in session.left_out:
        return ""
    serves = any_queue or agent.name in policy.of_queue(session.queue).members
    return agent.name if serves else ""


def known_agent(session: Session, facts: Facts, policy: Policy, now: datetime) -> str:
    """Who has another matter of the customer in hand, else who last replied to him where the channel leads back."""
    return preferred(facts.holder, session, policy, any_queue=False) or last_agent(session, facts, policy, now)


def last_agent(session: Session, facts: Facts, policy: Policy, now: datetime) -> str:
    """Who last replied to the customer, where the channel leads back to him and it is not too long ago."""
    rules = policy.last_agent
    if not rules.enabled or facts.last_replied_at is None:
        return ""
    if now - facts.last_replied_at > timedelta(seconds=rules.valid_for):
        return ""
    return preferred(facts.last_agent, session, policy, any_queue=rules.any_queue)


def may_be_offered(policy: Policy, now: datetime) -> bool:
    """Whether waiting sessions are held out to agents at this hour."""
    return policy.finish_queue or policy.hours.is_open(now)


def back_in_queue(session: Session, policy: Policy, now: datetime) -> Ruling:
    """An offer was not taken: the old place in the queue, unless the hour has ended meanwhile."""
    asked = session.offer.agent if session.offer else ""
    passed_over = (*(name for name in session.passed_over if name != asked), asked)
    waiting = replace(session, phase=Phase.QUEUED, offer=None, passed_over=passed_over, held_for="", held_since=None)
    if may_be_offered(policy, now):
        return waiting, (EnterQueue(queue=waiting.queue),)
    return _out_of_hours(waiting, policy, now)


def waited_too_long(session: Session, _event: MaxWaitReached, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """To the overflow queue, else an offline message, else it stays and somebody is told."""
    overflow = policy.of_queue(session.queue).overflow
    if session.is_offline_message:
        return offline(session, now, _routed_again_at(policy, now)), (
            Noted(what="offline", words="no agent was found while the message was routed: it is to be assigned"),
        )
    if overflow and not session.overflowed:
        return _overflow(session, overflow, now)
    if policy.offline.enabled:
        return offline(session, now, _routed_again_at(policy, now)), (
            Noted(what="offline", words="no agent took it within the queue's max_wait"),
        )
    return replace(session, waited_out=True), (RaiseAlarm(what="max_wait"),)


def overflowed(session: Session, _event: OverflowReached, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """Another queue takes it, once, with its age."""
    overflow = policy.of_queue(session.queue).overflow
    if not overflow:
        return ignored(session, "the queue has no overflow any more")
    return _overflow(session, overflow, now)


def hold_ended(session: Session, _event: HoldEnded, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """The agent it was kept for did not become free: whoever has his turn may take it."""
    free = replace(session, held_for="", held_since=None)
    return free, (EnterQueue(queue=session.queue),)


def kept_for_left(session: Session, event: AgentLeft, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """The agent it was kept for signed out; for one who is only not ready it waits on."""
    if not event.is_gone or session.held_for != event.agent:
        return ignored(session, "nobody has a session that waits")
    return replace(session, held_for="", held_since=None), (EnterQueue(queue=session.queue),)


def closed_to_offers(session: Session, policy: Policy, now: datetime) -> Ruling | None:
    """What becomes of a waiting session nobody may be offered now; None where it may be offered."""
    if not may_be_offered(policy, now):
        return _out_of_hours(session, policy, now)
    if session.not_before is not None and session.not_before > now:
        return ignored(session, "it is not to be offered yet")
    return None


def closed(session: Session, _event: ClosingReached, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """Work time is over: an offline message, or it waits for the next opening."""
    if may_be_offered(policy, now):
        return ignored(session, "what waits may still be offered")
    return _out_of_hours(session, policy, now)


def opened(session: Session, _event: OpeningReached, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """An offline message is routed: to its queue, kept for whom it was handed to, else the last agent by rule."""
    if not policy.hours.is_open(now):
        return ignored(session, "it is not work time")
    prefer = preferred(facts.target, session, policy, any_queue=True) if session.held_for else ""
    if not prefer and policy.offline.to_last_agent:
        prefer = last_agent(session, facts, policy, now)
    return in_queue(session, session.queue, now, prefer=prefer)


def opened_early(session: Session, _event: OpeningReached, _facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """It waited for an opening that the calendar has brought forward."""
    if session.not_before is None or not policy.hours.is_open(now):
        return ignored(session, "it does not wait for an opening")
    return replace(session, not_before=None), (EnterQueue(queue=session.queue),)


def resumed(session: Session, _event: ServiceResumed, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Time in which no agent could be asked does not end the hold for one."""
    return replace(session, held_since=now if session.held_for else None), ()


def _overflow(session: Session, queue: str, now: datetime) -> Ruling:
    moved, effects = in_queue(replace(session, overflowed=True), queue, now)
    return moved, (Noted(what="overflow", words=f"from {session.queue} to {queue}"), *effects)


def _out_of_hours(session: Session, policy: Policy, now: datetime) -> Ruling:
    """What waits at an hour at which nobody works."""
    if policy.offline.enabled:
        kept = offline(session, now, keeping=session.held_for)
        return kept, (Noted(what="offline", words="it came out of work time"),)
    opening = policy.hours.next_opening(now)
    if opening is None:
        alarm: tuple[AnyEffect, ...] = (RaiseAlarm(what="never_open"),)
        return replace(session, not_before=datetime.max.replace(tzinfo=now.tzinfo)), alarm
    waiting = replace(session, not_before=opening)
    return waiting, (Noted(what="work_time", words=f"closed; the next opening is {opening.isoformat()}"),)


def _routed_again_at(policy: Policy, now: datetime) -> datetime:
    pause = timedelta(seconds=policy.offline.reassign_after)
    return policy.hours.add_work_time(now, pause) or now + pause


def tell_owner(session: Session, what: str) -> tuple[AnyEffect, ...]:
    """Tell who has the session, where somebody does."""
    return (NotifyAgent(agent=session.owner, what=what),) if session.owner else ()
