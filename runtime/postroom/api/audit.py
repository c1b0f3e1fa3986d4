"""The audit log for a tenant's administrators: who did what, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from postroom.api.auth import SignedIn
from postroom.api.paging import Limit
from postroom.api.parts import Parts

NEWEST = 1 << 62

Before = Annotated[int, QueryParameter(ge=0, le=NEWEST, description="`next` of the page before.")]


class Act(Struct, frozen=True, kw_only=True):
    """One act: `act` is the route, `object` what its path names, `result` done or why not."""

    seq: int
    at: datetime
    actor: str
    role: str
    act: str
    object: str
    result: str
    before: str
    """The hash of the act before this one; both are empty in acts of a release that chained none."""
    hash: str


class Acts(Struct, frozen=True, kw_only=True):
    """A page of acts, the newest first."""

    acts: tuple[Act, ...]
    next: int | None


@get("/audit", summary="As administrator, who did what")
async def read_audit(parts: Parts, caller: SignedIn, before: Before = NEWEST, limit: Limit = 50) -> Acts:
    """Give a page of the audit log."""
    found = await parts.store.read(lambda tx: tx.audit.before(caller.tenant, before, limit))
    acts = tuple(
        Act(
            seq=one.seq,
            at=one.at,
            actor=one.actor,
            role=one.role,
            act=one.act,
            object=one.object,
            result=one.result,
            before=one.before,
            hash=one.hash,
        )
        for one in found
    )
    return Acts(acts=acts, next=found[-1].seq if len(found) == limit else None)


ROUTES = (read_audit,)
