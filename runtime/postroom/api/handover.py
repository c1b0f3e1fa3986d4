"""How a session changes hands, or is nobody's: transfer, assignment by a supervisor, filing.

An agent gives away what is his and names its token; a supervisor moves what he oversees and needs none.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from http import HTTPStatus

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from postroom.api.access import Act, Relation, relations, session_for, sight_for, tenant_of
from postroom.api.auth import Caller
from postroom.api.commands import Name, SessionState, Token, answer, bring
from postroom.api.idempotency import Answer, Asked, as_response, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, problem, refused
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session.events import SessionAssigned, SessionFiled, SessionTransferred
from postroom.session.state import Phase, Session, SessionId
from postroom.settings.schema import Agent, Tenant


class TransferBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who shall have it: a queue or an agent. A supervisor needs no token; a queue of his choice takes it back."""

    token: Token | None = None
    queue: Name | None = None
    agent: Name | None = None


class FiledAs(Enum):
    """Why nobody is served."""

    SPAM = "spam"
    NO_ANSWER_NEEDED = "no_answer_needed"


class FilingBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is filed; the token where somebody has it and the caller does."""

    reason: FiledAs
    token: Token | None = None


class AssignBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agent who shall have it."""

    agent: Name


@post("/sessions/{session_id:str}/transfer", summary="Give it to a queue or an agent", status_code=HTTPStatus.OK)
async def transfer(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[TransferBody]
) -> Response[SessionState]:
    """Transfer it with its age: to a queue, or kept for an agent for a while."""
    caller = repeatable.caller
    tenant, new_token = tenant_of(parts.current(), caller), parts.ids.secret()
    problems = _transfer_problems(tenant, data)
    if problems:
        raise refused(*problems)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, SessionId(session_id), tenant, caller, Act.TRANSFER)
        event = SessionTransferred(
            by=caller.account,
            token=data.token or "",
            queue=data.queue or "",
            agent=data.agent or "",
            new_token=new_token,
            by_supervisor=_by_supervisor(found, tenant, caller, data.token),
        )
        return answer(tx, bring(tx, parts, caller, found, event))

    return as_response(await once(parts, repeatable, unit))


def _transfer_problems(tenant: Tenant, data: TransferBody) -> tuple[str, ...]:
    if (data.queue is None) is (data.agent is None):
        return ("body: it names a queue or an agent, one of the two",)
    if data.queue is not None and tenant.queue(data.queue) is None:
        return (f"queue: there is no queue {data.queue!r}",)
    if data.agent is not None and tenant.agent(data.agent) is None:
        return (f"agent: there is no agent {data.agent!r}",)
    return ()


@post("/sessions/{session_id:str}/file", summary="Let nobody be served", status_code=HTTPStatus.OK)
async def file(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[FilingBody]
) -> Response[SessionState]:
    """End a session that is spam or needs no answer; its mails stay."""
    caller = repeatable.caller
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, SessionId(session_id), tenant, caller, Act.HANDLE)
        event = SessionFiled(
            by=caller.account,
            reason=data.reason.value,
            token=data.token or "",
            by_supervisor=_by_supervisor(found, tenant, caller, data.token),
        )
        return answer(tx, bring(tx, parts, caller, found, event))

    return as_response(await once(parts, repeatable, unit))


def _by_supervisor(found: Session, tenant: Tenant, caller: Caller, token: str | None) -> bool:
    """Whether it is done by right of oversight: who names a token acts as the agent he also is."""
    return token is None and Relation.OVERSEER in relations(found, tenant, caller)


@post("/sessions/{session_id:str}/assign", summary="As supervisor, give it to an agent", status_code=HTTPStatus.OK)
async def assign(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[AssignBody]
) -> Response[SessionState]:
    """Assign or reassign it; 409 where the agent is not ready or has no place left, saying which."""
    caller = repeatable.caller
    tenant, token, now = tenant_of(parts.current(), caller), parts.ids.secret(), parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, SessionId(session_id), tenant, caller, Act.ASSIGN)
        agent = _assignee(found, tenant, caller, data.agent)
        return answer(tx, _assigned(tx, parts, caller, found, (agent, token, now)))

    sight_for(tenant, caller)
    return as_response(await once(parts, repeatable, unit))


def _assignee(found: Session, tenant: Tenant, caller: Caller, account: str) -> Agent:
    """The agent named, if he may be given this session. Raises the 422 and 409 problems."""
    agent, queue = tenant.agent(account), tenant.queue(found.queue)
    serves = queue is not None and account in queue.members
    if agent is None or not (serves or sight_for(tenant, caller).has_agent(agent)):
        raise refused(f"agent: there is no agent {account!r} whom you may give it to")
    if found.is_shadow:
        raise problem(HTTPStatus.CONFLICT, "the channel runs in shadow: nobody is given its mails", "not-possible")
    if found.owner == account and found.is_open:
        raise problem(HTTPStatus.CONFLICT, f"{agent.name} has it already", "not-possible", holder=agent.name)
    return agent


def _assigned(
    tx: Tx, parts: ApiParts, caller: Caller, found: Session, given: tuple[Agent, str, datetime]
) -> Session | Problem:
    """Reserve the agent's place and assign; while the customer has the word it takes none, and only changes owner."""
    agent, token, now = given
    if found.phase is Phase.AWAITING_CUSTOMER:
        moved = SessionTransferred(by=caller.account, agent=agent.account, new_token=token, by_supervisor=True)
        return bring(tx, parts, caller, found, moved)
    if not tx.agents.reserve(caller.tenant, agent.account, now, found.weight):
        raise _no_place(tx, caller, agent)
    return bring(tx, parts, caller, found, SessionAssigned(agent=agent.account, token=token, by=caller.account))


def _no_place(tx: Tx, caller: Caller, agent: Agent) -> Problem:
    row = tx.agents.get(caller.tenant, agent.account)
    if row is None or row.state is not AgentState.READY:
        return problem(HTTPStatus.CONFLICT, f"{agent.name} is not ready", "not-ready")
    return problem(
        HTTPStatus.CONFLICT, f"{agent.name} has no place left: {row.load} of {row.capacity} are taken", "no-place"
    )


ROUTES = (transfer, file, assign)
