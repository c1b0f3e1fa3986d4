"""What an agent or supervisor may see and do: the one policy, asked by every resource. It denies by default.

An agent sees the sessions of queues he is a member of, and those he holds, last held, or is to have; a supervisor those
he oversees (sight.py). A mail beside every conversation is seen by the members of its channel's queue, and by who
oversees the channel. What one may not see is answered as what is not there. Whose command it is, an assignment's token
says, and the session's rules look at it; here stands who may give it at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus

from postroom.api.auth import Caller
from postroom.api.problems import Problem, not_found, problem, stale
from postroom.api.sight import Sight, sight_of
from postroom.ports.people import Role, Scope
from postroom.ports.records import Conversation, StoredMail
from postroom.ports.store import Tx
from postroom.session.rules.ruling import NOT_YOURS
from postroom.session.state import ConversationId, Phase, Session, SessionId
from postroom.settings.schema import Generation, Queue, Tenant


class Relation(Enum):
    """What somebody is to a session."""

    OWNER = "owner"
    """It is his, or was his when it ended."""
    ASKED = "asked"
    """It is offered to him, or waits for him alone."""
    MEMBER = "member"
    """He serves the queue it is in."""
    OVERSEER = "overseer"
    """He is a supervisor, and it is in his sight."""


class Act(Enum):
    """What somebody does with a session."""

    SEE = "see"
    COMMAND = "command"
    """Give a command that names the token of an offer or assignment: whose that is, the session's rules decide."""
    HANDLE = "handle"
    """File it, or lay its conversation together with another or apart."""
    FORWARD = "forward"
    """Pass a mail of it on to somebody outside."""
    TRANSFER = "transfer"
    ASSIGN = "assign"


_ANYBODY = frozenset(Relation)
_WHO_HAS_IT = frozenset({Relation.OWNER, Relation.OVERSEER})
_WHO_WAITS_FOR_IT = frozenset({Relation.MEMBER, Relation.ASKED, Relation.OVERSEER})
_OVERSEER = frozenset({Relation.OVERSEER})

MAY: Mapping[Act, Mapping[Phase, frozenset[Relation]]] = {
    Act.SEE: dict.fromkeys(Phase, _ANYBODY),
    Act.COMMAND: dict.fromkeys(Phase, _ANYBODY),
    Act.HANDLE: {
        Phase.ROBOT: _OVERSEER,
        Phase.QUEUED: _WHO_WAITS_FOR_IT,
        Phase.OFFLINE: _WHO_WAITS_FOR_IT,
        Phase.OFFERED: frozenset({Relation.ASKED, Relation.OVERSEER}),
        Phase.ASSIGNED: _WHO_HAS_IT,
        Phase.AWAITING_CUSTOMER: _WHO_HAS_IT,
        Phase.WRAP_UP: _WHO_HAS_IT,
        Phase.ENDED: _ANYBODY,
    },
    Act.FORWARD: dict.fromkeys((Phase.ASSIGNED, Phase.AWAITING_CUSTOMER), frozenset({Relation.OWNER})),
    Act.TRANSFER: dict.fromkeys(Phase, _WHO_HAS_IT),
    Act.ASSIGN: dict.fromkeys(Phase, _OVERSEER),
}
"""Who may do what with a session in which phase; what is not here, nobody may."""


def tenant_of(generation: Generation, caller: Caller) -> Tenant:
    """The caller's tenant. Raises the 404 problem where it is not configured any more."""
    tenant = generation.tenant(caller.tenant)
    if tenant is None:
        raise not_found()
    return tenant


def sight_for(tenant: Tenant, caller: Caller) -> Sight:
    """What the caller oversees. Raises the 403 problem where he is no supervisor."""
    sight = sight_of(tenant, caller)
    if sight is None:
        raise problem(HTTPStatus.FORBIDDEN, "This is a supervisor's.", "not-a-supervisor")
    return sight


def is_administrator(caller: Caller) -> bool:
    """Whether the caller reads and writes the tenant's settings: who administers a part of it does not."""
    return caller.role is Role.ADMINISTRATOR and caller.reach == Scope()


def administered(generation: Generation, caller: Caller) -> Tenant:
    """The tenant whose settings the caller may read and write. Raises the 403 problem where he is no administrator."""
    tenant = tenant_of(generation, caller)
    if not is_administrator(caller):
        raise problem(HTTPStatus.FORBIDDEN, "This is an administrator's.", "not-an-administrator")
    return tenant


