"""How a session changes hands: transfers, an agent's silence, filing, and merging.

Nobody gets a session back that he let wait: who was silent is left out until somebody answered.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import AnyEffect, AssignToAgent, Noted, NotifyAgent, RaiseAlarm, WithdrawOffer
from postroom.session.events import AgentStayedSilent, ConversationMerged, SessionFiled, SessionTransferred
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules import waiting
from postroom.session.rules.owner import over
from postroom.session.rules.ruling import NOT_YOURS, Ruling, ignored, is_owner
from postroom.session.state import Assignment, Phase, Session


def transferred(session: Session, event: SessionTransferred, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """To a queue, or kept for an agent there; its age goes with it, and who had it is asked last."""
    refused = _refused(session, event, facts, policy)
    if refused:
        return ignored(session, refused)
    moved = replace(
        session,
        queue=event.queue or session.queue,
        passed_over=(session.owner,) if session.owner else (),
        left_out=tuple(name for name in session.left_out if name != event.agent),
        overflowed=False,
    )
    prefer = waiting.preferred(facts.target, moved, policy, any_queue=True)
    back, effects = waiting.enter(moved, policy, now, prefer)
    return back, (*_gone_from(session, event), *effects, *_nobody_there(event, facts))


def transferred_awaiting(
    session: Session, event: SessionTransferred, facts: Facts, policy: Policy, now: datetime
) -> Ruling:
    """The customer has the word: his answer will go to the new owner, or to the queue."""
    refused = _refused(session, event, facts, policy)
    if refused:
        return ignored(session, refused)
    told = waiting.tell_owner(session, "taken_away") if event.by != session.owner else ()
    if not event.agent:
        return replace(session, queue=event.queue, assignment=None), (*told, *_nobody_there(event, facts))
    owner = Assignment(agent=event.agent, token=event.new_token, assigned_at=now, keeps_place=policy.count_awaiting)
    return replace(session, assignment=owner), (*told, AssignToAgent(agent=owner.agent, token=owner.token))


def stayed_silent(session: Session, _event: AgentStayedSilent, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """The customer waited too long for this agent: somebody else shall have it, and not this one again.

    For an agent who is not signed in nobody waits: whoever has his turn in the queue takes it, if there are others.
    """
    target = next_target(session, policy)
    kind, _, name = (target or "").partition(":")
    prefer = waiting.preferred(facts.target, session, policy, any_queue=True) if kind == "agent" else ""
    is_nobody = kind == "agent" and not prefer and not _has_others(f"queue:{session.queue}", session, policy)
    if target is None or is_nobody:
        return replace(session, answer_due_since=None), (RaiseAlarm(what="agent_silent"),)
    taken = replace(
        session,
        transfers=session.transfers + 1,
        left_out=(*(one for one in session.left_out if one != session.owner), session.owner),
        queue=name if kind == "queue" else session.queue,
    )
    back, effects = waiting.enter(taken, policy, now, prefer)
    note = Noted(what="no_agent_reply", words=f"transfer {taken.transfers} from {session.owner} to {target}")
    return back, (NotifyAgent(agent=session.owner, what="taken_away"), note, *effects)


def filed(session: Session, event: SessionFiled, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """Nobody is to be served: the session ends, and an offer that stands is withdrawn."""
    return over(session, event.reason, now), _gone_from(session, event)


def filed_by_owner(session: Session, event: SessionFiled, facts: Facts, policy: Policy, now: datetime) -> Ruling:
    """Who has it, or a supervisor, may file it."""
    if not event.by_supervisor and not is_owner(session, event.by, event.token):
        return ignored(session, NOT_YOURS)
    return filed(session, event, facts, policy, now)


def merged(session: Session, event: ConversationMerged, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The conversation goes on in another: this session is over."""
    return over(session, "merged", now), _gone_from(session, event)


def _refused(session: Session, event: SessionTransferred, facts: Facts, policy: Policy) -> str:
    """Why the transfer is not allowed, or nothing."""
    if not event.by_supervisor:
        if not is_owner(session, event.by, event.token):
            return NOT_YOURS
        target = f"agent:{event.agent}" if event.agent else f"queue:{event.queue}"
        if not policy.transfer.anybody and target not in policy.transfer.named:
            return f"the channel does not let an agent transfer to {target}"
    if event.agent:
        if facts.target is None:
            return f"there is no agent {event.agent}"
        return "it is his already" if event.agent == session.owner else ""
    rules = policy.queues.get(event.queue)
    if rules is None or not (rules.is_external or rules.members - {*session.left_out}):
        return f"nobody serves the queue {event.queue}"
    is_full = rules.max_length is not None and facts.queue is not None and facts.queue.waiting >= rules.max_length
    return f"the queue {event.queue} is full" if is_full else ""


def next_target(session: Session, policy: Policy) -> str | None:
    """Who is next after a silent agent; None where it stays with him."""
    rules = policy.agent_silence
    to = f"queue:{session.queue}" if rules.to == "same_queue" else rules.to
    if session.transfers < rules.max_transfers and _has_others(to, session, policy):
        return to
    if session.transfers <= rules.max_transfers and _has_others(rules.escalate_to, session, policy):
        return rules.escalate_to
    return None


def _has_others(target: str, session: Session, policy: Policy) -> bool:
    """Whether anybody there has not let the customer wait yet; a queue without members is served from elsewhere."""
    kind, _, name = target.partition(":")
    agents = policy.of_queue(name).members if kind == "queue" else {name}
    return bool(target) and (not agents or not agents <= {*session.left_out, session.owner})


_ByHand = SessionTransferred | SessionFiled | ConversationMerged


def _gone_from(session: Session, event: _ByHand) -> tuple[AnyEffect, ...]:
    """What who had it, or was held it out, is told."""
    offer = session.offer
    if session.phase is Phase.OFFERED and offer is not None:
        return (WithdrawOffer(agent=offer.agent, token=offer.token, reason="taken_away"),)
    return waiting.tell_owner(session, "taken_away") if event.by != session.owner else ()


def _nobody_there(event: SessionTransferred, facts: Facts) -> tuple[AnyEffect, ...]:
    target, queue = facts.target, facts.queue
    if event.agent and target is not None and not target.is_signed_in:
        return (Noted(what="transfer", words=f"{event.agent} is not signed in: whoever has his turn may take it"),)
    if queue is None or queue.signed_in:
        return ()
    return (Noted(what="transfer", words=f"nobody of the queue {queue.name} is signed in"),)
