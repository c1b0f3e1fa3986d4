"""The audit log for the operator: whether it is still what was written."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from postroom.api.operator.parts import Parts
from postroom.ports.audit import ChainVerdict

OfTenant = Annotated[str | None, QueryParameter(description="Only this tenant's.")]


class Verdicts(Struct, frozen=True, kw_only=True):
    """What became of each tenant's chain of acts."""

    tenants: tuple[ChainVerdict, ...]


@get("/audit/verify", summary="Whether the audit log is what was written")
async def verify_audit(parts: Parts, tenant: OfTenant = None) -> Verdicts:
    """Look at every act of one tenant, or of all there are acts of."""
    names = [tenant] if tenant is not None else await parts.store.read(lambda tx: tx.audit.tenants())
    return Verdicts(tenants=tuple([await parts.verify_audit(name) for name in names]))


ROUTES = (verify_audit,)