def queues_of(tenant: Tenant, caller: Caller) -> tuple[Queue, ...]:
    """The queues the caller serves."""
    return tuple(queue for queue in tenant.queues if caller.account in queue.members)


def relations(session: Session, tenant: Tenant, caller: Caller) -> frozenset[Relation]:
    """What the caller is to the session; nothing at all to one of another tenant."""
    if session.tenant != caller.tenant:
        return frozenset()
    queue, sight = tenant.queue(session.queue), sight_of(tenant, caller)
    offered_to = session.offer.agent if session.offer is not None else session.held_for
    found = {
        Relation.OWNER: session.owner == caller.account,
        Relation.ASKED: offered_to == caller.account,
        Relation.MEMBER: queue is not None and caller.account in queue.members,
        Relation.OVERSEER: sight is not None and sight.has_session(session),
    }
    return frozenset(relation for relation, is_so in found.items() if is_so)


def may(act: Act, session: Session, tenant: Tenant, caller: Caller) -> bool:
    """Whether the caller may do that with the session."""
    return bool(relations(session, tenant, caller) & MAY[act].get(session.phase, frozenset()))


def session_for(tx: Tx, session: SessionId, tenant: Tenant, caller: Caller, act: Act = Act.COMMAND) -> Session:
    """The session, if the caller may do that. Raises the 404 problem, or says who has it, or that he may not."""
    found = tx.sessions.get(session)
    if found is None or not may(Act.SEE, found, tenant, caller):
        raise not_found()
    if not may(act, found, tenant, caller):
        raise forbidden(found, tenant, caller)
    return found


def forbidden(session: Session, tenant: Tenant, caller: Caller) -> Problem:
    """The caller sees it, and may not do that: the 409 problem where somebody else has it, else the 403."""
    holder = session.holder or session.owner
    if holder and holder != caller.account:
        return late(NOT_YOURS, holder, tenant, caller)
    return problem(HTTPStatus.FORBIDDEN, "You may see this and not change it.", "not-yours-to-change")


def late(words: str, holder: str, tenant: Tenant, caller: Caller) -> Problem:
    """The 409 problem of a command that came too late; to who has it himself, it names an assignment of before."""
    if holder == caller.account:
        words = "you have it under a newer token than this one: look at it again"
        return problem(HTTPStatus.CONFLICT, words, "stale", holder=name_of(tenant, holder))
    return stale(words, name_of(tenant, holder) if holder else "")


def conversation_for(
    tx: Tx, conversation: ConversationId, tenant: Tenant, caller: Caller
) -> tuple[Conversation, Session]:
    """Where the conversation goes on and its newest session, if the caller may see that. Raises the 404 problem."""
    found = tx.conversations.current(conversation)
    session = tx.sessions.latest(found.id) if found is not None else None
    if session is None or found is None or not may(Act.SEE, session, tenant, caller):
        raise not_found()
    return found, session


def may_see_mail(mail: StoredMail, session: Session | None, tenant: Tenant, caller: Caller) -> bool:
    """Whether the caller may see the mail; `session` is the newest of its conversation, if it is in one."""
    if mail.tenant != caller.tenant:
        return False
    if session is not None:
        return may(Act.SEE, session, tenant, caller)
    channel, sight = tenant.channel(mail.channel), sight_of(tenant, caller)
    queue = tenant.queue(channel.skill_queue) if channel else None
    is_member = queue is not None and caller.account in queue.members
    return is_member or (sight is not None and sight.has_channel(mail.channel))


def mail_for(tx: Tx, mail: str, tenant: Tenant, caller: Caller) -> StoredMail:
    """The mail, if the caller may see it. Raises the 404 problem."""
    found = tx.mails.get(mail)
    if found is None or not may_see_mail(found, session_of(tx, found), tenant, caller):
        raise not_found()
    return found


def session_of(tx: Tx, mail: StoredMail) -> Session | None:
    """The newest session of the mail's conversation, if it has any."""
    return tx.sessions.latest(mail.conversation) if mail.conversation is not None else None


def name_of(tenant: Tenant, account: str) -> str:
    """What people call that agent."""
    agent = tenant.agent(account)
    return agent.name if agent is not None else account
