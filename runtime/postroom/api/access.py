"""What an agent may see and do: the one policy, asked by every resource. It denies by default.

An agent sees the sessions of queues he is a member of, and those he holds or last held. A mail beside every
conversation is seen by the members of its channel's queue. What he may not see is answered as what is not there.
"""

from __future__ import annotations

from postroom.api.auth import Caller
from postroom.api.problems import not_found
from postroom.ports.records import Conversation, StoredMail
from postroom.ports.store import Tx
from postroom.session.state import ConversationId, Session, SessionId
from postroom.settings.schema import Generation, Queue, Tenant


def tenant_of(generation: Generation, caller: Caller) -> Tenant:
    """The caller's tenant. Raises the 404 problem where it is not configured any more."""
    tenant = generation.tenant(caller.tenant)
    if tenant is None:
        raise not_found()
    return tenant


def queues_of(tenant: Tenant, caller: Caller) -> tuple[Queue, ...]:
    """The queues the caller serves."""
    return tuple(queue for queue in tenant.queues if caller.account in queue.members)


def holds(session: Session, caller: Caller) -> bool:
    """Whether the session is offered to the caller, or is or was last his."""
    offered = session.offer is not None and session.offer.agent == caller.account
    assigned = session.assignment is not None and session.assignment.agent == caller.account
    return offered or assigned


def may_see(session: Session, tenant: Tenant, caller: Caller) -> bool:
    """Whether the caller may see the session and its conversation."""
    if session.tenant != caller.tenant:
        return False
    queue = tenant.queue(session.queue)
    return holds(session, caller) or (queue is not None and caller.account in queue.members)


def session_for(tx: Tx, session: SessionId, tenant: Tenant, caller: Caller) -> Session:
    """The session, if the caller may see it. Raises the 404 problem."""
    found = tx.sessions.get(session)
    if found is None or not may_see(found, tenant, caller):
        raise not_found()
    return found


def conversation_for(
    tx: Tx, conversation: ConversationId, tenant: Tenant, caller: Caller
) -> tuple[Conversation, Session]:
    """The conversation and its newest session, if the caller may see that. Raises the 404 problem."""
    session = tx.sessions.latest(conversation)
    found = tx.conversations.get(conversation)
    if session is None or found is None or not may_see(session, tenant, caller):
        raise not_found()
    return found, session


def may_see_mail(mail: StoredMail, session: Session | None, tenant: Tenant, caller: Caller) -> bool:
    """Whether the caller may see the mail; `session` is the newest of its conversation, if it is in one."""
    if mail.tenant != caller.tenant:
        return False
    if session is not None:
        return may_see(session, tenant, caller)
    channel = tenant.channel(mail.channel)
    queue = tenant.queue(channel.skill_queue) if channel else None
    return queue is not None and caller.account in queue.members


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
