"""How each gateway of the settings in force is; looking tries nothing."""

from __future__ import annotations

from datetime import datetime

from litestar import get
from msgspec import Struct

from postroom.api.operator.parts import OperatorParts, Parts
from postroom.settings.schema import Gateway, kind_of


class GatewayView(Struct, frozen=True, kw_only=True):
    """One gateway; status and times are None where nothing was heard of it yet."""

    tenant: str
    name: str
    kind: str
    status: str | None
    since: datetime | None
    last_success_at: datetime | None
    last_error: str
    last_error_at: datetime | None
    mails_left: int | None


class GatewayViews(Struct, frozen=True, kw_only=True):
    """Every gateway, in the order of the settings."""

    gateways: tuple[GatewayView, ...]


@get("/gateways", summary="How every gateway is")
async def read_gateways(parts: Parts) -> GatewayViews:
    """Give the gateways of every tenant with their status in words."""
    tenants = parts.current().tenants
    return GatewayViews(gateways=tuple(_view(parts, one.name, gateway) for one in tenants for gateway in one.gateways))


def _view(parts: OperatorParts, tenant: str, gateway: Gateway) -> GatewayView:
    seen = parts.board.of(tenant, gateway.name)
    return GatewayView(
        tenant=tenant,
        name=gateway.name,
        kind=kind_of(gateway),
        status=seen.status.value if seen else None,
        since=seen.since if seen else None,
        last_success_at=seen.last_success_at if seen else None,
        last_error=seen.last_error if seen else "",
        last_error_at=seen.last_error_at if seen else None,
        mails_left=seen.mails_left if seen else None,
    )


ROUTES = (read_gateways,)
