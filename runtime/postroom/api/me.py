"""The agent himself: who he is, how he stands, and his saying that he is ready or not."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from postroom.api.access import queues_of, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import not_found, refused
from postroom.ports.people import DESK, Role
from postroom.ports.records import AgentRow
from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.settings.schema import Tenant


class StateBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the agent wants to stand; a reason is kept for not ready and offline."""

    state: AgentState
    reason: Annotated[str, Meta(max_length=200)] = ""


class Me(Struct, frozen=True, kw_only=True):
    """Who is signed in: an agent has a state, `load` places taken of `capacity`, and the queues he serves."""

    tenant: str
    account: str
    name: str
    role: Role
    state: str
    reason: str
    load: int
    capacity: int
    missed_offers: int
    queues: tuple[str, ...]


@get("/me", summary="Who I am and how I stand")
async def read_me(parts: Parts, caller: SignedIn) -> Me:
    """Give who is signed in."""
    row = await parts.store.read(lambda tx: tx.agents.get(caller.tenant, caller.account))
    if row is None and caller.role in DESK:
        raise not_found()
    return _me(parts, caller, row or AgentRow(tenant=caller.tenant, name=caller.account, capacity=0))


@put("/me/state", summary="Be ready, not ready or offline", status_code=HTTPStatus.OK)
async def set_my_state(parts: Parts, repeatable: Asked, data: JSONBody[StateBody]) -> Response[Me]:
    """Set how the agent stands; what is offered to one who leaves goes back to its queue."""
    caller = repeatable.caller
    _check_reason(tenant_of(parts.current(), caller), data)

    def unit(tx: Tx) -> Answer:
        row = parts.states.ask(tx, caller.tenant, caller.account, data.state, data.reason)
        return ok(_me(parts, caller, row))

    return as_response(await once(parts, repeatable, unit))


def _check_reason(tenant: Tenant, data: StateBody) -> None:
    """Raise the 422 problem where the tenant lists reasons and this is none of them."""
    known = tenant.not_ready_reasons
    if data.state is AgentState.NOT_READY and known and data.reason not in known:
        raise refused(f"reason: it is one of {', '.join(known)}")


def _me(parts: ApiParts, caller: Caller, row: AgentRow) -> Me:
    tenant = tenant_of(parts.current(), caller)
    agent = tenant.agent(caller.account)
    return Me(
        tenant=caller.tenant,
        account=caller.account,
        name=agent.name if agent else caller.account,
        role=caller.role,
        state=row.state.value,
        reason=row.reason,
        load=row.load,
        capacity=row.capacity,
        missed_offers=row.missed_offers,
        queues=tuple(queue.name for queue in queues_of(tenant, caller)),
    )


ROUTES = (read_me, set_my_state)
